"""What a finished training has left to look at again; no Qt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


def read(folder: Path) -> tuple[list[Mapping[str, float]], list[Mapping[str, float]]]:
    """Return the rows of steps and of held-out measurements; empty where none can be read."""
    try:
        found = json.loads((folder / "history.json").read_text(encoding="utf-8"))
        return _rows(found["steps"]), _rows(found["held_out"])
    except (OSError, ValueError, KeyError, TypeError):
        return [], []


def picture(folder: Path) -> Path | None:
    """Return the first held-out photo as the finished splat shows it; None where there is none."""
    return next(iter(sorted((folder / "held_out").glob("*.render.png"))), None)


def _rows(found: object) -> list[Mapping[str, float]]:
    if not isinstance(found, list):
        return []
    return [
        {key: float(value) for key, value in row.items() if isinstance(value, int | float)}
        for row in found
        if isinstance(row, dict)
    ]
