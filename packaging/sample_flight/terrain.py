"""The relief: a valley that rises to the north-west and a knoll, flattened where people build."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from scipy.ndimage import gaussian_filter, map_coordinates

from sample_flight import layout
from sample_flight.layout import Floats
from sample_flight.noise import fractal

SPACING_M = 0.5


@dataclass(frozen=True)
class Terrain:
    """Heights in metres on a square grid: row = north, column = east, from the south-west."""

    heights: Floats

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the ground height in metres at places of any shape."""
        rows = np.asarray((np.asarray(y) + layout.OUTER_HALF_M) / SPACING_M)
        columns = np.asarray((np.asarray(x) + layout.OUTER_HALF_M) / SPACING_M)
        places = np.stack([rows.ravel(), columns.ravel()])
        found = map_coordinates(self.heights, places, order=1, mode="nearest")
        return np.asarray(found, dtype=np.float64).reshape(rows.shape)

    def height(self, x: float, y: float) -> float:
        """Return the ground height in metres at one place."""
        return float(self.at(np.array(x), np.array(y)))


def axis() -> Floats:
    """Return the coordinates in metres of the grid's rows and columns."""
    steps = round(2 * layout.OUTER_HALF_M / SPACING_M)
    return np.linspace(-layout.OUTER_HALF_M, layout.OUTER_HALF_M, steps + 1)


def make(seed: int) -> Terrain:
    """Return the relief of the place."""
    line = axis()
    broad = np.empty((len(line), len(line)))
    rough = np.empty_like(broad)
    _fill(line, seed, broad, rough)
    xy = np.column_stack([a.ravel() for a in np.meshgrid(line, line)])
    calm = np.ones(len(xy))
    for way, half in ((layout.road(), 3.5), (layout.lane(), 2.2), (layout.track(), 2.0)):
        calm = np.minimum(calm, np.clip((layout.distance(way, xy) - half) / 6.0, 0, 1))
    heights = broad + rough * calm.reshape(broad.shape)
    middle = Terrain(broad)
    for house in layout.HOUSES:
        pad = gaussian_filter(layout.inside(house, xy, 3.0).reshape(broad.shape).astype(float), 3)
        level = middle.height(house.x, house.y)
        heights = heights * (1 - pad) + level * pad
    return Terrain(heights - heights[len(line) // 2, len(line) // 2])


@njit(parallel=True, cache=False)
def _fill(line: Floats, seed: int, broad: Floats, rough: Floats) -> None:
    for row in prange(len(line)):
        for column in range(len(line)):
            x, y = line[column], line[row]
            hill = 9.0 * np.exp(-((x + 48.0) ** 2 + (y - 52.0) ** 2) / 1800.0)
            knoll = 4.5 * np.exp(-((x - 52.0) ** 2 + (y + 46.0) ** 2) / 700.0)
            slope = 0.035 * y - 0.02 * x
            broad[row, column] = hill + knoll + slope + 5.0 * fractal(x / 70, y / 70, 2, seed)
            rough[row, column] = 2.2 * fractal(x / 14, y / 14, 4, seed + 5)
