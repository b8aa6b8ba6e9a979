"""What it takes to decode a photo: told from its headers before, and watched while it goes on.

A file of a few MB may hold thousands of scans of one large picture, or name one strip a thousand
times, and keep a decoder busy for hours.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence

from PIL import Image

from spaceport_app.photos import jpeg

# Pillow holds 4 bytes a pixel, and copies for the one picture made into another; a progressive
# JPEG has 2 bytes a pixel and component of its decoder besides. With Pillow 13.0 at 48 megapixels:
# JPEG 4 to 10, CMYK 12; PNG 4 to 9, TIFF 4 to 12.5, HEIC 7.3 beside the file itself.
_BYTES_A_PIXEL = {"JPEG": 12}
_OTHERS_BYTES_A_PIXEL = 16

# A scan takes libjpeg-turbo 0.8 ms a megapixel even if it holds nothing. Cameras write up to 4,
# programs that save progressively about 10.
_USUAL_SCANS = 32
_MOST_SCAN_MEGAPIXELS = 2000
# Of CPU: fifteen times what the slowest kinds take, 0.03 s a megapixel on two cores of a server.
_OPENING_S = 20.0
_DECODING_S = 10.0
_DECODING_S_A_MEGAPIXEL = 0.5
# Strips that hold the same may be written once, and named more than once.
_MOST_TIMES_NAMED = 4

_COMPRESSION = 259
_STRIPS, _ROWS_A_STRIP, _STRIP_BYTES = 273, 278, 279
_TILE_WIDTH, _TILE_LENGTH, _TILES, _TILE_BYTES = 322, 323, 324, 325
_JPEG_IN_TIFF = frozenset({6, 7})


class TooSlowError(Exception):
    """To decode the photo takes longer than any photo does."""


class Patient(io.BytesIO):
    """A photo's file in memory that gives no more bytes to a decoder that takes too long."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._until = time.thread_time() + _OPENING_S

    def expect(self, pixels: int) -> None:
        """Allow what so many pixels may take from now on."""
        allowed = _DECODING_S + _DECODING_S_A_MEGAPIXEL * pixels / 1e6
        self._until = time.thread_time() + allowed

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes.

        Raises
        ------
        TooSlowError
            If this thread has worked for longer than it may.
        """
        if time.thread_time() > self._until:
            raise TooSlowError
        return super().read(size)


def pixels(source: Image.Image) -> int:
    """Return the pixels that a decoder makes room for: a TIFF's tile may be larger than it."""
    found = source.width * source.height
    tags = getattr(source, "tag_v2", None)
    if tags is not None:
        found = max(found, _number(tags, _TILE_WIDTH) * _number(tags, _TILE_LENGTH))
    return found


def memory_bytes(kind: str, pixels: int) -> int:
    """Return the most memory that decoding takes beside the file's own bytes."""
    return pixels * _BYTES_A_PIXEL.get(kind, _OTHERS_BYTES_A_PIXEL)


def check_scans(kind: str, data: bytes, source: Image.Image) -> None:
    """Make sure that a decoder goes over the pixels about as often as for any photo.

    Raises
    ------
    TooSlowError
        If not.
    """
    if kind == "JPEG":
        _check(jpeg.scans(data), source.width * source.height)
    elif kind == "TIFF":
        _check_strips(data, source)


def _check(scans: float, pixels: float) -> None:
    megapixels = max(pixels / 1e6, 0.1)
    if scans > max(_USUAL_SCANS, _MOST_SCAN_MEGAPIXELS / megapixels):
        raise TooSlowError


def _check_strips(data: bytes, source: Image.Image) -> None:
    tags = getattr(source, "tag_v2", {})
    tiled = _TILES in tags
    starts = _numbers(tags, _TILES if tiled else _STRIPS)
    lengths = _numbers(tags, _TILE_BYTES if tiled else _STRIP_BYTES)
    ends = [min(start + length, len(data)) for start, length in zip(starts, lengths, strict=False)]
    named = sum(max(0, end - start) for start, end in zip(starts, ends, strict=False))
    if named > _MOST_TIMES_NAMED * len(data):
        raise TooSlowError
    if _number(tags, _COMPRESSION) not in _JPEG_IN_TIFF:
        return
    if tiled:
        each = _number(tags, _TILE_WIDTH) * _number(tags, _TILE_LENGTH)
    else:
        each = source.width * min(_number(tags, _ROWS_A_STRIP) or source.height, source.height)
    scans = sum(data.count(jpeg.SCAN, start, end) for start, end in zip(starts, ends, strict=False))
    # As often as the whole picture would be gone over.
    whole = max(source.width * source.height, 1)
    _check(scans * max(each, 1) / whole, whole)


def _numbers(tags: object, tag: int) -> Sequence[int]:
    value = tags.get(tag, ()) if hasattr(tags, "get") else ()
    values = value if isinstance(value, tuple) else (value,)
    return [int(number) for number in values if isinstance(number, int | float) and number >= 0]


def _number(tags: object, tag: int) -> int:
    return next(iter(_numbers(tags, tag)), 0)
