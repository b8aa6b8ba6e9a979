"""Where everything stands: metres east (x) and north (y) of the middle of the hamlet."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

Floats = npt.NDArray[np.float64]

INNER_HALF_M = 80.0
"""Half the side of the finely painted square that the photos look at."""

OUTER_HALF_M = 200.0
"""Half the side of all the ground there is: no oblique photo looks past it."""

SUN = np.array([-0.42, -0.50, 0.757]) / np.linalg.norm([-0.42, -0.50, 0.757])
"""Unit vector towards the sun: an early afternoon in late August."""


@dataclass(frozen=True)
class House:
    """A gabled house; its ridge runs along its length, `turn` degrees anticlockwise from east."""

    x: float
    y: float
    turn: float
    length: float
    width: float
    walls: float
    pitch: float
    style: str


@dataclass(frozen=True)
class Field:
    """A worked rectangle of land, `turn` degrees anticlockwise from east."""

    x: float
    y: float
    turn: float
    length: float
    width: float


@dataclass(frozen=True)
class Tree:
    """A tree with a crown of `radius` and a height in metres."""

    x: float
    y: float
    radius: float
    height: float
    conifer: bool


@dataclass(frozen=True)
class Car:
    """A parked or driving car, its nose `turn` degrees anticlockwise from east."""

    x: float
    y: float
    turn: float
    colour: tuple[float, float, float]
    van: bool = False


HOUSES = (
    House(-15, 5, 10, 14, 10, 5.4, 34, "chalet"),
    House(9, 6, -10, 12, 9, 4.6, 40, "red"),
    House(-33, -27, 22, 13, 9.5, 5.0, 36, "brown"),
    House(-7, -31, -8, 17, 11, 5.6, 33, "chalet"),
    House(20, -27, 12, 11, 8.5, 4.4, 42, "slate"),
    House(33, 15, 38, 13, 9, 5.0, 37, "red"),
    House(-29, 29, -38, 11, 8.5, 4.8, 38, "brown"),
    House(9, 33, 78, 20, 11, 5.2, 30, "barn"),
    House(-52, 2, 66, 12, 9, 4.8, 36, "red"),
    House(47, -12, 20, 12, 9, 5.0, 38, "slate"),
    House(-55, -40, 8, 12, 9, 4.8, 36, "chalet"),
    House(60, 36, 60, 12, 9, 5.0, 36, "brown"),
    House(23, 29, 20, 6, 4.5, 2.6, 28, "barn"),
    House(-38, 13, -20, 5.5, 4.2, 2.5, 28, "barn"),
    House(-22, -43, 30, 6, 4.5, 2.6, 30, "barn"),
    House(33, -13, 25, 5.5, 4.5, 2.5, 28, "barn"),
)

FIELDS = (
    Field(47, -50, 20, 44, 30),
    Field(-56, 50, -30, 46, 34),
    Field(125, -30, 10, 80, 70),
    Field(-125, -95, 15, 90, 60),
    Field(30, 130, 5, 90, 60),
)

_ROAD = ((-200, -52), (-120, -34), (-70, -20), (-30, -12), (10, -10), (50, 4), (90, 26), (200, 70))
_LANE = ((-3, -11), (-3, 8), (-8, 24), (-16, 46), (-40, 84), (-66, 130), (-80, 200))
_TRACK = ((28, -6), (33, -20), (30, -38), (24, -62), (34, -100), (60, -200))


def road() -> Floats:
    """Return the paved road's centre line, shape (N, 2)."""
    points = np.array(_ROAD, dtype=float)
    x = np.linspace(points[0, 0], points[-1, 0], 60)
    return np.column_stack([x, PchipInterpolator(points[:, 0], points[:, 1])(x)])


def lane() -> Floats:
    """Return the gravel lane's centre line, shape (N, 2)."""
    return _northwards(_LANE)


def track() -> Floats:
    """Return the dirt track's centre line, shape (N, 2)."""
    return _northwards(_TRACK)


def _northwards(way: tuple[tuple[float, float], ...]) -> Floats:
    points = np.array(sorted(way, key=lambda p: p[1]), dtype=float)
    y = np.linspace(points[0, 1], points[-1, 1], 40)
    return np.column_stack([PchipInterpolator(points[:, 1], points[:, 0])(y), y])


def distance(line: Floats, xy: Floats) -> Floats:
    """Return the distance of each point of `xy`, shape (N, 2), to a polyline, in metres."""
    best = np.full(len(xy), np.inf)
    for a, b in pairwise(line):
        along = np.clip((xy - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        best = np.minimum(best, np.linalg.norm(xy - (a + along[:, None] * (b - a)), axis=1))
    return best


def inside(box: House | Field, xy: Floats, margin: float) -> npt.NDArray[np.bool_]:
    """Return which points of `xy`, shape (N, 2), lie in a turned rectangle grown by `margin`."""
    c, s = np.cos(np.radians(box.turn)), np.sin(np.radians(box.turn))
    dx, dy = xy[:, 0] - box.x, xy[:, 1] - box.y
    along, across = c * dx + s * dy, -s * dx + c * dy
    inner = (abs(along) < box.length / 2 + margin) & (abs(across) < box.width / 2 + margin)
    return np.asarray(inner, dtype=bool)


def trees(seed: int) -> tuple[Tree, ...]:
    """Return trees between the houses, an orchard, and woods around, none on a road or roof."""
    rng = np.random.default_rng(seed)
    orchard = [(34 + 6.5 * i + 2 * j, 52 + 6.5 * j - 2 * i) for i in range(4) for j in range(3)]
    near = rng.uniform(-74, 74, (420, 2))
    far = rng.uniform(-190, 190, (2600, 2))
    far = far[np.abs(far).max(axis=1) > 78]
    # Woods: only where a slow wave says so.
    wood = np.sin(far[:, 0] / 37.0 + 1.0) + np.cos(far[:, 1] / 41.0 - 0.6)
    far = far[wood > 0.35]
    spots = np.vstack([np.array(orchard), near, far])
    free = (distance(road(), spots) > 6.0) & (distance(lane(), spots) > 4.2)
    free &= distance(track(), spots) > 4.0
    for house in HOUSES:
        free &= ~inside(house, spots, 4.2)
    for field in FIELDS:
        free &= ~inside(field, spots, 3.0)
    chosen: list[Tree] = []
    for index, (x, y) in enumerate(spots):
        small = index < len(orchard)
        outside = max(abs(x), abs(y)) > 78
        radius = rng.uniform(1.5, 2.0) if small else rng.uniform(1.7, 3.4)
        conifer = not small and rng.random() < (0.55 if outside else 0.25)
        gap = 0.75 if outside else 1.6
        crowded = any(np.hypot(t.x - x, t.y - y) < gap * (t.radius + radius) for t in chosen)
        if not free[index] or crowded or (not small and not outside and len(chosen) > 75):
            continue
        height = radius * (rng.uniform(3.2, 3.9) if conifer else rng.uniform(2.2, 2.7))
        chosen.append(Tree(float(x), float(y), float(radius), float(height), bool(conifer)))
    return tuple(chosen)


def cars() -> tuple[Car, ...]:
    """Return the cars on the road and beside the houses."""
    return (
        Car(-20, -8.6, 8, (0.75, 0.10, 0.08)),
        Car(16, -9.6, 14, (0.88, 0.88, 0.86)),
        Car(-44, -16.6, 196, (0.10, 0.22, 0.50), van=True),
        Car(-5.5, 1.0, 84, (0.18, 0.19, 0.21)),
        Car(1.5, -2.2, -10, (0.70, 0.72, 0.74)),
        Car(-24, -22, 110, (0.85, 0.62, 0.10)),
        Car(5, -24.5, 80, (0.12, 0.36, 0.22), van=True),
        Car(40, 5.4, 24, (0.55, 0.07, 0.12)),
        Car(-40, -2, 60, (0.86, 0.87, 0.90)),
        Car(18.5, 38, 80, (0.62, 0.16, 0.08), van=True),
        Car(54, -3, 30, (0.20, 0.30, 0.62)),
        Car(-8, 20.5, 105, (0.92, 0.92, 0.88), van=True),
    )
