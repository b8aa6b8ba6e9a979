"""The .splat of antimatter15: 32 bytes a Gaussian and nothing else.

Position and standard deviations as three float32 each, colour and opacity as four bytes, rotation
w, x, y, z as four bytes of ``128 + 128 q`` (README of antimatter15/splat). No harmonics.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spaceport_app import inside, room
from spaceport_app.errors import StageError
from spaceport_app.formats import colour
from spaceport_app.formats.model import Format, Found, Raw
from spaceport_app.sogs import quantize

_ROW = np.dtype(
    [
        ("position", "<f4", 3),
        ("scale", "<f4", 3),
        ("colour", "u1", 3),
        ("opacity", "u1"),
        ("rotation", "u1", 4),
    ]
)
_BLOCK = 1 << 15
_FARTHEST, _LARGEST = 1e7, 1e5
_UNIT = 0.1
_MOST_ODD = 0.1
"""Share of rows that may be empty or damaged in a file that is still taken for one."""


def recognises(found: Found) -> bool:
    """Whether it can be nothing else: the format has no mark of its own.

    Nearly all of the first rows hold finite positions, sizes over 0 and rotations of length 1,
    which bytes of anything else don't; or they do for the whole of a file that is called .splat.
    """
    rows = np.frombuffer(found.head[: len(found.head) // _ROW.itemsize * _ROW.itemsize], _ROW)
    if not len(rows):
        return False
    named = found.path.suffix.lower() == ".splat"
    if found.size % _ROW.itemsize and not named:
        return False
    position, scale = rows["position"].astype(np.float64), rows["scale"].astype(np.float64)
    with np.errstate(invalid="ignore"):
        sound = (np.abs(position) < _FARTHEST).all(axis=1)
        sound &= ((scale >= 0) & (scale < _LARGEST)).all(axis=1)
    length = np.linalg.norm(_rotations(rows), axis=1)
    sound &= np.abs(length - 1.0) < _UNIT
    return float(sound.mean()) >= (0.5 if named else 1.0 - _MOST_ODD)


def read(path: Path) -> Raw:
    """Read a .splat.

    Raises
    ------
    StageError
        ``bad_splat`` if it ends within a Gaussian; ``not_enough_memory``.
    OSError
        If the file cannot be read.
    """
    size = path.stat().st_size
    n, left = divmod(size, _ROW.itemsize)
    if left:
        raise StageError(
            "bad_splat",
            f"{path.name} is cut short: a .splat has 32 bytes a Gaussian, and {left} are left.",
            "Export or download it again.",
        )
    room.require(2.0 * 4 * 14 * n, f"{path.name} with {n:,} Gaussians")
    raw = Raw.empty(".splat", n, 0)
    with inside.open_regular(path) as file:
        for start in range(0, n, _BLOCK):
            rows = np.fromfile(file, _ROW, min(_BLOCK, n - start))
            part = slice(start, start + len(rows))
            raw.positions[part] = rows["position"]
            with np.errstate(divide="ignore", invalid="ignore"):
                raw.log_scales[part] = np.log(rows["scale"])
            raw.quaternions[part] = _rotations(rows)
            raw.opacity_logits[part] = quantize.decode_opacities(rows["opacity"])
            raw.sh[part, 0] = colour.dc_of(rows["colour"] / 255.0)
    return raw


def _rotations(
    rows: np.ndarray[tuple[int], np.dtype[np.void]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return (rows["rotation"].astype(np.float64) - 128.0) / 128.0


FORMAT = Format(".splat", (".splat",), recognises, read)
