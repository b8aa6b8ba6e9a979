"""Paint for roofs and facades: tiles, boards, plaster, windows with frames, doors."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from sample_flight.noise import cells, fractal, lattice, step, value

PIXEL_M = 0.025
Picture = npt.NDArray[np.uint8]

_ROOFS = {
    "red": (0.60, 0.34, 0.25),
    "brown": (0.50, 0.33, 0.24),
    "slate": (0.38, 0.40, 0.44),
    "chalet": (0.55, 0.30, 0.22),
    "barn": (0.47, 0.36, 0.30),
}
_PLASTER = {
    "red": (0.90, 0.84, 0.68),
    "brown": (0.86, 0.76, 0.60),
    "slate": (0.84, 0.86, 0.84),
    "chalet": (0.92, 0.90, 0.84),
    "barn": (0.52, 0.38, 0.26),
}


def roof(width_m: float, height_m: float, style: str, light: float, seed: int) -> Picture:
    """Return a roof side of given size, ridge at the top; `light` multiplies its colours."""
    picture = _canvas(width_m, height_m)
    panels = seed % 3 == 0 and style != "barn"
    _roof(picture, PIXEL_M, np.array(_ROOFS[style]), light, panels, seed)
    return picture


def facade(width_m: float, height_m: float, style: str, light: float, seed: int) -> Picture:
    """Return a wall of given size, ground at the bottom; `light` multiplies its colours."""
    picture = _canvas(width_m, height_m)
    boards = {"chalet": 2.7, "barn": 0.4}.get(style, 99.0)
    _facade(picture, PIXEL_M, np.array(_PLASTER[style]), boards, light, seed)
    return picture


def _canvas(width_m: float, height_m: float) -> Picture:
    shape = (max(8, round(height_m / PIXEL_M)), max(8, round(width_m / PIXEL_M)), 3)
    return np.empty(shape, dtype=np.uint8)


@njit(parallel=True, cache=False)
def _roof(
    picture: Picture,
    pixel: float,
    base: npt.NDArray[np.float64],
    light: float,
    panels: bool,
    seed: int,
) -> None:
    rows, columns = picture.shape[0], picture.shape[1]
    height, width = rows * pixel, columns * pixel
    for row in prange(rows):
        v = (row + 0.5) * pixel
        for column in range(columns):
            u = (column + 0.5) * pixel
            course = math.floor(v / 0.36)
            place = u / 0.28 + 0.5 * (course % 2)
            number = math.floor(place)
            own = lattice(number, course, seed) - 0.5
            inside_u, inside_v = place - number, v / 0.36 - course
            moss = 0.65 * step(0.12, 0.55, fractal(u / 1.6, v / 1.1, 4, seed + 1) + 0.04 * own)
            tone = 1 + 0.42 * own + 0.35 * fractal(u / 2.7, v / 2.7, 3, seed + 2)
            tone += 0.10 * value(u / 0.06, v / 0.06, seed + 3)
            tone *= 0.80 + 0.28 * math.sin(math.pi * inside_u)
            if inside_v > 0.84:
                tone *= 0.55
            if v < 0.3:
                tone *= 1.12 if (u / 0.4) % 1.0 > 0.1 else 0.6
            r = base[0] * tone + moss * (0.36 * tone - base[0] * tone)
            g = base[1] * tone + moss * (0.38 * tone - base[1] * tone)
            b = base[2] * tone + moss * (0.22 * tone - base[2] * tone)
            pu, pv = (u - 0.22 * width) / 1.1, (v - 0.22 * height) / 1.7
            wide, high = math.floor(0.5 * width / 1.1), math.floor(0.55 * height / 1.7)
            if panels and 0 <= pu < wide and 0 <= pv < high:
                fu, fv = pu - math.floor(pu), pv - math.floor(pv)
                r, g, b = 0.10, 0.13, 0.25
                glint = 0.05 * fractal(u / 1.3, v / 1.3, 3, seed + 9) + 0.04 * value(
                    u / 0.1, v / 0.1, seed + 4
                )
                if (fu * 6) % 1.0 < 0.10 or (fv * 10) % 1.0 < 0.10:
                    r, g, b = 0.30, 0.34, 0.44
                if fu < 0.035 or fv < 0.03:
                    r, g, b = 0.72, 0.73, 0.75
                r, g, b = r + glint, g + glint, b + glint
            hatch_u, hatch_v = u - 0.82 * width, v - 0.4 * height
            if 0 < hatch_u < 0.9 and 0 < hatch_v < 1.2 and seed % 4 == 1:
                rim = min(hatch_u, 0.9 - hatch_u, hatch_v, 1.2 - hatch_v)
                sky = 0.42 + 0.3 * hatch_v / 1.2 + 0.2 * fractal(u / 0.5, v / 0.5, 2, seed + 5)
                r, g, b = (0.25, 0.24, 0.23) if rim < 0.08 else (0.8 * sky, 0.95 * sky, sky)
            picture[row, column, 0] = int(min(255.0, max(0.0, 255 * r * light)))
            picture[row, column, 1] = int(min(255.0, max(0.0, 255 * g * light)))
            picture[row, column, 2] = int(min(255.0, max(0.0, 255 * b * light)))


@njit(cache=False)
def _window(
    u: float, v: float, wide: float, high: float, seed: int
) -> tuple[bool, float, float, float]:
    """Return whether a window covers the place, and its colour; (0, 0) is its lower left."""
    shutter = lattice(seed, 3, 17) > 0.35
    if shutter and (-0.52 < u < -0.04 or wide + 0.04 < u < wide + 0.52) and 0 < v < high:
        tone = (0.75 + 0.25 * math.sin(2 * math.pi * v / 0.09)) * (1 + 0.15 * value(u * 9, v, seed))
        if lattice(seed // 64, 5, 23) > 0.5:
            return True, 0.22 * tone, 0.38 * tone, 0.24 * tone
        return True, 0.42 * tone, 0.26 * tone, 0.16 * tone
    if -0.12 < u < wide + 0.12 and -0.14 < v < -0.02:
        tone = 0.62 + 0.1 * value(u * 12, v * 12, seed)
        return True, tone, tone, tone * 0.95
    if not (0 < u < wide and 0 < v < high):
        return False, 0.0, 0.0, 0.0
    rim = min(u, wide - u, v, high - v)
    if rim < 0.07 or abs(u - wide / 2) < 0.04 or abs(v - 0.68 * high) < 0.03:
        tone = 0.86 + 0.06 * value(u * 15, v * 15, seed)
        return True, tone, tone, 0.97 * tone
    curtain = lattice(seed, 9, 29)
    if curtain > 0.4 and abs(u - wide / 2) > wide * (0.16 + 0.2 * curtain):
        fold = 0.66 + 0.16 * math.sin(u * 55 + curtain * 9)
        return True, fold, fold * 0.98, fold * 0.92
    glass = 0.20 + 0.22 * v / high + 0.18 * fractal(u / 0.5 + seed, v / 0.6, 3, seed)
    return True, 0.75 * glass, 0.9 * glass, 1.05 * glass


@njit(parallel=True, cache=False)
def _facade(
    picture: Picture,
    pixel: float,
    base: npt.NDArray[np.float64],
    boards: float,
    light: float,
    seed: int,
) -> None:
    rows, columns = picture.shape[0], picture.shape[1]
    height, width = rows * pixel, columns * pixel
    bays = max(1, int(width / 2.9))
    bay = width / bays
    entrance = int(lattice(seed, 1, 41) * bays)
    for row in prange(rows):
        v = height - (row + 0.5) * pixel
        for column in range(columns):
            u = (column + 0.5) * pixel
            stain = fractal(u / 1.4, v / 2.2, 4, seed + 1)
            grain = value(u / 0.06, v / 0.06, seed + 2) + value(u / 0.2, v / 0.2, seed + 3)
            tone = 1 + 0.22 * stain + 0.07 * grain
            r, g, b = base[0] * tone, base[1] * tone, base[2] * tone
            if v > boards:
                board = math.floor(u / 0.19)
                own = lattice(board, 7, seed) - 0.5
                fibre = value(u / 0.03, v / 0.9, seed + 4)
                tone = 1 + 0.40 * own + 0.16 * fibre + 0.25 * stain
                if u / 0.19 - board < 0.11:
                    tone *= 0.45
                r, g, b = 0.50 * tone, 0.34 * tone, 0.21 * tone
            elif boards < 9 and boards - v < 0.2:
                r, g, b = 0.33, 0.22, 0.14
            if v < 0.75:
                near, second, mark = cells(u / 0.42, v / 0.30, seed + 5)
                tone = (0.42 + 0.26 * mark + 0.05 * grain) * (0.6 if second - near < 0.1 else 1.0)
                r, g, b = tone, 0.97 * tone, 0.90 * tone
            storey = 0 if v < 2.75 else 1
            slot = int(min(bays - 1, u / bay))
            left = (slot + 0.5) * bay - 0.55
            bottom = 0.95 if storey == 0 else 3.45
            top_fits = bottom + 1.35 < height - 0.35
            mark = seed * 64 + slot * 2 + storey
            if storey == 0 and slot == entrance and height > 2.4:
                du, dv = u - left, v
                if 0 < du < 1.1 and 0.1 < dv < 2.25:
                    rim = min(du, 1.1 - du, 2.25 - dv)
                    panel = (du / 0.55) % 1.0 < 0.14 or (dv / 0.7) % 1.0 < 0.1
                    tone = (0.6 if panel else 1.0) * (1 + 0.12 * value(u / 0.03, v / 0.7, seed + 8))
                    r, g, b = (
                        (0.85, 0.84, 0.8) if rim < 0.08 else (0.36 * tone, 0.2 * tone, 0.1 * tone)
                    )
            elif top_fits and lattice(mark, 2, 43) > 0.14:
                hit, wr, wg, wb = _window(u - left, v - bottom, 1.1, 1.35, mark)
                if hit:
                    r, g, b = wr, wg, wb
            under_eaves = 1.0 - 0.38 * step(height - 1.0, height, v)
            damp = 1.0 - 0.25 * step(0.5, 0.0, v)
            lit = light * under_eaves * damp
            picture[row, column, 0] = int(min(255.0, max(0.0, 255 * r * lit)))
            picture[row, column, 1] = int(min(255.0, max(0.0, 255 * g * lit)))
            picture[row, column, 2] = int(min(255.0, max(0.0, 255 * b * lit)))
