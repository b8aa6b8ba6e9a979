"""How many threads the free memory carries."""

from __future__ import annotations

from spaceport_app.errors import StageError
from spaceport_app.quantities import size

# Peak of extraction with pycolmap 4.2.1 in bytes a pixel and thread: 1600 x 1200 from octave 0
# 0.41 GB at two threads, from octave -1 (four times the pixels) 0.68, 1.24, 2.33 GB at one, two,
# four threads, 4000 x 3000 from octave -1 3.6 GB at one.
_BYTES_A_PIXEL = {True: 310, False: 90}
_BASE_BYTES = 150_000_000
# The rest of the computer keeps a part of what is free now.
_USABLE = 0.75
# Decoding, resizing and encoding hold a few copies of a photo at once, bytes a pixel.
_PICTURE_BYTES_A_PIXEL = 24


def picture_threads(pixels: int, wanted: int, free: int) -> int:
    """Return how many threads, one to `wanted`, may each hold photos of `pixels` pixels."""
    return max(1, min(wanted, int(free * _USABLE) // max(pixels * _PICTURE_BYTES_A_PIXEL, 1)))


def extraction_bytes(pixels: int, first_octave: int, threads: int) -> int:
    """Estimate the peak memory of feature extraction in photos of `pixels` pixels."""
    return _BASE_BYTES + threads * pixels * _BYTES_A_PIXEL[first_octave < 0]


def extraction_threads(pixels: int, first_octave: int, wanted: int, free: int) -> int:
    """Return as many threads, up to `wanted`, as `free` bytes carry.

    Raises
    ------
    StageError
        ``no_memory`` if not even one fits.
    """
    usable = int(free * _USABLE)
    for threads in range(wanted, 0, -1):
        if extraction_bytes(pixels, first_octave, threads) <= usable:
            return threads
    need = extraction_bytes(pixels, first_octave, 1) / _USABLE
    raise StageError(
        "no_memory",
        f"Finding features needs {size(need)} of free memory, and {size(free)} are free.",
        "Close other programs or set a smaller photo size for features.",
    )
