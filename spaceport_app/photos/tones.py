"""Any picture as 8-bit RGB; deep and floating greys are brought down, a band of rows at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

_GREY_16 = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I"})
_BAND_PIXELS = 4_000_000
_MOST_SAMPLES = 16_000_000


def to_rgb(source: Image.Image) -> Image.Image:
    """Return a decoded picture as 8-bit RGB; transparency is dropped."""
    if source.mode == "RGB":
        return source
    if source.mode in _GREY_16:
        return _of_deep_grey(source)
    if source.mode == "F":
        return _of_floats(source)
    if source.mode == "P":
        # Through RGBA, because Pillow warns about palettes with transparency otherwise.
        source = source.convert("RGBA")
    return source.convert("RGB")


def _of_deep_grey(source: Image.Image) -> Image.Image:
    # Cameras store 10, 12 and 14 bits in 16. The depth is guessed from the brightest pixel in
    # these steps, and not stretched to it, so that exposure stays comparable.
    top = max(int(values.max(initial=0)) for _, values in _bands(source))
    depth = next((bits for bits in (8, 10, 12, 14, 16) if top < 1 << bits), top.bit_length())
    result = Image.new("RGB", source.size)
    for row, values in _bands(source):
        grey = np.clip(values >> (depth - 8), 0, 255).astype(np.uint8)
        result.paste(Image.fromarray(grey).convert("RGB"), (0, row))
    return result


def _of_floats(source: Image.Image) -> Image.Image:
    step = max(1, math.ceil(math.sqrt(source.width * source.height / _MOST_SAMPLES)))
    seen = np.concatenate(
        [values[(-row) % step :: step, ::step].ravel() for row, values in _bands(source)]
    )
    seen = seen[np.isfinite(seen)]
    low, high = np.percentile(seen, (0.5, 99.5)) if seen.size else (0.0, 1.0)
    result = Image.new("RGB", source.size)
    for row, values in _bands(source):
        scaled = (np.nan_to_num(values, nan=float(low)) - low) / max(float(high - low), 1e-9)
        grey = (np.clip(scaled, 0, 1) * 255 + 0.5).astype(np.uint8)
        result.paste(Image.fromarray(grey).convert("RGB"), (0, row))
    return result


def _bands(source: Image.Image) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yield the first row and the values of one band of rows after the other."""
    rows = max(1, _BAND_PIXELS // max(source.width, 1))
    for row in range(0, source.height, rows):
        end = min(row + rows, source.height)
        yield row, np.asarray(source.crop((0, row, source.width, end)))
