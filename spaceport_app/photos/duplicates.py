"""Photos that were added twice: byte for byte, or as a re-encoded or resized copy.

Two views of one place are no copies, however much they overlap: overlap is what
photogrammetry lives on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn

_HASH_SIDE = 32
_THUMB_SIDE = 64
_LARGEST_DISTANCE = 6
_SMALLEST_CORRELATION = 0.995
_LARGEST_ASPECT_CHANGE = 0.02
_SAME_PLACE_DEGREES = 2e-5
_BLOCK = 1024


@dataclass(frozen=True)
class Fingerprint:
    """What a photo looks like from afar.

    Parameters
    ----------
    hash : int
        64-bit perceptual hash.
    thumbnail : uint8 array, shape (64, 64)
        Luminance, squeezed to a square.
    """

    hash: int
    thumbnail: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Candidate:
    """A photo to look for copies of.

    `place` is latitude and longitude in degrees. `taken_at` and `place` are kept or lost when a
    photo is copied, but never changed: two photos that differ in either are no copies.
    """

    sha256: str
    width: int
    height: int
    size_bytes: int
    taken_at: str | None
    place: tuple[float, float] | None
    fingerprint: Fingerprint


@dataclass(frozen=True)
class Copy:
    """A photo that shows the same as another one: indices, and whether byte for byte."""

    index: int
    of: int
    exact: bool


def fingerprint(image: Image.Image) -> Fingerprint:
    """Return the fingerprint of a decoded photo.

    The hash is the sign of the lowest 8x8 cosine frequencies of a 32x32 thumbnail against their
    median: Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010.
    """
    # Draft-size steps keep the cost down; bicubic over them keeps the thumbnails of one picture
    # at two sizes alike to 0.2 %.
    grey = image.convert("L").resize(
        (_THUMB_SIDE, _THUMB_SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0
    )
    small = np.asarray(
        grey.resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.BOX), dtype=np.float64
    )
    low = dctn(small, norm="ortho")[:8, :8].ravel()
    # The first coefficient is the mean brightness and says nothing.
    bits = low > np.median(low[1:])
    bits[0] = False
    return Fingerprint(
        int.from_bytes(np.packbits(bits).tobytes(), "big"), np.asarray(grey, np.uint8)
    )


def find_copies(photos: Sequence[Candidate]) -> list[Copy]:
    """Return the copies among `photos`, each with the original that is kept, by index.

    Of exact copies the first is kept; of others the one with most pixels, then the one that
    knows its place and time, then the larger file, then the first.
    """
    copies: list[Copy] = []
    first: dict[str, int] = {}
    distinct: list[int] = []
    for index, photo in enumerate(photos):
        if photo.sha256 in first:
            copies.append(Copy(index, first[photo.sha256], True))
        else:
            first[photo.sha256] = index
            distinct.append(index)
    kept_of: dict[int, int] = {}
    for a, b in _alike([photos[i] for i in distinct]):
        one, two = (_root(kept_of, distinct[i]) for i in (a, b))
        if one != two:
            kept, dropped = sorted((one, two), key=lambda i: (_worth(photos[i]), i))
            kept_of[dropped] = kept
    copies.extend(Copy(index, _root(kept_of, index), False) for index in kept_of)
    return sorted(
        (Copy(c.index, _root(kept_of, c.of), c.exact) for c in copies), key=lambda c: c.index
    )


def _root(parents: dict[int, int], index: int) -> int:
    while index in parents:
        index = parents[index]
    return index


def _worth(photo: Candidate) -> tuple[int, int, int]:
    known = (photo.place is not None) + (photo.taken_at is not None)
    return -photo.width * photo.height, -known, -photo.size_bytes


def _alike(photos: Sequence[Candidate]) -> list[tuple[int, int]]:
    hashes = np.array([p.fingerprint.hash for p in photos], np.uint64)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(hashes), _BLOCK):
        distances = np.bitwise_count(hashes[start : start + _BLOCK, None] ^ hashes[None, start:])
        for i, j in np.argwhere(distances <= _LARGEST_DISTANCE):
            a, b = start + int(i), start + int(j)
            if a < b and _is_copy(photos[a], photos[b]):
                pairs.append((a, b))
    return pairs


def _is_copy(a: Candidate, b: Candidate) -> bool:
    if a.taken_at and b.taken_at and a.taken_at != b.taken_at:
        return False
    if a.place and b.place:
        apart = (abs(a.place[0] - b.place[0]), abs(a.place[1] - b.place[1]))
        if max(apart) > _SAME_PLACE_DEGREES:
            return False
    aspects = a.width / a.height, b.width / b.height
    if max(aspects) / min(aspects) - 1.0 > _LARGEST_ASPECT_CHANGE:
        return False
    one, two = (p.fingerprint.thumbnail.astype(np.float64) for p in (a, b))
    one, two = one - one.mean(), two - two.mean()
    # Black frames have nothing to compare; fog fails by its noise.
    energy = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return energy > 0.0 and float((one * two).sum()) >= _SMALLEST_CORRELATION * energy
