"""Order along the Morton (Z-order) curve through quantised positions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit


def morton_order(cells: npt.NDArray[np.uint16]) -> npt.NDArray[np.intp]:
    """Return the permutation that walks `cells` along the Morton curve.

    Parameters
    ----------
    cells : uint16 array, shape (N, 3)

    Returns
    -------
    intp array, shape (N,)
        ``cells[order]`` is in curve order; equal cells keep their order.
    """
    return np.argsort(morton_keys(cells), kind="stable")


@njit(cache=True)
def morton_keys(cells: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    """Return each cell's coordinates with their bits interleaved, z highest.

    Parameters
    ----------
    cells : uint16 array, shape (N, 3)

    Returns
    -------
    uint64 array, shape (N,)
        48 bits used.
    """
    keys = np.empty(len(cells), np.uint64)
    for i in range(len(cells)):
        key = np.uint64(0)
        for axis in range(3):
            v = np.uint64(cells[i, axis])
            v = (v | (v << np.uint64(32))) & np.uint64(0x001F00000000FFFF)
            v = (v | (v << np.uint64(16))) & np.uint64(0x001F0000FF0000FF)
            v = (v | (v << np.uint64(8))) & np.uint64(0x100F00F00F00F00F)
            v = (v | (v << np.uint64(4))) & np.uint64(0x10C30C30C30C30C3)
            v = (v | (v << np.uint64(2))) & np.uint64(0x1249249249249249)
            key |= v << np.uint64(axis)
        keys[i] = key
    return keys
