"""Paint on the ground: meadow, ploughed and planted fields, asphalt, gravel, tracks and yards."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from sample_flight import layout
from sample_flight.layout import Floats
from sample_flight.noise import cells, fractal, step, value
from sample_flight.shade import RESOLUTION_M

_SEGMENT = 4


def paint(
    half_m: float, pixels: int, light: npt.NDArray[np.float32], seed: int
) -> npt.NDArray[np.uint8]:
    """Return a square picture of the ground, north up.

    Parameters
    ----------
    half_m : float
        Half the side of the square in metres.
    pixels : int
        Width and height of the picture.
    light : float32 array
        Light on the whole ground, from `shade.ground_light`.

    Returns
    -------
    uint8 array, shape (pixels, pixels, 3)
    """
    picture = np.empty((pixels, pixels, 3), dtype=np.uint8)
    lines = np.vstack([_segments(w) for w in (layout.road(), layout.lane(), layout.track())])
    ends = np.cumsum([len(w()) - 1 for w in (layout.road, layout.lane, layout.track)])
    boxes: list[layout.House | layout.Field] = [*layout.HOUSES, *layout.FIELDS]
    table = np.array([(b.x, b.y, math.radians(b.turn), b.length, b.width) for b in boxes])
    _paint(half_m, picture, light, lines, ends, table, len(layout.HOUSES), seed)
    return picture


def _segments(way: Floats) -> Floats:
    """Return rows of start x, y, vector x, y and the length of the way before the segment."""
    vectors = np.diff(way, axis=0)
    before = np.concatenate([[0.0], np.cumsum(np.linalg.norm(vectors, axis=1))[:-1]])
    return np.column_stack([way[:-1], vectors, before])


@njit(cache=False)
def _beside(x: float, y: float, lines: Floats, first: int, last: int) -> tuple[float, float]:
    """Return the signed distance to a way and the length along it, in metres."""
    best, side, along = 1e9, 1.0, 0.0
    for k in range(first, last):
        vx, vy = lines[k, 2], lines[k, 3]
        dx, dy = x - lines[k, 0], y - lines[k, 1]
        size = vx * vx + vy * vy
        t = min(1.0, max(0.0, (dx * vx + dy * vy) / size))
        d = math.hypot(dx - t * vx, dy - t * vy)
        if d < best:
            best = d
            side = 1.0 if vx * dy - vy * dx > 0 else -1.0
            along = lines[k, _SEGMENT] + t * math.sqrt(size)
    return best * side, along


@njit(cache=False)
def _meadow(x: float, y: float, seed: int) -> tuple[float, float, float]:
    dry = 0.5 + 0.9 * fractal(x / 16, y / 16, 3, seed)
    patch = value(x / 2.3, y / 2.3, seed + 1)
    clump = value(x / 0.55, y / 0.55, seed + 2)
    tuft = value(x / 0.17, y / 0.17, seed + 3)
    blade = value(x / 0.07, y / 0.07, seed + 4)
    tone = 1.0 + 0.16 * patch + 0.20 * clump + 0.20 * tuft + 0.13 * blade
    red = (0.34 + 0.21 * dry) * tone
    green = (0.43 + 0.10 * dry) * tone
    blue = (0.20 + 0.10 * dry) * tone
    near, _, mark = cells(x / 0.9, y / 0.9, seed + 6)
    if near < 0.09 and fractal(x / 9, y / 9, 2, seed + 8) > 0.08:
        if mark < 0.5:
            return 0.88, 0.86, 0.80
        return 0.86, 0.74, 0.16
    bare = 0.85 * step(0.34, 0.52, fractal(x / 5.5, y / 5.5, 4, seed + 9))
    soil = 0.9 + 0.25 * tuft + 0.2 * clump
    red += bare * (0.47 * soil - red)
    green += bare * (0.38 * soil - green)
    blue += bare * (0.26 * soil - blue)
    return red, green, blue


@njit(cache=False)
def _field(
    x: float, y: float, u: float, v: float, kind: int, seed: int
) -> tuple[float, float, float]:
    wander = 0.25 * value(u / 6, v / 6, seed)
    row = 0.5 + 0.5 * math.cos(2 * math.pi * (v + wander) / 0.9)
    clod = value(x / 0.30, y / 0.30, seed + 1) + 0.7 * value(x / 0.11, y / 0.11, seed + 2)
    damp = 0.88 + 0.35 * fractal(x / 11, y / 11, 3, seed + 3)
    tone = damp * (0.80 + 0.20 * row + 0.20 * clod)
    red, green, blue = 0.46 * tone, 0.35 * tone, 0.25 * tone
    if kind == 1:
        near, _, mark = cells(u / 0.7, (v + wander) / 0.9, seed + 5)
        size = 0.30 + 0.22 * mark + 0.25 * fractal(x / 8, y / 8, 2, seed + 6)
        leaf = step(size, size - 0.12, near) * step(0.15, 0.6, row + 0.15 * clod)
        shade = (0.75 + 0.5 * mark + 0.25 * clod) * (1.2 - 0.8 * near)
        red += leaf * (0.30 * shade - red)
        green += leaf * (0.50 * shade - green)
        blue += leaf * (0.18 * shade - blue)
    elif kind == 2:
        straw = 1 + 0.3 * value(u / 0.9, v / 0.12, seed + 7) + 0.2 * clod
        stubble = 0.55 + 0.45 * row
        red, green, blue = 0.70 * straw * stubble, 0.60 * straw * stubble, 0.36 * straw * stubble
    return red, green, blue


@njit(cache=False)
def _asphalt(x: float, y: float, d: float, along: float, seed: int) -> tuple[float, float, float]:
    stone = value(x / 0.06, y / 0.06, seed) + 0.6 * value(x / 0.16, y / 0.16, seed + 1)
    worn = fractal(x / 3.1, y / 3.1, 4, seed + 2)
    tone = 0.47 + 0.07 * stone + 0.14 * worn
    tone -= 0.05 * math.exp(-(((abs(d) - 1.2) / 0.35) ** 2))
    a, b, mark = cells(along / 7.0, d / 5.0, seed + 3)
    if mark > 0.72 and b - a > 0.12:
        tone -= 0.11
    wx, wy = x + 0.5 * value(x, y, seed + 4), y + 0.5 * value(x + 9, y, seed + 5)
    first, second, _ = cells(wx / 2.6, wy / 2.6, seed + 6)
    if second - first < 0.018 + 0.03 * worn:
        tone *= 0.62
    wear = 0.75 + 0.6 * worn + 0.3 * stone
    centre = abs(d) < 0.08 and (along % 6.0) < 3.2
    edge = abs(abs(d) - 2.62) < 0.06
    if (centre or edge) and wear > 0.42:
        tone = min(0.93, tone + 0.45 * min(1.0, wear))
    return tone, tone * 0.99, tone * 0.97


@njit(cache=False)
def _gravel(x: float, y: float, seed: int) -> tuple[float, float, float]:
    near, second, mark = cells(x / 0.22, y / 0.22, seed)
    stain = 0.9 + 0.4 * fractal(x / 2.2, y / 2.2, 3, seed + 1)
    tone = stain * (0.46 + 0.32 * mark + 0.12 * value(x / 0.07, y / 0.07, seed + 2))
    tone *= 0.72 + 0.35 * min(1.0, 2.0 * (second - near))
    return tone, 0.95 * tone, 0.86 * tone


@njit(cache=False)
def _paving(u: float, v: float, seed: int) -> tuple[float, float, float]:
    row = math.floor(v / 0.42)
    offset = u / 0.62 + 0.5 * (row % 2)
    column = math.floor(offset)
    grey = 0.50 + 0.24 * fractal(u / 1.7, v / 1.7, 3, seed)
    number = value(column * 0.83 + 0.37, row * 0.71 + 0.29, seed + 2)
    grey *= 1.0 + 0.28 * number + 0.12 * value(u / 0.09, v / 0.09, seed + 3)
    if v / 0.42 - row < 0.10 or offset - column < 0.07:
        return 0.36 * grey / 0.5, 0.40 * grey / 0.5, 0.26 * grey / 0.5
    warm = 0.05 * number
    return grey + warm, grey, grey - warm


@njit(cache=False)
def _dirt(x: float, y: float, d: float, seed: int) -> tuple[float, float, float]:
    rut = math.exp(-(((abs(d) - 0.75) / 0.30) ** 2))
    grain = value(x / 0.09, y / 0.09, seed) + 0.8 * value(x / 0.3, y / 0.3, seed + 1)
    tone = 0.92 + 0.14 * grain + 0.3 * fractal(x / 2, y / 2, 3, seed + 2) - 0.22 * rut
    green = (1 - rut) * step(0.5, 0.1, abs(d)) * step(-0.2, 0.3, grain)
    return (0.55 - 0.2 * green) * tone, (0.46 - 0.02 * green) * tone, (0.33 - 0.14 * green) * tone


@njit(parallel=True, cache=False)
def _paint(
    half: float,
    picture: npt.NDArray[np.uint8],
    light: npt.NDArray[np.float32],
    lines: Floats,
    ends: npt.NDArray[np.int64],
    boxes: Floats,
    houses: int,
    seed: int,
) -> None:
    pixels = len(picture)
    for row in prange(pixels):
        y = half - (row + 0.5) * 2 * half / pixels
        for column in range(pixels):
            x = (column + 0.5) * 2 * half / pixels - half
            ragged = 0.35 * value(x / 0.5, y / 0.5, seed) + 0.5 * value(x / 2.7, y / 2.7, seed + 1)
            r, g, b = _meadow(x, y, seed + 10)
            for k in range(houses, len(boxes)):
                c, s = math.cos(boxes[k, 2]), math.sin(boxes[k, 2])
                dx, dy = x - boxes[k, 0], y - boxes[k, 1]
                u, v = c * dx + s * dy, -s * dx + c * dy
                margin = min(boxes[k, 3] / 2 - abs(u), boxes[k, 4] / 2 - abs(v)) + ragged
                if margin > 0:
                    t = step(0.0, 0.5, margin)
                    fr, fg, fb = _field(x, y, u, v, (k - houses) % 3, seed + 40 + 11 * k)
                    r, g, b = r + t * (fr - r), g + t * (fg - g), b + t * (fb - b)
            d, along = _beside(x, y, lines, ends[1], ends[2])
            if abs(d) < 2.2:
                t = step(1.7, 1.2, abs(d) + 0.5 * ragged)
                fr, fg, fb = _dirt(x, y, d, seed + 200)
                r, g, b = r + t * (fr - r), g + t * (fg - g), b + t * (fb - b)
            d, along = _beside(x, y, lines, ends[0], ends[1])
            if abs(d) < 2.8:
                t = step(2.0, 1.6, abs(d) + 0.5 * ragged)
                fr, fg, fb = _gravel(x, y, seed + 220)
                r, g, b = r + t * (fr - r), g + t * (fg - g), b + t * (fb - b)
            for k in range(houses):
                c, s = math.cos(boxes[k, 2]), math.sin(boxes[k, 2])
                dx, dy = x - boxes[k, 0], y - boxes[k, 1]
                u, v = c * dx + s * dy, -s * dx + c * dy
                yard = 1.4 + 1.6 * value(k * 1.37 + 0.5, 0.5, seed + 3)
                reach = max(abs(u) - boxes[k, 3] / 2, abs(v) - boxes[k, 4] / 2)
                if k % 2 == 0 and reach < yard + 0.8:
                    fr, fg, fb = _paving(u, v, seed + 240 + k)
                    t = step(yard + 0.05, yard, reach)
                    r, g, b = r + t * (fr - r), g + t * (fg - g), b + t * (fb - b)
                elif k % 2 == 1 and reach + ragged < yard + 0.9:
                    fr, fg, fb = _gravel(x, y, seed + 280 + k)
                    t = step(yard + 0.6, yard + 0.2, reach + ragged)
                    r, g, b = r + t * (fr - r), g + t * (fg - g), b + t * (fb - b)
            d, along = _beside(x, y, lines, 0, ends[0])
            if abs(d) < 4.2:
                fr, fg, fb = _gravel(x, y, seed + 320)
                t = step(3.6, 3.1, abs(d) + 0.7 * ragged)
                r, g, b = r + t * (fr - r), g + t * (fg - g), b + t * (fb - b)
                if abs(d) < 2.8 + 0.12 * ragged:
                    r, g, b = _asphalt(x, y, d, along, seed + 340)
            lit = _lookup(light, x, y)
            picture[row, column, 0] = int(min(255.0, max(0.0, 255.0 * r * lit)))
            picture[row, column, 1] = int(min(255.0, max(0.0, 255.0 * g * lit)))
            picture[row, column, 2] = int(min(255.0, max(0.0, 255.0 * b * lit)))


@njit(cache=False)
def _lookup(light: npt.NDArray[np.float32], x: float, y: float) -> float:
    last = len(light) - 2
    u = min(float(last), max(0.0, x / RESOLUTION_M + 0.5 * len(light) - 0.5))
    v = min(float(last), max(0.0, y / RESOLUTION_M + 0.5 * len(light) - 0.5))
    i, j = int(u), int(v)
    u, v = u - i, v - j
    low = light[j, i] * (1 - u) + light[j, i + 1] * u
    high = light[j + 1, i] * (1 - u) + light[j + 1, i + 1] * u
    return float(low * (1 - v) + high * v)
