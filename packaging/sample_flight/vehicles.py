"""Cars and vans: a profile swept across the width, on four wheels."""

from __future__ import annotations

import numpy as np

from sample_flight import layout
from sample_flight.layout import Floats
from sample_flight.meshes import Corners, Shell, join, rings, turned
from sample_flight.shade import lambert
from sample_flight.terrain import Terrain


def car_shell(car: layout.Car, terrain: Terrain, rng: np.random.Generator) -> Shell:
    """Return a car or van: a profile swept across its width, finely coloured."""
    low, roof = (0.30, 2.05) if car.van else (0.28, 1.42)
    if car.van:
        profile = [
            (-2.3, low),
            (-2.35, 1.0),
            (-2.25, roof),
            (1.2, roof),
            (1.8, 1.15),
            (2.35, 0.95),
            (2.4, low),
        ]
    else:
        profile = [
            (-2.1, low),
            (-2.15, 0.8),
            (-1.9, 0.95),
            (-1.35, roof),
            (0.35, roof),
            (1.0, 0.95),
            (2.05, 0.78),
            (2.15, low),
        ]
    glass = {2, 4} if not car.van else {3}
    width = 1.9 if car.van else 1.76
    shells = []
    for k in range(len(profile) - 1):
        (xa, za), (xb, zb) = profile[k], profile[k + 1]
        inset = [0.16 if z > 1.1 else 0.0 for z in (za, zb)]
        corners = [(xa, -width / 2 + inset[0], za), (xa, width / 2 - inset[0], za)]
        corners += [(xb, width / 2 - inset[1], zb), (xb, -width / 2 + inset[1], zb)]
        normal = np.array([-(zb - za), 0, xb - xa]) / np.hypot(zb - za, xb - xa)
        shells.append(_sheet(corners, normal, car, k in glass, rng))
    for side in (-1, 1):
        for xa, xb, za, zb in ((-2.1, 2.1, low, 0.95), (-1.6, 0.8, 0.95, roof)):
            shrink = 0.16 if zb > 1.1 else 0.0
            top = (xa + 0.35, xb - 0.4) if zb > 1.1 else (xa, xb)
            y = side * width / 2
            corners = [
                (xa, y, za),
                (xb, y, za),
                (top[1], y - side * shrink, zb),
                (top[0], y - side * shrink, zb),
            ]
            normal = np.array([0.0, side, 0.25]) / np.hypot(1, 0.25)
            shells.append(_sheet(corners, normal, car, zb > 1.1, rng))
        for x in (-1.35, 1.35):
            shells.append(_wheel(x, side * (width / 2 - 0.02), rng))
    body = join(shells)
    base = terrain.height(car.x, car.y)
    return Shell(
        turned(car.turn, body.points) + np.array([car.x, car.y, base]), body.triangles, body.colours
    )


def _sheet(
    corners: Corners,
    normal: Floats,
    car: layout.Car,
    glass: bool,
    rng: np.random.Generator,
) -> Shell:
    p = np.array(corners, dtype=float)
    count = 14
    s, t = (a.ravel()[:, None] for a in np.meshgrid(*[np.linspace(0, 1, count)] * 2))
    points = (1 - t) * ((1 - s) * p[0] + s * p[1]) + t * ((1 - s) * p[3] + s * p[2])
    paint = np.array([0.16, 0.19, 0.23]) if glass else np.array(car.colour)
    rim = np.minimum(np.minimum(s, 1 - s), np.minimum(t, 1 - t)) < 0.09
    tone = np.where(rim, 1.9 if glass else 0.72, 1.0) * (1 + 0.10 * rng.normal(size=s.shape))
    dirt = 0.82 + 0.18 * np.clip(points[:, 2:] / 0.8, 0, 1)
    light = float(lambert(turned(car.turn, normal)))
    index = np.arange(count * count).reshape(count, count)
    a, b, c, d = (
        x.ravel() for x in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1])
    )
    triangles = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    return Shell(
        points, triangles, (255 * np.clip(paint * tone * dirt * light, 0, 1)).astype(np.uint8)
    )


def _wheel(x: float, y: float, rng: np.random.Generator) -> Shell:
    radii, levels = np.array([0.33, 0.33, 0.18, 0.02]), np.array([-0.1, 0.1, 0.11, 0.11])
    points, triangles = rings(radii, levels, 16, np.zeros(3))
    tone = np.repeat([0.12, 0.14, 0.50, 0.62], 16)[:, None] * (1 + 0.2 * rng.random((64, 1)))
    upright = np.column_stack([points[:, 0], np.sign(y) * points[:, 2], points[:, 1]])
    return Shell(
        upright + np.array([x, y, 0.33]), triangles, (255 * tone * np.ones(3)).astype(np.uint8)
    )
