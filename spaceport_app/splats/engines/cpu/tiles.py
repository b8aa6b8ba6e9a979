"""Which Gaussians touch which part of the picture, in depth order.

Tiles are narrow and tall: one vector register wide, so that any range of rows is one piece of
memory, and a Gaussian's rows in a tile can be cut to exactly those that its ellipse reaches.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from spaceport_app.splats.engines.cpu.compiled import (
    F32,
    I32,
    I64,
    inlined,
    parallel,
    prefetch,
    serial,
)
from spaceport_app.splats.engines.cpu.screen import (
    EXTENT_X,
    EXTENT_Y,
    HALF_CHORD,
    SHEAR,
    SLOPE,
    X,
    Y,
)

GAUSSIAN, SLOT, SPAN = range(3)
AHEAD = 6
"""How many list entries ahead of their use Gaussians are fetched into the cache."""
WIDTH = 8
HEIGHT = 32
PIXELS = WIDTH * HEIGHT
_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS
_PASSES = 3
PARTS = 16
"""Pieces of the depth order that fill the lists side by side; the result is the same for any."""


def grid(width: int, height: int) -> tuple[int, int]:
    """Return how many tiles a picture has across and down."""
    return -(-width // WIDTH), -(-height // HEIGHT)


def balanced_order(across: int, down: int) -> I32:
    """Return the tiles' numbers so that any run of them holds rows from all over the picture.

    Threads get runs of equal length, while sky at the top is cheap and ground is not.
    """
    rows = np.argsort((np.arange(down) * 0.6180339887498949) % 1.0, kind="stable")
    return (rows[:, None] * across + np.arange(across)[None, :]).ravel().astype(np.int32)


@inlined
def _rows(row: F32, column: int, height: int) -> tuple[int, int]:
    """Return the first and last picture row that an ellipse reaches in one tile column.

    The last is less than the first where it reaches none.
    """
    gx = row[X]
    gy = row[Y]
    ex = row[EXTENT_X]
    ey = row[EXTENT_Y]
    left = max(np.float32(column * WIDTH) + np.float32(0.5) - gx, -ex)
    right = min(np.float32(column * WIDTH + WIDTH - 1) + np.float32(0.5) - gx, ex)
    if not left <= right:
        return 0, -1
    # The ellipse's top and bottom lie at +-(s ey); between the column's edges or at one.
    turn = row[SLOPE] * ey
    at_high = min(max(turn, left), right)
    at_low = min(max(-turn, left), right)
    chord = row[HALF_CHORD]
    shear = row[SHEAR]
    high = shear * at_high + chord * math.sqrt(max(ex * ex - at_high * at_high, np.float32(0.0)))
    low = shear * at_low - chord * math.sqrt(max(ex * ex - at_low * at_low, np.float32(0.0)))
    first = max(gy + low - np.float32(0.5), np.float32(0.0))
    last = min(gy + high - np.float32(0.5), np.float32(height - 1))
    if not first <= last:
        return 0, -1
    return math.ceil(first), math.floor(last)


@inlined
def _columns(row: F32, across: int) -> tuple[int, int]:
    gx = row[X] - np.float32(0.5)
    ex = row[EXTENT_X]
    limit = np.float32(across * WIDTH - 1)
    first = min(max(math.ceil(gx - ex), np.float32(0.0)), limit)
    last = min(max(math.floor(gx + ex), np.float32(-1.0)), limit)
    return int(first) // WIDTH, int(last) // WIDTH


@inlined
def bound(row: F32, width: int, height: int) -> int:
    """Return how many tiles a projected Gaussian's box covers."""
    across = (width + WIDTH - 1) // WIDTH
    left, right = _columns(row, across)
    middle, reach = row[Y] - np.float32(0.5), row[EXTENT_Y]
    top = max(middle - reach, np.float32(0.0))
    bottom = min(middle + reach, np.float32(height - 1))
    lines = int(bottom) // HEIGHT - int(top) // HEIGHT + 1
    return max(right - left + 1, 0) * max(lines, 0)


@serial
def depth_order(
    bounds: I32, keys: I32, order: I32, spare: I32, slots: I64, histogram: I64
) -> tuple[int, int]:
    """Sort the Gaussians whose box covers a tile by depth, nearest first, ties in index order.

    Depths are positive, so their bits sort like numbers; three passes of 11 bits. `slots[g]`
    receives where Gaussian g's tile entries begin when they are laid out Gaussian by Gaussian.

    Returns
    -------
    number of sorted Gaussians (they are in `order`), places that their tile entries need
    """
    number = 0
    entries = 0
    histogram[:] = 0
    for g in range(bounds.shape[0]):
        slots[g] = entries
        if bounds[g] > 0:
            spare[number] = g
            number += 1
            entries += bounds[g]
            key = keys[g]
            histogram[key & (_DIGITS - 1)] += 1
            histogram[_DIGITS + ((key >> _DIGIT_BITS) & (_DIGITS - 1))] += 1
            histogram[2 * _DIGITS + ((key >> (2 * _DIGIT_BITS)) & (_DIGITS - 1))] += 1
    for step in range(_PASSES):
        total = 0
        for digit in range(_DIGITS):
            here = histogram[step * _DIGITS + digit]
            histogram[step * _DIGITS + digit] = total
            total += here
        source, target = (spare, order) if step % 2 == 0 else (order, spare)
        shift = step * _DIGIT_BITS
        for i in range(number):
            g = source[i]
            place = step * _DIGITS + ((keys[g] >> shift) & (_DIGITS - 1))
            target[histogram[place]] = g
            histogram[place] += 1
    return number, entries


@parallel
def find_entries(
    screen: F32, bounds: I32, slots: I64, across: int, height: int, counts: I32, entries: I32
) -> None:
    """Find the tiles that each Gaussian's ellipse reaches, and the rows within them.

    `entries[slots[g] + i]` receives the i-th of ``counts[g]``: the tile's number, and the first
    and last row, as ``(tile * 32 + first) * 32 + last``.
    """
    for g in prange(screen.shape[0]):
        number = 0
        if bounds[g] > 0:
            row = screen[g]
            left, right = _columns(row, across)
            place = slots[g]
            for column in range(left, right + 1):
                top, bottom = _rows(row, column, height)
                if bottom >= top:
                    for line in range(top // HEIGHT, bottom // HEIGHT + 1):
                        first = max(top - line * HEIGHT, 0)
                        last = min(bottom - line * HEIGHT, HEIGHT - 1)
                        tile = line * across + column
                        # Rounded otherwise than the box was, a tip may reach one tile more.
                        if number < bounds[g]:
                            entries[place + number] = (tile * HEIGHT + first) * HEIGHT + last
                            number += 1
        counts[g] = number


@inlined
def _look_ahead(order: I32, i: int, slots: I64, counts: I32) -> None:
    """Fetch what a Gaussian later in depth order needs: they lie anywhere in memory."""
    g = np.int64(order[i])
    prefetch(slots, g)
    prefetch(counts, g)


@parallel
def fill_lists(
    order: I32,
    number: int,
    slots: I64,
    counts: I32,
    entries: I32,
    tallies: I64,
    starts: I64,
    lists: I32,
) -> None:
    """Write each tile's Gaussians, nearest first.

    `tallies` is room for (16, tiles) numbers; `starts` (tiles + 1,) receives where each tile's
    part of `lists` begins. A line of `lists` (entries + `AHEAD`, 4) is the Gaussian, the place
    of the entry in Gaussian order, and its rows in the tile, ``first * 32 + last``.
    """
    tiles = tallies.shape[1]
    for part in prange(PARTS):
        tally = tallies[part]
        for tile in range(tiles):
            tally[tile] = 0
        for i in range(number * part // PARTS, number * (part + 1) // PARTS):
            g = order[i]
            _look_ahead(order, min(i + 2 * AHEAD, number - 1), slots, counts)
            prefetch(entries, slots[order[min(i + AHEAD, number - 1)]])
            for place in range(slots[g], slots[g] + counts[g]):
                tally[entries[place] // (HEIGHT * HEIGHT)] += 1
    total = 0
    for tile in range(tiles):
        starts[tile] = total
        for part in range(PARTS):
            here = tallies[part, tile]
            tallies[part, tile] = total
            total += here
    starts[tiles] = total
    for k in range(total, total + AHEAD):
        lists[k, GAUSSIAN] = 0
    for part in prange(PARTS):
        tally = tallies[part]
        for i in range(number * part // PARTS, number * (part + 1) // PARTS):
            g = order[i]
            _look_ahead(order, min(i + 2 * AHEAD, number - 1), slots, counts)
            prefetch(entries, slots[order[min(i + AHEAD, number - 1)]])
            for place in range(slots[g], slots[g] + counts[g]):
                tile = entries[place] // (HEIGHT * HEIGHT)
                k = tally[tile]
                tally[tile] = k + 1
                lists[k, GAUSSIAN] = g
                lists[k, SLOT] = place
                lists[k, SPAN] = entries[place] % (HEIGHT * HEIGHT)
