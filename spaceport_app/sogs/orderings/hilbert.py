"""Order along a three-dimensional Hilbert curve through quantised positions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit


def hilbert_order(cells: npt.NDArray[np.uint16]) -> npt.NDArray[np.intp]:
    """Return the permutation that walks `cells` along the Hilbert curve.

    Parameters
    ----------
    cells : uint16 array, shape (N, 3)
        Integer coordinates, the full 16 bits an axis.

    Returns
    -------
    intp array, shape (N,)
        ``cells[order]`` is in curve order; equal cells keep their order.
    """
    return np.argsort(hilbert_keys(cells), kind="stable")


@njit(cache=True)
def hilbert_keys(cells: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    """Return the 48-bit place of each cell on the curve (Skilling 2004, AIP 707, 381).

    Parameters
    ----------
    cells : uint16 array, shape (N, 3)

    Returns
    -------
    uint64 array, shape (N,)
    """
    keys = np.empty(len(cells), np.uint64)
    x = np.empty(3, np.uint32)
    for i in range(len(cells)):
        for axis in range(3):
            x[axis] = cells[i, axis]
        bit = np.uint32(1 << 15)
        while bit > 1:
            below = bit - np.uint32(1)
            for axis in range(3):
                if x[axis] & bit:
                    x[0] ^= below
                else:
                    swap = (x[0] ^ x[axis]) & below
                    x[0] ^= swap
                    x[axis] ^= swap
            bit >>= np.uint32(1)
        x[1] ^= x[0]
        x[2] ^= x[1]
        flips = np.uint32(0)
        bit = np.uint32(1 << 15)
        while bit > 1:
            if x[2] & bit:
                flips ^= bit - np.uint32(1)
            bit >>= np.uint32(1)
        key = np.uint64(0)
        for level in range(15, -1, -1):
            for axis in range(3):
                digit = ((x[axis] ^ flips) >> np.uint32(level)) & np.uint32(1)
                key = (key << np.uint64(1)) | np.uint64(digit)
        keys[i] = key
    return keys
