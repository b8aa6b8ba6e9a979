"""Blending the Gaussians of each tile into pixels, and the derivative of that.

Alpha compositing of Kerbl et al. 2023: alpha below 1/255 adds nothing, alpha is at most 0.999,
and a pixel takes no more once its transmittance is at 1e-4 or below.

Each tile works in one piece of scratch memory, plane after plane, whose offsets are constants:
that lets the compiler prove the planes apart and keep sums over a Gaussian's rows in vector
registers, with one horizontal sum an entry.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from spaceport_app.splats.engines.cpu import screen as columns
from spaceport_app.splats.engines.cpu import tiles
from spaceport_app.splats.engines.cpu.compiled import (
    F32,
    I32,
    I64,
    float_of_bits,
    inlined,
    parallel,
    prefetch,
)
from spaceport_app.splats.engines.cpu.projection import LOG2_E, MINIMUM_ALPHA
from spaceport_app.splats.engines.cpu.tiles import HEIGHT, PIXELS, WIDTH

MAXIMUM_ALPHA = 0.999
MINIMUM_TRANSMITTANCE = 1e-4
GRADIENTS = 9
"""A tile entry's gradients: by x, y, s, k1, k2, ln(opacity), red, green, blue."""

_T, _LAST, _R, _G, _B, _PX, _PY, _ACC = (plane * tiles.PIXELS for plane in range(8))
_PATIENCE = 32
_LOWEST = np.float32(-24.0)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_HALF = np.float32(0.5)
_MIN_ALPHA = np.float32(MINIMUM_ALPHA)
_MAX_ALPHA = np.float32(MAXIMUM_ALPHA)
_MIN_T = np.float32(MINIMUM_TRANSMITTANCE)
# 2^f on [0, 1): minimax polynomial, relative error below 1e-7 before rounding.
_E0, _E1, _E2, _E3, _E4, _E5 = (
    np.float32(c)
    for c in (
        0.99999994,
        0.69315308,
        0.24015361,
        0.055826318,
        0.0089893397,
        0.0018775767,
    )
)


@inlined
def _exp2(e: np.float32) -> np.float32:
    """Return 2^e for float32 e in -24 to 24."""
    whole = np.floor(e)
    f = e - whole
    p = _E0 + f * (_E1 + f * (_E2 + f * (_E3 + f * (_E4 + f * _E5))))
    bits = (np.int32(whole) + np.int32(127)) << np.int32(23)
    power: np.float32 = p * float_of_bits(np.int32(bits))
    return power


@inlined
def _place_pixels(scratch: F32) -> None:
    for y in range(HEIGHT):
        for x in range(WIDTH):
            scratch[_PX + y * WIDTH + x] = np.float32(x)
            scratch[_PY + y * WIDTH + x] = np.float32(y)


@parallel
def forward(
    schedule: I32,
    starts: I64,
    lists: I32,
    screen: F32,
    width: int,
    height: int,
    across: int,
    background: F32,
    image: F32,
    ends: F32,
) -> None:
    """Blend every tile front to back.

    `image` (3, height, width) receives the picture; `ends` (tiles, 2, 256) each pixel's final
    transmittance and the number in the tile's list of the last Gaussian it took, -1 for none.
    """
    for turn in prange(schedule.shape[0]):
        tile = schedule[turn]
        left = (tile % across) * WIDTH
        top = (tile // across) * HEIGHT
        scratch = np.empty(7 * PIXELS, np.float32)
        _place_pixels(scratch)
        for p in range(PIXELS):
            scratch[_LAST + p] = np.float32(-1.0)
            scratch[_R + p] = _ZERO
            scratch[_G + p] = _ZERO
            scratch[_B + p] = _ZERO
            inside = left + p % WIDTH < width and top + p // WIDTH < height
            scratch[_T + p] = _ONE if inside else _ZERO
        begin = starts[tile]
        patience = _PATIENCE
        for k in range(begin, starts[tile + 1]):
            # The lists are padded, so that looking ahead stays inside.
            prefetch(screen, np.int64(lists[k + tiles.AHEAD, tiles.GAUSSIAN]))
            g = lists[k, tiles.GAUSSIAN]
            gx = screen[g, columns.X] - np.float32(left) - _HALF
            gy = screen[g, columns.Y] - np.float32(top) - _HALF
            slope = screen[g, columns.SLOPE]
            q1 = screen[g, columns.Q1]
            q2 = screen[g, columns.Q2]
            log_opacity = screen[g, columns.LOG2_OPACITY]
            red = screen[g, columns.RED]
            green = screen[g, columns.GREEN]
            blue = screen[g, columns.BLUE]
            number = np.float32(k - begin)
            first = lists[k, tiles.SPAN] // HEIGHT
            last = lists[k, tiles.SPAN] % HEIGHT
            pixels = scratch[first * WIDTH :]
            for p in range((last - first + 1) * WIDTH):
                dy = gy - pixels[_PY + p]
                u = gx - pixels[_PX + p] - slope * dy
                e = log_opacity + q1 * u * u + q2 * dy * dy
                e = e if e > _LOWEST else _LOWEST
                alpha = min(_exp2(e), _MAX_ALPHA)
                t = pixels[_T + p]
                taken = (alpha >= _MIN_ALPHA) & (t > _MIN_T)
                weight = alpha * t if taken else _ZERO
                pixels[_LAST + p] = number if taken else pixels[_LAST + p]
                pixels[_R + p] += weight * red
                pixels[_G + p] += weight * green
                pixels[_B + p] += weight * blue
                pixels[_T + p] = t - weight
            patience -= 1
            if patience == 0:
                patience = _PATIENCE
                alive = np.int32(0)
                for p in range(PIXELS):
                    alive += np.int32(scratch[_T + p] > _MIN_T)
                if alive == 0:
                    break
        for p in range(2 * PIXELS):
            ends[tile, p] = scratch[p]
        for y in range(min(HEIGHT, height - top)):
            for x in range(min(WIDTH, width - left)):
                p = y * WIDTH + x
                t = scratch[_T + p]
                image[0, top + y, left + x] = scratch[_R + p] + t * background[0]
                image[1, top + y, left + x] = scratch[_G + p] + t * background[1]
                image[2, top + y, left + x] = scratch[_B + p] + t * background[2]


@parallel
def backward(
    schedule: I32,
    starts: I64,
    lists: I32,
    screen: F32,
    width: int,
    height: int,
    across: int,
    background: F32,
    v_image: F32,
    ends: F32,
    v_entries: F32,
) -> None:
    """Walk every tile back to front and write each entry's gradients.

    `v_image` (3, height, width) is the loss by the picture. `v_entries` (entries, 9) is in
    Gaussian order, so that a Gaussian's entries are neighbours and are summed without locks.
    What lies behind a pixel is kept as one number, its product with the pixel's gradient.
    """
    for turn in prange(schedule.shape[0]):
        tile = schedule[turn]
        left = (tile % across) * WIDTH
        top = (tile // across) * HEIGHT
        scratch = np.empty(8 * PIXELS, np.float32)
        _place_pixels(scratch)
        final = np.float32(-1.0)
        for p in range(2 * PIXELS):
            scratch[p] = ends[tile, p]
        for p in range(PIXELS):
            final = max(final, scratch[_LAST + p])
            scratch[_R + p] = _ZERO
            scratch[_G + p] = _ZERO
            scratch[_B + p] = _ZERO
        for y in range(min(HEIGHT, height - top)):
            for x in range(min(WIDTH, width - left)):
                p = y * WIDTH + x
                scratch[_R + p] = v_image[0, top + y, left + x]
                scratch[_G + p] = v_image[1, top + y, left + x]
                scratch[_B + p] = v_image[2, top + y, left + x]
        for p in range(PIXELS):
            scratch[_ACC + p] = scratch[_T + p] * (
                scratch[_R + p] * background[0]
                + scratch[_G + p] * background[1]
                + scratch[_B + p] * background[2]
            )
        begin = starts[tile]
        end = begin + int(final) + 1
        for k in range(end, starts[tile + 1]):
            for i in range(GRADIENTS):
                v_entries[lists[k, tiles.SLOT], i] = _ZERO
        for back in range(end - begin):
            k = end - 1 - back
            ahead = max(k - tiles.AHEAD, begin)
            prefetch(screen, np.int64(lists[ahead, tiles.GAUSSIAN]))
            prefetch(v_entries, np.int64(lists[ahead, tiles.SLOT]))
            prefetch(v_entries, np.int64(lists[ahead, tiles.SLOT]) + 1)
            g = lists[k, tiles.GAUSSIAN]
            gx = screen[g, columns.X] - np.float32(left) - _HALF
            gy = screen[g, columns.Y] - np.float32(top) - _HALF
            slope = screen[g, columns.SLOPE]
            q1 = screen[g, columns.Q1]
            q2 = screen[g, columns.Q2]
            log_opacity = screen[g, columns.LOG2_OPACITY]
            red = screen[g, columns.RED]
            green = screen[g, columns.GREEN]
            blue = screen[g, columns.BLUE]
            number = np.float32(k - begin)
            s0 = _ZERO
            su = _ZERO
            sy = _ZERO
            suu = _ZERO
            suy = _ZERO
            syy = _ZERO
            v_red = _ZERO
            v_green = _ZERO
            v_blue = _ZERO
            first = lists[k, tiles.SPAN] // HEIGHT
            last = lists[k, tiles.SPAN] % HEIGHT
            pixels = scratch[first * WIDTH :]
            for p in range((last - first + 1) * WIDTH):
                dy = gy - pixels[_PY + p]
                u = gx - pixels[_PX + p] - slope * dy
                e = log_opacity + q1 * u * u + q2 * dy * dy
                e = e if e > _LOWEST else _LOWEST
                full = _exp2(e)
                taken = (full >= _MIN_ALPHA) & (number <= pixels[_LAST + p])
                alpha = min(full, _MAX_ALPHA) if taken else _ZERO
                rest = _ONE / (_ONE - alpha)
                t = pixels[_T + p] * rest
                weight = alpha * t
                pr = pixels[_R + p]
                pg = pixels[_G + p]
                pb = pixels[_B + p]
                along = red * pr + green * pg + blue * pb
                behind = pixels[_ACC + p]
                v = (t * along - behind * rest) * alpha
                v = v if full < _MAX_ALPHA else _ZERO
                pixels[_ACC + p] = behind + weight * along
                pixels[_T + p] = t
                vu = v * u
                vy = v * dy
                s0 += v
                su += vu
                sy += vy
                suu += vu * u
                suy += vu * dy
                syy += vy * dy
                v_red += weight * pr
                v_green += weight * pg
                v_blue += weight * pb
            k1 = q1 * np.float32(-2.0 / LOG2_E)
            k2 = q2 * np.float32(-2.0 / LOG2_E)
            place = lists[k, tiles.SLOT]
            v_entries[place, 0] = -k1 * su
            v_entries[place, 1] = k1 * slope * su - k2 * sy
            v_entries[place, 2] = k1 * suy
            v_entries[place, 3] = -_HALF * suu
            v_entries[place, 4] = -_HALF * syy
            v_entries[place, 5] = s0
            v_entries[place, 6] = v_red
            v_entries[place, 7] = v_green
            v_entries[place, 8] = v_blue
