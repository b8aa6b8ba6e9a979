"""``edits.json``: the edits beside a training result, read, checked, written in one step."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from spaceport_app import atomic, inside, records
from spaceport_app.errors import StageError
from spaceport_app.splats.edits.box import CropBox
from spaceport_app.splats.edits.history import History, Step
from spaceport_app.splats.edits.model import LEAST_STRENGTH, MOST_STRENGTH, Edits

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
        try:
            matrix: Matrix4 = np.linalg.solve(
                np.array(other.world_to_ecef, np.float64), np.array(self.world_to_ecef, np.float64)
            )
        except np.linalg.LinAlgError:
            return None
        turn = matrix[:3, :3]
        with np.errstate(over="ignore", invalid="ignore"):
            rigid = np.allclose(turn @ turn.T, np.eye(3), atol=1e-3)
        return matrix if rigid and np.isfinite(matrix).all() else None


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
        found = _EDITS.decode(inside.read_regular(path, records.MOST_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return EditFile()
    except OSError as error:
        raise StageError(
            "edits_unreadable",
            f"The edits in {path.name} cannot be read ({error.strerror}).",
            "Check the permissions of the file.",
        ) from error
    except records.NewerRecordError as error:
        raise StageError(
            "edits_newer",
            f"The edits in {path.name} were made by a newer Spaceport.",
            "Update Spaceport, or take all edits back.",
        ) from error
    except ValueError as error:
        raise StageError(
            "edits_damaged",
            f"The edits in {path.name} are damaged ({error}); the file was left as it is.",
            "Mend the file, or take all edits back, which keeps it under another name.",
        ) from error
    steps = tuple(Step(step.words, step.edits.edits) for step in found.steps)
    return EditFile(
        History(found.base.edits, steps, found.position),
        Frame(found.frame.identity, found.frame.world_to_ecef),
    )


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
    ValueError
        If they are none.
    """
    return records.convert(raw, _Edits).edits


_Metres: TypeAlias = Annotated[float, Meta(ge=-1e12, le=1e12)]
_Length: TypeAlias = Annotated[float, Meta(gt=0.0, le=1e12)]
_Row: TypeAlias = tuple[_Metres, _Metres, _Metres, _Metres]


@dataclass(frozen=True)
class _Crop:
    centre: tuple[_Metres, _Metres, _Metres]
    size: tuple[_Length, _Length, _Length]
    turn_degrees: Annotated[float, Meta(ge=-1e6, le=1e6)]


@dataclass(frozen=True)
class _Edits:
    crop: _Crop | None
    floaters: Annotated[int, Meta(ge=LEAST_STRENGTH, le=MOST_STRENGTH)] | None

    @property
    def edits(self) -> Edits:
        crop = self.crop
        box = None if crop is None else CropBox(crop.centre, crop.size, crop.turn_degrees)
        return Edits(box, self.floaters)


@dataclass(frozen=True)
class _Step:
    words: str
    edits: _Edits


@dataclass(frozen=True)
class _Frame:
    identity: str
    world_to_ecef: tuple[_Row, _Row, _Row, _Row] | None


@dataclass(frozen=True)
class _EditFile:
    frame: _Frame
    base: _Edits
    steps: tuple[_Step, ...]
    position: int

    def __post_init__(self) -> None:
        if not 0 <= self.position <= len(self.steps):
            raise ValueError("the history counts more steps than it has")


_EDITS = records.RecordFile(_EditFile, "edits_damaged", "Take all edits back.", SCHEMA)
