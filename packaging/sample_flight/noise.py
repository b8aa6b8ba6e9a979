"""Compiled noise: the same number for the same place and seed on every machine.

Value noise with quintic blending (K. Perlin, "Improving noise", 2002) on a hashed lattice, and
cellular noise (S. Worley, "A cellular texture basis function", 1996).
"""

from __future__ import annotations

import math

from numba import njit

_MASK = 0xFFFFFFFF


@njit(cache=False)
def lattice(i: int, j: int, seed: int) -> float:
    """Return a number of 0 to 1 for one lattice point."""
    h = (i * 374761393 + j * 668265263 + seed * 974634777) & _MASK
    h = ((h ^ (h >> 13)) * 1274126177) & _MASK
    h = ((h ^ (h >> 16)) * 2024237689) & _MASK
    return ((h ^ (h >> 15)) & _MASK) / 4294967295.0


@njit(cache=False)
def value(x: float, y: float, seed: int) -> float:
    """Return smooth noise of -1 to 1 with features one unit wide."""
    i, j = math.floor(x), math.floor(y)
    u, v = x - i, y - j
    u = u * u * u * (u * (u * 6.0 - 15.0) + 10.0)
    v = v * v * v * (v * (v * 6.0 - 15.0) + 10.0)
    low = lattice(i, j, seed) * (1.0 - u) + lattice(i + 1, j, seed) * u
    high = lattice(i, j + 1, seed) * (1.0 - u) + lattice(i + 1, j + 1, seed) * u
    return 2.0 * (low * (1.0 - v) + high * v) - 1.0


@njit(cache=False)
def fractal(x: float, y: float, octaves: int, seed: int) -> float:
    """Return a sum of octaves of `value`, each half as wide and half as strong.

    The lattice of each octave is turned by an odd angle so that no grid shows.
    """
    total, strength = 0.0, 0.5
    for octave in range(octaves):
        total += strength * value(x, y, seed + 31 * octave)
        x, y = 1.6 * x + 1.2 * y + 17.3, -1.2 * x + 1.6 * y + 5.7
        strength *= 0.5
    return total


@njit(cache=False)
def cells(x: float, y: float, seed: int) -> tuple[float, float, float]:
    """Return the distances to the nearest two of one random point a unit square, and an id.

    Returns
    -------
    (float, float, float)
        Nearest distance, second nearest, and a number of 0 to 1 that marks the cell.
    """
    i, j = math.floor(x), math.floor(y)
    first, second, mark = 9.0, 9.0, 0.0
    for di in range(-1, 2):
        for dj in range(-1, 2):
            px = i + di + lattice(i + di, j + dj, seed)
            py = j + dj + lattice(i + di, j + dj, seed + 7)
            d = math.hypot(px - x, py - y)
            if d < first:
                first, second, mark = d, first, lattice(i + di, j + dj, seed + 13)
            elif d < second:
                second = d
    return first, second, mark


@njit(cache=False)
def step(edge0: float, edge1: float, x: float) -> float:
    """Return 0 below `edge0`, 1 above `edge1` and a smooth way between (either order)."""
    t = min(1.0, max(0.0, (x - edge0) / (edge1 - edge0)))
    return t * t * (3.0 - 2.0 * t)
