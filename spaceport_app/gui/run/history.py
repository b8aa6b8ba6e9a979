"""What a finished training has left to look at again; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spaceport_app.errors import StageError
from spaceport_app.records import RecordFile


@dataclass(frozen=True)
class _History:
    steps: tuple[dict[str, Any], ...]
    held_out: tuple[dict[str, Any], ...]


_HISTORY = RecordFile(_History, "bad_history", "Run the training stage again.")


def read(folder: Path) -> tuple[list[Mapping[str, float]], list[Mapping[str, float]]]:
    """Return the rows of steps and of held-out measurements; empty where none can be read."""
    try:
        found = _HISTORY.read(folder / "history.json")
    except (FileNotFoundError, StageError):
        return [], []
    return _numbers(found.steps), _numbers(found.held_out)


def picture(folder: Path) -> Path | None:
    """Return the first held-out photo as the finished splat shows it; None where there is none."""
    return next(iter(sorted((folder / "held_out").glob("*.render.png"))), None)


def _numbers(rows: tuple[dict[str, Any], ...]) -> list[Mapping[str, float]]:
    return [
        {
            key: float(value)
            for key, value in row.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        for row in rows
    ]
