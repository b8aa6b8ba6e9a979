"""Houses with gable roofs, eaves and chimneys, as panels."""

from __future__ import annotations

import numpy as np

from sample_flight import layout, walls
from sample_flight.layout import Floats
from sample_flight.meshes import Corners, Panel, turned
from sample_flight.shade import lambert
from sample_flight.terrain import Terrain

_EAVES_M = 0.6
_SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)


def panels(house: layout.House, terrain: Terrain, seed: int) -> list[Panel]:
    """Return the walls and the roof of one house."""
    base = terrain.height(house.x, house.y) - 0.15
    a, b, h = house.length / 2, house.width / 2, house.walls
    slope = np.tan(np.radians(house.pitch))
    ridge = h + b * slope
    found: list[Panel] = []
    for k, side in enumerate((1, -1)):
        corners = [(-side * a, -side * b, 0.0), (side * a, -side * b, 0.0)]
        corners += [(side * a, -side * b, h), (-side * a, -side * b, h)]
        found.append(_wall(house, base, corners, (0, -side, 0), 2 * a, h, seed + k))
        corners = [(side * a, -side * b, 0.0), (side * a, side * b, 0.0), (side * a, side * b, h)]
        corners += [(side * a, 0.0, ridge), (side * a, -side * b, h)]
        found.append(_wall(house, base, corners, (side, 0, 0), 2 * b, ridge, seed + 2 + k))
        low, out = h - _EAVES_M * slope, b + _EAVES_M
        long = a + _EAVES_M
        corners = [(-side * long, -side * out, low), (side * long, -side * out, low)]
        corners += [(side * long, 0.0, ridge), (-side * long, 0.0, ridge)]
        light = float(
            lambert(turned(house.turn, np.array([0, -side * slope, 1])) / np.hypot(1, slope))
        )
        picture = walls.roof(2 * long, np.hypot(out, ridge - low), house.style, light, seed + 4 + k)
        found.append(Panel(_place(house, base + 0.05, corners), _SQUARE, picture))
    if house.style != "barn":
        found += _chimney(house, base, ridge, seed)
    return found


def ridge_ends(house: layout.House, terrain: Terrain) -> list[list[float]]:
    """Return the two ends of a roof's ridge, metres east, north, up."""
    base = terrain.height(house.x, house.y) - 0.10
    ridge = house.walls + house.width / 2 * np.tan(np.radians(house.pitch))
    long = house.length / 2 + _EAVES_M
    ends = _place(house, base, [(-long, 0.0, ridge), (long, 0.0, ridge)])
    return [[round(float(v), 4) for v in end] for end in ends]


def _wall(
    house: layout.House,
    base: float,
    corners: Corners,
    normal: tuple[float, float, float],
    width: float,
    height: float,
    seed: int,
) -> Panel:
    light = float(lambert(turned(house.turn, np.array(normal, dtype=float))))
    flat = np.array(corners, dtype=float)
    along = np.cross([0, 0, 1], normal)
    uv = np.column_stack([flat @ along / width + 0.5, flat[:, 2] / height])
    picture = walls.facade(width, height, house.style, light, seed)
    return Panel(_place(house, base, corners), uv, picture)


def _chimney(house: layout.House, base: float, ridge: float, seed: int) -> list[Panel]:
    found: list[Panel] = []
    x, half, bottom, top = house.length * 0.22, 0.38, ridge - 1.0, ridge + 1.1
    for k, (c, s) in enumerate(((1, 0), (0, 1), (-1, 0), (0, -1))):
        corners = [
            (x + half * (c + s), half * (s - c), bottom),
            (x + half * (c - s), half * (s + c), bottom),
        ]
        corners += [(corners[1][0], corners[1][1], top), (corners[0][0], corners[0][1], top)]
        light = float(lambert(turned(house.turn, np.array([c, s, 0.0]))))
        picture = walls.roof(2 * half, top - bottom, "brown", light, 3 * seed + 50 + k)
        found.append(Panel(_place(house, base, corners), _SQUARE, picture))
    lid = [
        (x - half, -half, top),
        (x + half, -half, top),
        (x + half, half, top),
        (x - half, half, top),
    ]
    found.append(
        Panel(_place(house, base, lid), _SQUARE, walls.facade(0.8, 0.8, "slate", 0.8, seed + 60))
    )
    return found


def _place(house: layout.House, base: float, corners: Corners) -> Floats:
    turned_corners = turned(house.turn, np.array(corners, dtype=float))
    return np.asarray(turned_corners + np.array([house.x, house.y, base]))
