"""Where the coordinates of converted splats lie: NAME.georeference.json beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spaceport_app import atomic
from spaceport_app.formats.model import Doubles
from spaceport_app.sogs.file import writing


def beside(target: Path) -> Path:
    """Return where the place of what is written to `target` is told."""
    return target.with_name(f"{target.stem if target.suffix else target.name}.georeference.json")


def write(target: Path, offset: Doubles, rotation: Doubles, axes: str) -> Path:
    """Write what was taken off the positions of the file at `target`, and the way back.

    As in the file beside an export, `file_to_world` takes coordinates of the file to those of
    its world, here of the file that was converted. In which system those are, it did not say.

    Parameters
    ----------
    target : Path
    offset : (3,) float64
        In the axes of the file at `target`.
    rotation : (3, 3) float64
        From the axes of the file at `target` to those of the source.
    axes : str
        What the axes of the file are, in words.

    Raises
    ------
    StageError
        ``disk_full`` or ``not_writable``.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = rotation @ offset
    data: dict[str, Any] = {
        "frame": "unknown",
        "origin": None,
        "epsg": None,
        "world_to_ecef": None,
        "offset": offset.tolist(),
        "file_axes": axes,
        "file_to_world": (matrix + 0.0).tolist(),
    }
    path = beside(target)
    with writing(path):
        atomic.write_json(path, data)
    return path
