"""Codebooks for single numbers: one-dimensional k-means on sorted values."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from spaceport_app.splats.model import Floats

Bytes = npt.NDArray[np.uint8]

CODEBOOK_SIZE = 256
_ITERATIONS = 40
_BINS = 4096
_LARGEST_SHARE = 0.5


def codebook(values: Floats, size: int = CODEBOOK_SIZE) -> Floats:
    """Return `size` ascending numbers that stand for `values` with small squared error.

    Up to `size` different values are kept exactly. Otherwise the values are gathered in up to
    4096 bins, the best partition of the bins is found by dynamic programming (Wu 1991, with
    divide and conquer: the optimal boundaries are monotone), and Lloyd's iteration on the
    sorted values with prefix sums carries it on to the values themselves. Up to 4096 different
    values the partition is the global optimum.

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
    # Sums relative to the middle keep the precision of differences of squares.
    middle = 0.5 * (float(ordered[0]) + float(ordered[-1]))
    shifted = ordered.astype(np.float64) - middle
    sums = np.concatenate(([0.0], np.cumsum(shifted)))
    squares = np.concatenate(([0.0], np.cumsum(shifted * shifted)))
    edges = np.append(starts if len(starts) <= _BINS else _bin_edges(ordered), len(ordered))
    cuts = optimal_cuts(edges.astype(np.float64), sums[edges], squares[edges], size)
    bounds = edges[cuts]
    levels = np.diff(sums[bounds]) / np.diff(bounds)
    for _ in range(_ITERATIONS):
        between = 0.5 * (levels[1:] + levels[:-1])
        bounds = np.concatenate(([0], np.searchsorted(shifted, between), [len(ordered)]))
        counts = np.diff(bounds)
        means = np.where(counts > 0, np.diff(sums[bounds]) / np.maximum(counts, 1), levels)
        settled = np.abs(means - levels).max() <= 1e-7 * (levels[-1] - levels[0])
        levels = np.sort(means)
        if settled:
            break
    return _filled((levels + middle).astype(np.float32), size)


@njit(cache=True)
def optimal_cuts(
    counts: npt.NDArray[np.float64],
    sums: npt.NDArray[np.float64],
    squares: npt.NDArray[np.float64],
    size: int,
) -> npt.NDArray[np.int64]:
    """Cut M bins into `size` runs so that the squared distance from the runs' means is least.

    Parameters
    ----------
    counts, sums, squares : float64 arrays, shape (M + 1,)
        Prefix sums over the bins of 1, x and x^2, starting from 0; no bin is empty.
    size : int
        2 to M.

    Returns
    -------
    int64 array, shape (size + 1,)
        Ascending bin numbers from 0 to M.
    """
    m = len(counts) - 1
    choice = np.zeros((size + 1, m + 1), np.int32)
    before = np.full(m + 1, np.inf)
    before[0] = 0.0
    after = np.empty(m + 1)
    stack = np.empty((4 * m + 4, 4), np.int64)
    for k in range(1, size + 1):
        after[:] = np.inf
        stack[0] = (k, m, k - 1, m - 1)
        depth = 1
        while depth > 0:
            depth -= 1
            low, high, first, last = stack[depth]
            if low > high:
                continue
            at = (low + high) // 2
            best, where = np.inf, first
            for cut in range(first, min(last, at - 1) + 1):
                count = counts[at] - counts[cut]
                total = sums[at] - sums[cut]
                cost = before[cut] + squares[at] - squares[cut] - total * total / count
                if cost < best:
                    best, where = cost, cut
            after[at] = best
            choice[k, at] = where
            stack[depth] = (low, at - 1, first, where)
            stack[depth + 1] = (at + 1, high, where, last)
            depth += 2
        before, after = after, before
    cuts = np.empty(size + 1, np.int64)
    cuts[size] = m
    for k in range(size, 0, -1):
        cuts[k - 1] = choice[k, cuts[k]]
    return cuts


def nearest_level(values: Floats, levels: Floats) -> Bytes:
    """Return the index of the nearest of up to 256 ascending `levels` for each value."""
    middles = 0.5 * (levels[1:].astype(np.float64) + levels[:-1])
    return np.searchsorted(middles, values, side="left").astype(np.uint8)


def _filled(levels: Floats, size: int) -> Floats:
    return np.concatenate((levels, np.full(size - len(levels), levels[-1], np.float32)))


def _bin_edges(ordered: Floats) -> npt.NDArray[np.intp]:
    """Return where each non-empty one of the bins of equal width begins."""
    limits = np.linspace(float(ordered[0]), float(ordered[-1]), _BINS + 1)[1:-1]
    starts = np.concatenate(([0], np.searchsorted(ordered, limits)))
    return np.unique(starts[starts < len(ordered)])


def even_codebook(
    values: Floats, tolerated: float, share: float, size: int = CODEBOOK_SIZE
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
        Part of `tolerated` that the levels should add, ``step^2 / 12 = share * tolerated``;
        more, up to a half of it, where `size` levels would not span the values.

    Returns
    -------
    float32 array, shape (size,)
        The result of `codebook` where even levels would add still more.
    """
    low, high = float(values.min()), float(values.max())
    step = max(math.sqrt(12.0 * share * tolerated), (high - low) / (size - 2))
    if step <= 0 or step * step / 12.0 > max(_LARGEST_SHARE, share) * tolerated:
        return codebook(values, size)
    first, last = math.floor(low / step), math.ceil(high / step)
    levels = np.arange(first, last + 1)[:size] * step
    return _filled(levels.astype(np.float32), size)
