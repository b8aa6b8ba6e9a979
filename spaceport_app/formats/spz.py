"""Niantic's SPZ, versions 1 to 4.

Specification: nianticlabs/spz, README and ``load-spz.cc``. Versions 1 to 3 are one gzip stream
behind a header of 16 bytes, version 4 has a plain header of 32 bytes and a Zstandard stream for
each part. Positions are whole numbers of 24 bits (half floats in version 1); axes are right, up,
back, and turned here to right, down, front, as files of splats have them.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from spaceport_app import inside, room
from spaceport_app.errors import StageError
from spaceport_app.formats import colour
from spaceport_app.formats.model import Doubles, Format, Found, Note, Raw
from spaceport_app.sogs import quantize
from spaceport_app.splats.model import Floats

_MAGIC = b"NGSP"
_GZIP = b"\x1f\x8b"
_HEADER = struct.Struct("<4sIIBBBB")
_VERSION_4_HEADER = 32
_ANTIALIASED, _EXTENDED = 1, 2
_COLOUR_SCALE = 0.15
_MOST_EXTENSIONS = 1 << 16
_ADOBE = 0xADBE
_MOST_PACKED_TO_PLAIN = 1100
"""No gzip stream unpacks to more than 1,032 times its bytes."""
_MOST_ZSTANDARD_TO_PLAIN = 20_000
_LARGEST_WINDOW = 1 << 27
_READ = 1 << 20
_BLOCK = 1 << 16

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class _Head:
    version: int
    count: int
    degree: int
    fraction_bits: int
    flags: int
    streams: int

    @property
    def parts(self) -> tuple[int, ...]:
        """Bytes a Gaussian of positions, opacities, colours, scales, rotations, harmonics."""
        return (
            6 if self.version == 1 else 9,
            1,
            3,
            3,
            4 if self.version >= 3 else 3,
            3 * colour.COEFFICIENTS[self.degree],
        )


def recognises(found: Found) -> bool:
    """Whether it begins as SPZ of version 4, or unpacks to what earlier versions begin with."""
    if found.head.startswith(_MAGIC):
        return True
    if not found.head.startswith(_GZIP):
        return False
    try:
        return zlib.decompressobj(31).decompress(found.head, 16).startswith(_MAGIC)
    except zlib.error:
        return False


def read(path: Path) -> Raw:
    """Read a .spz.

    Raises
    ------
    StageError
        ``bad_spz`` if it is damaged, ``unknown_version`` if it is newer than version 4;
        ``not_enough_memory``.
    OSError
        If the file cannot be read.
    """
    try:
        with inside.open_regular(path) as file:
            plain = file.read(4) == _MAGIC
            file.seek(0)
            head, parts, extended = (_version_4 if plain else _earlier)(file, path)
    except inside.OutsideError as error:
        raise _bad(path, "is no regular file") from error
    return _decoded(head, parts, extended)


def _earlier(file: BinaryIO, path: Path) -> tuple[_Head, list[Bytes], bool]:
    stream = _Gunzip(file, path)
    head = _head(stream.take(_HEADER.size), path)
    if head.version > 3:
        raise _bad(path, f"names version {head.version}, which is not packed with gzip")
    size = sum(head.parts) * head.count
    _check_room(head, size, path, _MOST_PACKED_TO_PLAIN)
    data = stream.take(size)
    extended = bool(head.flags & _EXTENDED)
    if extended:
        # Behind the header in some versions of the library, at the end in others.
        more = stream.rest(_MOST_EXTENSIONS)
        if int.from_bytes(data[2:4], "little") == _ADOBE:
            data = data[len(more) :] + more
    parts, at = [], 0
    everything = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
    for each in head.parts:
        values = everything[at : at + each * head.count]
        parts.append(values.reshape(head.count, each))
        at += each * head.count
    return head, parts, extended


def _version_4(file: BinaryIO, path: Path) -> tuple[_Head, list[Bytes], bool]:
    import zstandard

    start = file.read(_VERSION_4_HEADER)
    if len(start) < _VERSION_4_HEADER:
        raise _bad(path, "is cut short")
    head = _head(start[: _HEADER.size], path)
    if head.version < 4:
        raise _bad(path, f"is not packed, as version {head.version} is")
    (table,) = struct.unpack_from("<I", start, _HEADER.size)
    wanted = [each for each in head.parts if each]
    if head.streams < len(wanted):
        raise _bad(path, f"has {head.streams} parts and needs {len(wanted)}")
    file.seek(table)
    sizes = file.read(16 * head.streams)
    if len(sizes) < 16 * head.streams:
        raise _bad(path, "is cut short")
    _check_room(head, sum(head.parts) * head.count, path, _MOST_ZSTANDARD_TO_PLAIN)
    parts = []
    for number, each in enumerate(wanted):
        packed, plain = struct.unpack_from("<QQ", sizes, 16 * number)
        if plain != each * head.count:
            raise _bad(path, f"has {plain:,} bytes where {each * head.count:,} are needed")
        data = file.read(min(packed, path.stat().st_size))
        if len(data) < packed:
            raise _bad(path, "is cut short")
        unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        try:
            with unpacker.stream_reader(io.BytesIO(data)) as reader:
                found = reader.read(plain)
        except zstandard.ZstdError as error:
            raise _bad(path, "is damaged") from error
        if len(found) < plain:
            raise _bad(path, "is cut short")
        parts.append(np.frombuffer(found, np.uint8).reshape(-1, each))
    if len(parts) < len(head.parts):
        parts.append(np.empty((head.count, 0), np.uint8))
    return head, parts, bool(head.flags & _EXTENDED)


def _head(data: bytes, path: Path) -> _Head:
    magic, version, count, degree, bits, flags, streams = _HEADER.unpack(data)
    if magic != _MAGIC:
        raise _bad(path, "is no SPZ file")
    if version > 4:
        raise StageError(
            "unknown_version",
            f"{path.name} is SPZ of version {version}, newer than Spaceport reads (1 to 4).",
            "Export it as version 4 or older, or use a newer Spaceport.",
        )
    if not version or degree not in colour.COEFFICIENTS or bits > 24:
        raise _bad(path, "has a header that cannot be read")
    return _Head(version, count, degree, bits, flags, streams)


def _check_room(head: _Head, size: int, path: Path, most: int) -> None:
    if size > most * path.stat().st_size:
        raise _bad(path, f"is cut short: it names {head.count:,} Gaussians")
    kept = 3 * colour.COEFFICIENTS[min(head.degree, 3)]
    each = sum(head.parts) + 2.0 * 4 * (14 + kept)
    room.require(each * head.count, f"{path.name} with {head.count:,} Gaussians")


def _decoded(head: _Head, parts: list[Bytes], extended: bool) -> Raw:
    places, opacities, colours, scales, rotations, harmonics = parts
    n, kept = head.count, colour.COEFFICIENTS[min(head.degree, 3)]
    raw = Raw.empty(f"SPZ, version {head.version}", n, kept)
    raw.antialiased = bool(head.flags & _ANTIALIASED)
    raw.log_scales[:] = scales / np.float32(16.0) - np.float32(10.0)
    raw.opacity_logits[:] = quantize.decode_opacities(opacities[:, 0])
    decode: Callable[[Bytes], Doubles] = _smallest_three if head.version >= 3 else _first_three
    for start in range(0, n, _BLOCK):
        part = slice(start, start + _BLOCK)
        raw.positions[part] = _positions(places[part], head)
        raw.quaternions[part] = decode(rotations[part])
        raw.sh[part, 0] = (colours[part] / 255.0 - 0.5) / _COLOUR_SCALE
        some = harmonics[part, : 3 * kept]
        some = some.reshape(len(some), kept, 3)
        raw.sh[part, 1:] = (some - np.float32(128.0)) / np.float32(128.0)
    # Half a turn about x, to axes right, down, front.
    raw.positions[:, 1:] *= -1.0
    raw.quaternions[:, 2:] *= -1.0
    raw.sh[:, 1:] *= _signs(kept)[:, None]
    if head.degree == 4:
        raw.notes.append(Note("degree_4", colour.CUT))
    if extended:
        raw.unused = ("extensions",)
        raw.notes.append(Note("unused", "Not used: the extensions of the file."))
    return raw


def _positions(packed: Bytes, head: _Head) -> Floats | Doubles:
    if head.version == 1:
        halves: Floats = packed.copy().view("<f2").astype(np.float32)
        return halves
    low, middle, high = (packed[:, k::3].astype(np.int32) for k in range(3))
    whole = low | (middle << 8) | (high << 16)
    whole -= (whole & 0x800000) << 1
    found: Doubles = whole / float(1 << head.fraction_bits)
    return found


def _first_three(packed: Bytes) -> Doubles:
    """Return quaternions w, x, y, z of bytes for x, y, z; w is not negative."""
    xyz = packed / 127.5 - 1.0
    w = np.sqrt(np.maximum(0.0, 1.0 - (xyz**2).sum(axis=1)))
    return np.column_stack((w, xyz))


def _smallest_three(packed: Bytes) -> Doubles:
    """Return quaternions w, x, y, z of 32 bits: the place of the largest in x, y, z, w, and of
    the others a sign and 9 bits each, as shares of the root of one half."""
    bits = packed.copy().view("<u4")[:, 0]
    largest = (bits >> np.uint32(30)).astype(np.intp)
    fields = np.stack([(bits >> np.uint32(s)) & np.uint32(1023) for s in (20, 10, 0)], axis=1)
    values = (fields & np.uint32(511)) / 511.0 * np.sqrt(0.5)
    values = np.where(fields & np.uint32(512), -values, values)
    return quantize.with_largest(values, largest)[:, [3, 0, 1, 2]]


def _signs(coefficients: int) -> Floats:
    """Return what half a turn about x makes of each real harmonic above degree 0: 1 or -1.

    It takes the polar angle to its supplement, which gives ``(-1)^(l + m)``, and the azimuth to
    its negative, which turns the sines (m below 0) about.
    """
    order = [(degree, m) for degree in (1, 2, 3) for m in range(-degree, degree + 1)]
    signs = [(-1.0) ** (degree + m) * (-1.0 if m < 0 else 1.0) for degree, m in order]
    return np.array(signs[:coefficients], np.float32)


class _Gunzip:
    """Bytes of a gzip stream, no more of them than are asked for."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self._unpacker = zlib.decompressobj(31)

    def take(self, size: int) -> bytes:
        found = self.rest(size)
        if len(found) < size:
            raise _bad(self._path, "is cut short")
        return found

    def rest(self, most: int) -> bytes:
        """Return what is left, at most so many bytes."""
        found = bytearray()
        while len(found) < most and not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._file.read(_READ)
            try:
                block = self._unpacker.decompress(packed, most - len(found))
            except zlib.error as error:
                raise _bad(self._path, "is damaged") from error
            if not packed and not block:
                break
            found += block
        return bytes(found)


def _bad(path: Path, what: str) -> StageError:
    return StageError("bad_spz", f"{path.name} {what}.", "Export or download it again.")


FORMAT = Format("SPZ", (".spz",), recognises, read)
