"""``edits.json``: the edits beside a training result, read, checked, written in one step."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app import atomic
from spaceport_app.errors import StageError
from spaceport_app.splats.edits.box import CropBox
from spaceport_app.splats.edits.history import History, Step
from spaceport_app.splats.edits.model import Edits

SCHEMA = 1

Matrix4 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """In which frame a crop box stands.

    Parameters
    ----------
    identity : str
        Identity of the reconstruction whose frame it is.
    world_to_ecef : tuple of tuple of float, or None
        The frame on the Earth, rows of the 4x4 matrix to EPSG:4978; None without GPS.
    """

    identity: str = ""
    world_to_ecef: tuple[tuple[float, ...], ...] | None = None

    def to(self, other: Frame) -> Matrix4 | None:
        """Return the matrix (4, 4) from this frame to `other`; None if nobody knows it."""
        if self.identity == other.identity:
            return np.eye(4)
        if self.world_to_ecef is None or other.world_to_ecef is None:
            return None
        # Of Earth-centred metres six digits are the Earth's radius: solve, don't invert.
        matrix: Matrix4 = np.linalg.solve(
            np.array(other.world_to_ecef, np.float64), np.array(self.world_to_ecef, np.float64)
        )
        return matrix


@dataclass(frozen=True)
class EditFile:
    """The content of ``edits.json``."""

    history: History = field(default_factory=History)
    frame: Frame = field(default_factory=Frame)


def read(path: Path) -> EditFile:
    """Read the edits; no file is no edits.

    Raises
    ------
    StageError
        ``edits_damaged``, ``edits_newer`` or ``edits_unreadable``; the file is left as it is.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return EditFile()
    except OSError as error:
        raise StageError(
            "edits_unreadable",
            f"The edits in {path.name} cannot be read ({error.strerror}).",
            "Check the permissions of the file.",
        ) from error
    try:
        raw = json.loads(data)
        schema = raw["schema"]
        if isinstance(schema, int) and schema > SCHEMA:
            raise StageError(
                "edits_newer",
                f"The edits in {path.name} were made by a newer Spaceport.",
                "Update Spaceport, or take all edits back.",
            )
        if schema != SCHEMA:
            raise ValueError("the schema number makes no sense")
        return _parse(raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        if isinstance(error, json.JSONDecodeError):
            why = f"line {error.lineno}: {error.msg}"
        raise StageError(
            "edits_damaged",
            f"The edits in {path.name} are damaged ({why}); the file was left as it is.",
            "Mend the file, or take all edits back, which keeps it under another name.",
        ) from error


def write(path: Path, content: EditFile) -> None:
    """Write the edits in one step.

    Raises
    ------
    OSError
        If the folder cannot be written; the old file is then kept.
    """
    history = content.history
    atomic.write_json(
        path,
        {
            "schema": SCHEMA,
            "frame": asdict(content.frame),
            "base": to_json(history.base),
            "steps": [{"words": s.words, "edits": to_json(s.edits)} for s in history.steps],
            "position": history.position,
        },
    )


def keep_aside(path: Path) -> Path | None:
    """Move a file that is there aside; return where it lies now, or None if there was none."""
    if not path.exists():
        return None
    for number in range(1, 1000):
        kept = path.with_name(f"{path.stem}.aside-{number}{path.suffix}")
        if not kept.exists():
            break
    path.rename(kept)
    return kept


def to_json(edits: Edits) -> dict[str, Any]:
    """Return edits as JSON-able data."""
    return asdict(edits)


def from_json(raw: dict[str, Any]) -> Edits:
    """Return the edits of `to_json`.

    Raises
    ------
    ValueError, KeyError, TypeError
        If they are none.
    """
    crop, floaters = raw["crop"], raw["floaters"]
    if floaters is not None and (isinstance(floaters, bool) or not isinstance(floaters, int)):
        raise ValueError("the strength is no whole number")
    return Edits(
        None
        if crop is None
        else CropBox(_triple(crop["centre"]), _triple(crop["size"]), float(crop["turn_degrees"])),
        floaters,
    )


def _parse(raw: dict[str, Any]) -> EditFile:
    steps = tuple(Step(str(step["words"]), from_json(step["edits"])) for step in raw["steps"])
    matrix = raw["frame"]["world_to_ecef"]
    if matrix is not None:
        matrix = tuple(tuple(float(v) for v in row) for row in matrix)
        if [len(row) for row in matrix] != [4, 4, 4, 4]:
            raise ValueError("the frame is no matrix")
    return EditFile(
        History(from_json(raw["base"]), steps, int(raw["position"])),
        Frame(str(raw["frame"]["identity"]), matrix),
    )


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = values
    return float(x), float(y), float(z)
