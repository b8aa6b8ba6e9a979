"""Sunlight on the ground: slope, cast shadows and a soft darkening beside high things."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit, prange
from scipy.ndimage import gaussian_filter

from sample_flight import layout
from sample_flight.layout import Floats
from sample_flight.terrain import Terrain

RESOLUTION_M = 0.1
SKY = 0.46
SUNSHINE = 0.74


def lambert(normal: Floats) -> Floats:
    """Return how bright faces are that see the whole sky; normals of shape (..., 3)."""
    direct = np.maximum(0.0, normal @ layout.SUN)
    # A face turned away from the sky sees less of it and more of the darker ground.
    return np.asarray(SKY * (0.72 + 0.28 * normal[..., 2]) + SUNSHINE * direct)


def ground_light(terrain: Terrain, trees: tuple[layout.Tree, ...]) -> npt.NDArray[np.float32]:
    """Return the light on the ground, row = north and column = east, `RESOLUTION_M` a pixel."""
    count = round(2 * layout.OUTER_HALF_M / RESOLUTION_M)
    line = (np.arange(count) + 0.5) * RESOLUTION_M - layout.OUTER_HALF_M
    x, y = np.meshgrid(line, line)
    ground = terrain.at(x, y).astype(np.float32)
    tops = ground.copy()
    _raise_houses(tops, terrain)
    _raise_trees(tops, terrain, trees)
    _raise_cars(tops, terrain)
    shadow = np.empty_like(ground)
    reach = 13.0 / layout.SUN[2]
    step = layout.SUN * (RESOLUTION_M / np.hypot(layout.SUN[0], layout.SUN[1]))
    _cast(ground, tops, step / RESOLUTION_M, float(step[2]), int(reach / RESOLUTION_M), shadow)
    dy, dx = np.gradient(gaussian_filter(ground, 2), RESOLUTION_M)
    slope = (layout.SUN[2] - dx * layout.SUN[0] - dy * layout.SUN[1]) / np.sqrt(dx**2 + dy**2 + 1)
    lit = 1.0 - gaussian_filter(shadow, 1.2)
    height = np.clip(tops - ground, 0, 4)
    near = np.clip(gaussian_filter(height, 6) / 4, 0, 1)
    light = SKY * (1 - 0.45 * near) + SUNSHINE * np.maximum(0, slope) * lit
    return np.asarray(light, dtype=np.float32)


def _window(x: float, y: float, reach: float, count: int) -> tuple[slice, slice, Floats, Floats]:
    low = [int((v - reach + layout.OUTER_HALF_M) / RESOLUTION_M) for v in (x, y)]
    high = [int((v + reach + layout.OUTER_HALF_M) / RESOLUTION_M) + 1 for v in (x, y)]
    columns = slice(max(0, low[0]), min(count, high[0]))
    rows = slice(max(0, low[1]), min(count, high[1]))
    xs = (np.arange(columns.start, columns.stop) + 0.5) * RESOLUTION_M - layout.OUTER_HALF_M
    ys = (np.arange(rows.start, rows.stop) + 0.5) * RESOLUTION_M - layout.OUTER_HALF_M
    dx, dy = np.meshgrid(xs - x, ys - y)
    return rows, columns, dx, dy


def _raise_houses(tops: npt.NDArray[np.float32], terrain: Terrain) -> None:
    for house in layout.HOUSES:
        rows, columns, dx, dy = _window(house.x, house.y, house.length, len(tops))
        c, s = np.cos(np.radians(house.turn)), np.sin(np.radians(house.turn))
        along, across = abs(c * dx + s * dy), abs(-s * dx + c * dy)
        base = terrain.height(house.x, house.y)
        roof = (house.width / 2 - across) * np.tan(np.radians(house.pitch))
        inside = (along < house.length / 2 + 0.6) & (across < house.width / 2 + 0.6)
        top = np.where(inside, base + house.walls + roof, -1e9)
        tops[rows, columns] = np.maximum(tops[rows, columns], top)


def _raise_trees(
    tops: npt.NDArray[np.float32], terrain: Terrain, trees: tuple[layout.Tree, ...]
) -> None:
    rng = np.random.default_rng(5)
    for tree in trees:
        rows, columns, dx, dy = _window(tree.x, tree.y, tree.radius, len(tops))
        ratio = np.hypot(dx, dy) / tree.radius
        base = terrain.height(tree.x, tree.y)
        shape = 1 - ratio if tree.conifer else np.sqrt(np.maximum(0, 1 - ratio**2)) * 0.45 + 0.5
        # Leaves let some light through, more towards the rim.
        leaf = gaussian_filter(rng.random(ratio.shape), 1.5)
        leaf = (leaf - leaf.min()) / (np.ptp(leaf) + 1e-9)
        solid = (ratio < 1) & (leaf > 0.18 + 0.35 * ratio**4)
        tops[rows, columns] = np.maximum(
            tops[rows, columns], np.where(solid, base + tree.height * shape, -1e9)
        )


def _raise_cars(tops: npt.NDArray[np.float32], terrain: Terrain) -> None:
    for car in layout.cars():
        rows, columns, dx, dy = _window(car.x, car.y, 3.0, len(tops))
        c, s = np.cos(np.radians(car.turn)), np.sin(np.radians(car.turn))
        along, across = abs(c * dx + s * dy), abs(-s * dx + c * dy)
        base = terrain.height(car.x, car.y)
        inside = (along < 2.2) & (across < 0.9)
        top = np.where(inside, base + (2.0 if car.van else 1.3), -1e9)
        tops[rows, columns] = np.maximum(tops[rows, columns], top)


@njit(parallel=True, cache=False)
def _cast(
    ground: npt.NDArray[np.float32],
    tops: npt.NDArray[np.float32],
    direction: Floats,
    rise: float,
    steps: int,
    shadow: npt.NDArray[np.float32],
) -> None:
    count = len(ground)
    for row in prange(count):
        for column in range(count):
            hidden = 0.0
            for k in range(3, steps):
                r, c = int(row + k * direction[1] + 0.5), int(column + k * direction[0] + 0.5)
                if r < 0 or c < 0 or r >= count or c >= count:
                    break
                if tops[r, c] > ground[row, column] + k * rise:
                    hidden = 1.0
                    break
            shadow[row, column] = hidden
