"""Codebooks for single numbers: one-dimensional k-means on sorted values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.model import Floats

Bytes = npt.NDArray[np.uint8]

CODEBOOK_SIZE = 256
_ITERATIONS = 40
_BINS = 4096


def codebook(values: Floats, size: int = CODEBOOK_SIZE) -> Floats:
    """Return `size` ascending numbers that stand for `values` with small squared error.

    Up to `size` different values are kept exactly. Otherwise Lloyd's iteration starts from
    quantiles of the histogram's cube root, the asymptotically best density of levels for
    squared error (Panter and Dite 1951), and runs on sorted values with prefix sums, so that
    each round is exact and costs ``O(size log N)``.

    Parameters
    ----------
    values : float32 array of any shape, finite, not empty

    Returns
    -------
    float32 array, shape (size,)
        Ascending; fewer levels are filled up by repeating the last.
    """
    ordered = np.sort(values, axis=None)
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    if len(starts) <= size:
        return _filled(ordered[starts], size)
    levels = _initial_levels(ordered, size)
    sums = np.concatenate(([0.0], np.cumsum(ordered, dtype=np.float64)))
    for _ in range(_ITERATIONS):
        middles = 0.5 * (levels[1:] + levels[:-1])
        edges = np.concatenate(([0], np.searchsorted(ordered, middles), [len(ordered)]))
        counts = np.diff(edges)
        means = np.where(counts > 0, np.diff(sums[edges]) / np.maximum(counts, 1), levels)
        settled = np.abs(means - levels).max() <= 1e-7 * (levels[-1] - levels[0])
        levels = np.sort(means)
        if settled:
            break
    return _filled(levels.astype(np.float32), size)


def nearest_level(values: Floats, levels: Floats) -> Bytes:
    """Return the index of the nearest of up to 256 ascending `levels` for each value."""
    middles = 0.5 * (levels[1:].astype(np.float64) + levels[:-1])
    return np.searchsorted(middles, values, side="left").astype(np.uint8)


def _filled(levels: Floats, size: int) -> Floats:
    return np.concatenate((levels, np.full(size - len(levels), levels[-1], np.float32)))


def _initial_levels(ordered: Floats, size: int) -> npt.NDArray[np.float64]:
    low, high = float(ordered[0]), float(ordered[-1])
    bins = np.linspace(low, high, _BINS + 1)
    counts = np.diff(np.searchsorted(ordered, bins[1:-1], side="right"), prepend=0)
    counts = np.append(counts, len(ordered) - counts.sum())
    weight = np.concatenate(([0.0], np.cumsum(np.cbrt(counts))))
    targets = (np.arange(size) + 0.5) / size * weight[-1]
    levels: npt.NDArray[np.float64] = np.interp(targets, weight, bins)
    return levels


def even_codebook(
    values: Floats, tolerated: float, share: float = 0.3, size: int = CODEBOOK_SIZE
) -> Floats:
    """Return evenly spaced levels, as coarse as an error that is already there allows.

    Palette entries are means of vectors that differ anyway; levels finer than that difference
    cost bytes and gain nothing. Even levels also keep the entropy after WebP's colour
    transform low, as equal differences of values are equal differences of indices (Gish and
    Pierce 1968: even levels with entropy coding are nearly optimal).

    Parameters
    ----------
    values : float32 array of any shape
    tolerated : float
        Mean squared error that `values` stand for.
    share : float
        Part of `tolerated` that the levels may add: ``step^2 / 12 = share * tolerated``.

    Returns
    -------
    float32 array, shape (size,)
        The result of `codebook` where even levels would not span the values.
    """
    low, high = float(values.min()), float(values.max())
    step = float(np.sqrt(12.0 * share * tolerated))
    first = np.floor(low / step) if step > 0 else 0.0
    if step <= 0 or np.ceil(high / step) - first + 1 > size:
        return codebook(values, size)
    levels = (first + np.arange(np.ceil(high / step) - first + 1)) * step
    return _filled(levels.astype(np.float32), size)
