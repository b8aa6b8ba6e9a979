"""PlayCanvas' compressed PLY: 16 bytes a Gaussian, relative to the limits of 256 at a time.

Layout as SuperSplat and splat-transform write it: an element ``chunk`` with limits of positions,
log scales and, but for older files, colours; an element ``vertex`` of four packed integers; an
element ``sh`` of bytes where there are harmonics.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spaceport_app import ply, room
from spaceport_app.formats import colour
from spaceport_app.formats.model import Doubles, Format, Found, Note, Raw
from spaceport_app.formats.names import named, unused
from spaceport_app.formats.ply import says, stated_offset
from spaceport_app.sogs import quantize
from spaceport_app.splats.model import Floats

_CHUNK = 256
_PACKED = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
_AXES = ("x", "y", "z")
_POSITION = tuple(f"{end}_{axis}" for end in ("min", "max") for axis in _AXES)
_SCALE = tuple(f"{end}_scale_{axis}" for end in ("min", "max") for axis in _AXES)
_COLOUR = tuple(f"{end}_{channel}" for end in ("min", "max") for channel in "rgb")
_LARGEST_LOG_SCALE = 20.0
"""Its writers keep log scales within this; older ones wrote -inf."""

Words = npt.NDArray[np.uint32]


def recognises(found: Found) -> bool:
    """Whether it is a PLY file with packed positions."""
    return ply.is_ply(found.head) and b"packed_position" in found.head


def read(path: Path) -> Raw:
    """Read a compressed .ply.

    Raises
    ------
    StageError
        ``bad_ply`` if it is damaged or breaks the layout; ``not_enough_memory``.
    OSError
        If the file cannot be read.
    """
    header = ply.read_header(path)
    chunk, vertex, sh = (header.element(name) for name in ("chunk", "vertex", "sh"))
    if chunk is None or vertex is None or not set(_PACKED) <= set(vertex.names):
        raise ply.bad(path, "is a compressed .ply that lacks its elements chunk and vertex")
    missing = [n for n in (*_POSITION, *_SCALE) if n not in chunk.names]
    if missing:
        raise ply.bad(path, f"is a compressed .ply whose chunks lack {named(missing)}")
    n = vertex.count
    if chunk.count < math.ceil(n / _CHUNK):
        raise ply.bad(path, f"is a compressed .ply with {chunk.count:,} chunks for {n:,} Gaussians")
    places = [one.name for one in header.elements]
    if places.index("chunk") > places.index("vertex"):
        raise ply.bad(path, "is a compressed .ply whose chunks stand behind its Gaussians")
    notes: list[Note] = []
    degree = _degree(path, sh, n, notes)
    wanted = {"chunk", "vertex", *(("sh",) if degree else ())}
    raw: Raw | None = None
    chunks: list[ply.Table] = []
    done = dict.fromkeys(wanted, 0)
    for element, rows in ply.blocks(path, header, wanted):
        if element.name == "chunk":
            chunks.append(rows)
            continue
        if raw is None:
            # Now the file is known to hold the rows that it names.
            raw = _empty(path, n, colour.COEFFICIENTS[degree], notes)
        part = slice(done[element.name], done[element.name] + len(rows))
        done[element.name] = part.stop
        if element.name == "sh":
            raw.sh[part, 1:] = _harmonics(rows, element.names, raw.sh.shape[1] - 1)
            continue
        if len(chunks) > 1:
            chunks = [np.concatenate(chunks)]
        _fill(raw, part, rows, chunks[0])
    assert raw is not None
    raw.offset = stated_offset(header)
    raw.antialiased = says(header, "mip")
    raw.unused = (
        *(name for name in vertex.names if name not in _PACKED),
        *(f"element {e.name}" for e in header.elements if e.name not in wanted and e.count),
    )
    raw.notes += unused(raw.unused)
    return raw


def _empty(path: Path, n: int, coefficients: int, notes: list[Note]) -> Raw:
    room.require(2.0 * 4 * (14 + 3 * coefficients) * n, f"{path.name} with {n:,} Gaussians")
    raw = Raw.empty("compressed PLY", n, coefficients)
    raw.notes = notes
    return raw


def _degree(path: Path, sh: ply.Element | None, n: int, notes: list[Note]) -> int:
    if sh is None:
        return 0
    rest = sum(name.startswith("f_rest_") for name in sh.names)
    whole = set(sh.names) >= {f"f_rest_{i}" for i in range(rest)}
    if sh.count != n or rest not in colour.DEGREES or not whole:
        raise ply.bad(path, f"is a compressed .ply whose {rest} harmonics do not fit its Gaussians")
    if colour.DEGREES[rest] == 4:
        notes.append(Note("degree_4", colour.CUT))
    return min(colour.DEGREES[rest], 3)


def _fill(raw: Raw, part: slice, rows: ply.Table, chunks: ply.Table) -> None:
    chunk = np.arange(part.start, part.stop) // _CHUNK
    position, scale, colours = (rows[_PACKED[i]].astype(np.uint32) for i in (0, 2, 3))
    raw.positions[part] = _between(chunks, _POSITION, chunk, _11_10_11(position))
    raw.log_scales[part] = _between(
        chunks, _SCALE, chunk, _11_10_11(scale), most=_LARGEST_LOG_SCALE
    )
    raw.quaternions[part] = _rotations(rows[_PACKED[1]].astype(np.uint32))
    channels = np.stack([(colours >> np.uint32(s)) & np.uint32(255) for s in (24, 16, 8)], axis=1)
    shares = channels / 255.0
    if set(_COLOUR) <= set(chunks.dtype.names or ()):
        shares = _between(chunks, _COLOUR, chunk, shares)
    raw.sh[part, 0] = colour.dc_of(shares)
    raw.opacity_logits[part] = quantize.decode_opacities(
        (colours & np.uint32(255)).astype(np.uint8)
    )


def _between(
    chunks: ply.Table,
    names: tuple[str, ...],
    chunk: npt.NDArray[np.intp],
    shares: Doubles,
    most: float = np.inf,
) -> Doubles:
    """Return the values at `shares` (N, 3) of the way from each chunk's minimum to its maximum."""
    found = np.empty(shares.shape)
    for axis in range(3):
        low, high = (
            np.clip(chunks[name].astype(np.float64), -most, most)[chunk]
            for name in (names[axis], names[axis + 3])
        )
        with np.errstate(invalid="ignore"):
            found[:, axis] = low * (1.0 - shares[:, axis]) + high * shares[:, axis]
    return found


def _11_10_11(packed: Words) -> Doubles:
    fields = ((21, 2047), (11, 1023), (0, 2047))
    return np.stack([((packed >> np.uint32(s)) & np.uint32(m)) / m for s, m in fields], axis=1)


def _rotations(packed: Words) -> Doubles:
    """Return quaternions w, x, y, z: the place of the largest in 2 bits, the others in 10 each."""
    small = np.stack([(packed >> np.uint32(s)) & np.uint32(1023) for s in (20, 10, 0)], axis=1)
    values = (small / 1023.0 - 0.5) * np.sqrt(2.0)
    largest = (packed >> np.uint32(30)).astype(np.intp)
    return quantize.with_largest(values, largest)


def _harmonics(rows: ply.Table, names: tuple[str, ...], kept: int) -> Floats:
    """Return harmonics (N, kept, 3) of bytes: the middle of each of 256 steps from -4 to 4.

    The lowest and highest step stand for -4 and 4 themselves.
    """
    whole = len([name for name in names if name.startswith("f_rest_")]) // 3
    found = np.empty((len(rows), kept, 3), np.float32)
    for channel in range(3):
        for k in range(kept):
            steps = rows[f"f_rest_{channel * whole + k}"].astype(np.float64)
            shares = np.where(steps == 0, 0.0, np.where(steps == 255, 1.0, (steps + 0.5) / 256.0))
            found[:, k, channel] = (shares - 0.5) * 8.0
    return found


FORMAT = Format("compressed PLY", (".compressed.ply",), recognises, read)
