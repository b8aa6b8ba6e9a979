"""Numbers as pictures: sizes, packing and lossless WebP."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from spaceport_app import room
from spaceport_app.errors import StageError

Bytes = npt.NDArray[np.uint8]

PALETTE_COLUMNS = 64
"""Palette entries in one row of the centroids texture, by the specification."""

_LARGEST_SIDE = 16_383
_SPARE_TEXELS = 1 << 20
_BAND_TEXELS = 1 << 20
# libwebp's decoder for moving pictures, its copy and Pillow's own picture; Pillow 13.0.
_DECODING_BYTES_A_TEXEL = 20


def texture_size(count: int) -> tuple[int, int]:
    """Return width and height for `count` texels, multiples of four and nearly square.

    Raises
    ------
    StageError
        ``too_many_gaussians`` if a side would pass WebP's limit of 16,383 texels.
    """
    width = 4 * math.ceil(math.sqrt(count) / 4)
    height = 4 * math.ceil(count / width / 4)
    if max(width, height) > _LARGEST_SIDE:
        raise StageError(
            "too_many_gaussians",
            f"{count:,} Gaussians do not fit into one bundle.",
            "Train with a lower limit of Gaussians, or split the scene.",
        )
    return width, height


def fill_texture(texels: Bytes) -> Bytes:
    """Lay texels (N, C) row by row into a texture (height, width, C).

    The last texel is repeated to the end, which costs next to nothing.
    """
    width, height = texture_size(len(texels))
    texture = np.empty((height * width, texels.shape[1]), np.uint8)
    texture[: len(texels)] = texels
    texture[len(texels) :] = texels[-1]
    return texture.reshape(height, width, -1)


def fill_palette(entries: Bytes) -> Bytes:
    """Lay palette entries (M, K, 3) into a texture, 64 entries a row, K texels an entry."""
    count, k, _ = entries.shape
    rows = math.ceil(count / PALETTE_COLUMNS)
    texture = np.empty((rows * PALETTE_COLUMNS, k, 3), np.uint8)
    texture[:count] = entries
    texture[count:] = entries[-1]
    return texture.reshape(rows, PALETTE_COLUMNS * k, 3)


def encode_webp(texture: Bytes, effort: int) -> bytes:
    """Compress a texture (height, width, 3 or 4) so that it decodes to the same bytes.

    `exact` keeps colour where alpha is zero, which WebP otherwise wipes.
    """
    buffer = io.BytesIO()
    Image.fromarray(texture).save(
        buffer, "WEBP", lossless=True, exact=True, method=effort, quality=75
    )
    return buffer.getvalue()


def decode_webp(data: bytes, name: str, texels: int, channels: int) -> Bytes:
    """Decode a texture and return its first `texels` texels, (texels, channels).

    Raises
    ------
    StageError
        ``bad_bundle`` if it is no WebP, is damaged, or is too small or far too large;
        ``not_enough_memory``.
    """
    with _opened(data, name, texels) as picture:
        return _texels(picture, texels, channels)


def decode_palette(data: bytes, name: str, count: int) -> Bytes:
    """Decode a centroids texture and return its entries (count, K, 3).

    The width tells K: 3, 8 or 15 coefficients for degrees 1 to 3.

    Raises
    ------
    StageError
        ``bad_bundle`` as `decode_webp`, or if the width is that of no degree.
    """
    with _opened(data, name, 3 * count) as picture:
        k, left = divmod(picture.width, PALETTE_COLUMNS)
        if left or k not in (3, 8, 15):
            raise bad_bundle(f"{name} is {picture.width} texels wide, not 192, 512 or 960")
        held = picture.height * PALETTE_COLUMNS
        if held < count:
            raise bad_bundle(f"{name} holds {held:,} palette entries, {count:,} are needed")
        return _texels(picture, count * k, 3).reshape(count, k, 3)


def bad_bundle(what: str) -> StageError:
    """Return the error for a bundle that breaks the specification."""
    return StageError(
        "bad_bundle", f"The bundle cannot be read: {what}.", "Export or download it again."
    )


@contextmanager
def _opened(data: bytes, name: str, texels: int) -> Iterator[Image.Image]:
    """Yield a WebP picture of a sensible size, not yet decoded, and tell what is wrong with it."""
    try:
        with Image.open(io.BytesIO(data), formats=("WEBP",)) as image:
            width, height = image.size
            if width * height < texels:
                raise bad_bundle(f"{name} has {width * height:,} texels, {texels:,} are needed")
            if width * height > 4 * texels + _SPARE_TEXELS:
                raise bad_bundle(f"{name} is {width} x {height} texels for {texels:,} values")
            room.require(_DECODING_BYTES_A_TEXEL * width * height, f"{name} of the bundle")
            yield image
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise bad_bundle(f"{name} is no complete WebP picture") from error
    except MemoryError as error:
        words = f"{name} of the bundle takes more memory than there is."
        raise StageError("not_enough_memory", words, room.REMEDY) from error


def _texels(picture: Image.Image, count: int, channels: int) -> Bytes:
    """Return the first texels, row by row; a copy of the whole picture is never made."""
    mode = "RGBA" if channels == 4 else "RGB"
    rows = max(1, _BAND_TEXELS // picture.width)
    found = np.empty((count, channels), np.uint8)
    for row in range(0, math.ceil(count / picture.width), rows):
        start = row * picture.width
        band = picture.crop((0, row, picture.width, min(row + rows, picture.height)))
        values = np.asarray(band.convert(mode)).reshape(-1, channels)
        found[start : start + len(values)] = values[: count - start]
    return found
