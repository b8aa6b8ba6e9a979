"""The solid things on the ground as textured or vertex-coloured meshes: houses, trees, cars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sample_flight import layout, walls
from sample_flight.layout import Floats
from sample_flight.shade import lambert
from sample_flight.terrain import Terrain

_EAVES_M = 0.6


@dataclass(frozen=True)
class Panel:
    """A flat polygon with a picture: corners (N, 3), texture coordinates (N, 2), v up."""

    corners: Floats
    coordinates: Floats
    picture: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Shell:
    """Triangles with a colour a vertex: points (N, 3), triangles (M, 3), colours (N, 3) uint8."""

    points: Floats
    triangles: npt.NDArray[np.int64]
    colours: npt.NDArray[np.uint8]


def house_panels(house: layout.House, terrain: Terrain, seed: int) -> list[Panel]:
    """Return the walls and the roof of one house."""
    base = float(terrain.at(np.array(house.x), np.array(house.y))) - 0.15
    a, b, h = house.length / 2, house.width / 2, house.walls
    slope = np.tan(np.radians(house.pitch))
    ridge = h + b * slope
    panels = []
    for k, side in enumerate((1, -1)):
        corners = [(-side * a, -side * b, 0), (side * a, -side * b, 0)]
        corners += [(side * a, -side * b, h), (-side * a, -side * b, h)]
        panels.append(_wall(house, base, corners, (0, -side, 0), 2 * a, h, seed + k))
        corners = [(side * a, -side * b, 0), (side * a, side * b, 0), (side * a, side * b, h)]
        corners += [(side * a, 0, ridge), (side * a, -side * b, h)]
        panels.append(_wall(house, base, corners, (side, 0, 0), 2 * b, ridge, seed + 2 + k))
        low, out = h - _EAVES_M * slope, b + _EAVES_M
        long = a + _EAVES_M
        corners = [(-side * long, -side * out, low), (side * long, -side * out, low)]
        corners += [(side * long, 0, ridge), (-side * long, 0, ridge)]
        light = float(
            lambert(_turn(house.turn, np.array([0, -side * slope, 1])) / np.hypot(1, slope))
        )
        picture = walls.roof(2 * long, np.hypot(out, ridge - low), house.style, light, seed + 4 + k)
        square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)
        panels.append(Panel(_place(house, base + 0.05, corners), square, picture))
    if house.style != "barn":
        panels += _chimney(house, base, ridge, seed)
    return panels


def ridge_ends(house: layout.House, terrain: Terrain) -> list[list[float]]:
    """Return the two ends of a roof's ridge, metres east, north, up."""
    base = float(terrain.at(np.array(house.x), np.array(house.y))) - 0.10
    ridge = house.walls + house.width / 2 * np.tan(np.radians(house.pitch))
    long = house.length / 2 + _EAVES_M
    ends = _place(house, base, [(-long, 0.0, ridge), (long, 0.0, ridge)])
    return [[round(float(v), 4) for v in end] for end in ends]


def _wall(
    house: layout.House,
    base: float,
    corners: list[tuple[float, float, float]],
    normal: tuple[float, float, float],
    width: float,
    height: float,
    seed: int,
) -> Panel:
    light = float(lambert(_turn(house.turn, np.array(normal, dtype=float))))
    flat = np.array(corners, dtype=float)
    along = np.cross([0, 0, 1], normal)
    uv = np.column_stack([flat @ along / width + 0.5, flat[:, 2] / height])
    picture = walls.facade(width, height, house.style, light, seed)
    return Panel(_place(house, base, corners), uv, picture)


def _chimney(house: layout.House, base: float, ridge: float, seed: int) -> list[Panel]:
    panels = []
    x, half, bottom, top = house.length * 0.22, 0.38, ridge - 1.0, ridge + 1.1
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)
    for k, (c, s) in enumerate(((1, 0), (0, 1), (-1, 0), (0, -1))):
        corners = [
            (x + half * (c + s), half * (s - c), bottom),
            (x + half * (c - s), half * (s + c), bottom),
        ]
        corners += [(corners[1][0], corners[1][1], top), (corners[0][0], corners[0][1], top)]
        light = float(lambert(_turn(house.turn, np.array([c, s, 0.0]))))
        picture = walls.roof(2 * half, top - bottom, "brown", light, 3 * seed + 50 + k)
        panels.append(Panel(_place(house, base, corners), square, picture))
    lid = [
        (x - half, -half, top),
        (x + half, -half, top),
        (x + half, half, top),
        (x - half, half, top),
    ]
    panels.append(
        Panel(_place(house, base, lid), square, walls.facade(0.8, 0.8, "slate", 0.8, seed + 60))
    )
    return panels


def _turn(degrees: float, vectors: Floats) -> Floats:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.asarray(vectors @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]))


def _place(house: layout.House, base: float, corners: list[tuple[float, float, float]]) -> Floats:
    return _turn(house.turn, np.array(corners, dtype=float)) + [house.x, house.y, base]


def tree_shell(tree: layout.Tree, terrain: Terrain, fine: bool, rng: np.random.Generator) -> Shell:
    """Return trunk, dark core and leaves of a tree; `fine` for trees that are seen from near."""
    base = np.array([tree.x, tree.y, float(terrain.at(np.array(tree.x), np.array(tree.y)))])
    leaves = int((420 if tree.conifer else 330) * tree.radius**1.5 * (1.0 if fine else 0.4))
    size = (0.16 if fine else 0.30) * (1.0 if tree.conifer else 1.15)
    hue = rng.uniform(-1, 1)
    if tree.conifer:
        level = 1 - np.sqrt(rng.random(leaves))
        angle = rng.uniform(0, 2 * np.pi, leaves)
        tier = 0.72 + 0.28 * ((level * 9) % 1.0)
        reach = tree.radius * (1 - level) * tier * rng.uniform(0.82, 1.05, leaves)
        height = tree.height * (0.12 + 0.88 * level)
        middle = np.column_stack([reach * np.cos(angle), reach * np.sin(angle), height])
        outward = np.column_stack([np.cos(angle), np.sin(angle), np.full(leaves, 0.45)])
        colour = np.array([0.25 + 0.03 * hue, 0.36, 0.20])
    else:
        outward = rng.normal(size=(leaves, 3))
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        bump = 1 + 0.16 * np.sin(3.1 * outward @ rng.normal(size=(3, 3)) * 2.0).sum(axis=1) / 1.7
        crown = np.array([tree.radius, tree.radius, 0.40 * tree.height])
        middle = outward * crown * (bump * rng.uniform(0.86, 1.04, leaves))[:, None]
        middle[:, 2] += 0.60 * tree.height
        colour = np.array([0.36 + 0.08 * hue, 0.46 + 0.03 * hue, 0.18])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    shine = lambert(outward) * (0.62 + 0.38 * np.clip(middle[:, 2] / tree.height, 0, 1))
    tint = colour * (1 + 0.34 * rng.normal(size=(leaves, 1)).clip(-1.6, 1.6))
    tint = tint * (1 + 0.06 * rng.normal(size=(leaves, 3)))
    shell = _leaves(middle + base, outward, size * rng.uniform(0.7, 1.5, leaves), rng)
    colours = np.repeat(np.clip(tint * shine[:, None], 0, 1), 4, axis=0)
    crown_shell = Shell(shell[0], shell[1], (255 * colours).astype(np.uint8))
    return _join([crown_shell, _trunk(tree, base, rng), _core(tree, base, colour, rng)])


def _leaves(
    middle: Floats, outward: Floats, size: Floats, rng: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    normal = outward + 0.55 * rng.normal(size=outward.shape)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    u = np.cross(normal, rng.normal(size=normal.shape))
    u *= (size / np.linalg.norm(u, axis=1))[:, None]
    v = np.cross(normal, u) * 0.8
    points = np.stack([middle + u, middle + v, middle - u, middle - v], axis=1).reshape(-1, 3)
    first = 4 * np.arange(len(middle))[:, None]
    triangles = np.concatenate([first + [0, 1, 2], first + [0, 2, 3]])
    return points, triangles


def _ring_shell(
    radii: Floats, levels: Floats, sides: int, base: Floats
) -> tuple[Floats, npt.NDArray[np.int64]]:
    angle = np.arange(sides) * 2 * np.pi / sides
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.concatenate(
        [
            np.column_stack([r * circle, np.full(sides, z)])
            for r, z in zip(radii, levels, strict=True)
        ]
    )
    triangles = []
    for ring in range(len(radii) - 1):
        for k in range(sides):
            a, b = ring * sides + k, ring * sides + (k + 1) % sides
            triangles += [(a, b, b + sides), (a, b + sides, a + sides)]
    return points + base, np.array(triangles)


def _trunk(tree: layout.Tree, base: Floats, rng: np.random.Generator) -> Shell:
    levels = np.linspace(-0.3, 0.55 * tree.height, 8)
    radii = 0.10 * tree.radius * np.linspace(1.3, 0.7, 8)
    points, triangles = _ring_shell(radii, levels, 8, base)
    tone = 0.55 + 0.3 * rng.random((len(points), 1))
    return Shell(points, triangles, (255 * tone * [0.42, 0.33, 0.25]).astype(np.uint8))


def _core(tree: layout.Tree, base: Floats, colour: Floats, rng: np.random.Generator) -> Shell:
    t = np.linspace(0.02, 0.98, 12)
    if tree.conifer:
        levels, radii = tree.height * (0.12 + 0.85 * t), 0.74 * tree.radius * (1 - t)
    else:
        levels = tree.height * (0.60 - 0.33 * np.cos(np.pi * t))
        radii = 0.80 * tree.radius * np.sin(np.pi * t)
    points, triangles = _ring_shell(radii, levels, 20, base)
    tone = (0.30 + 0.25 * rng.random((len(points), 1))) * (
        0.6 + 0.5 * (points[:, 2:] - base[2]) / tree.height
    )
    return Shell(points, triangles, (255 * np.clip(tone * colour, 0, 1)).astype(np.uint8))


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
    body = _join(shells)
    base = float(terrain.at(np.array(car.x), np.array(car.y)))
    return Shell(_turn(car.turn, body.points) + [car.x, car.y, base], body.triangles, body.colours)


def _sheet(
    corners: list[tuple[float, float, float]],
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
    light = float(lambert(_turn(car.turn, normal)))
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
    points, triangles = _ring_shell(radii, levels, 16, np.zeros(3))
    tone = np.repeat([0.12, 0.14, 0.50, 0.62], 16)[:, None] * (1 + 0.2 * rng.random((64, 1)))
    upright = np.column_stack([points[:, 0], np.sign(y) * points[:, 2], points[:, 1]])
    return Shell(upright + [x, y, 0.33], triangles, (255 * tone * np.ones(3)).astype(np.uint8))


def join(shells: list[Shell]) -> Shell:
    """Return several shells as one."""
    return _join(shells)


def _join(shells: list[Shell]) -> Shell:
    starts = np.cumsum([0] + [len(s.points) for s in shells[:-1]])
    return Shell(
        np.concatenate([s.points for s in shells]),
        np.concatenate([s.triangles + start for s, start in zip(shells, starts, strict=True)]),
        np.concatenate([s.colours for s in shells]),
    )
