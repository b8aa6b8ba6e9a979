"""The two loops over pixels that coarse depths take most of their time in, compiled.

In NumPy they took eight of the ten seconds before the first training step.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.engines.cpu.compiled import serial

Floats = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]

ROUNDS = 3
WINDOW = 5
INSIDE = 3
"""Pixels from the edge of a picture at which the window around one stays within it."""

_RIDGE = 0.002
_FINEST = 1e-6
_NEAREST = 1e-6
_TINY = 1e-30
_REACH = WINDOW // 2
_CELLS = np.float32(WINDOW * WINDOW)
_ONE = np.float32(1.0)


@serial
def fitted_planes(at: Floats, points: Floats, nearness: Floats, near: I64, block: I64) -> Floats:
    """Return the height at each pixel of a plane laid through the values of the points around.

    What stands on or hides behind the surface weighs less each round.

    Parameters
    ----------
    at : (P, 2)
        Pixels.
    points : (N, 2)
        Where the points stand in the picture, in pixels.
    nearness : (N,)
        Their inverse depths.
    near : (B, K)
        Numbers of the points around each block of pixels.
    block : (P,)
        Each pixel's block.

    Returns
    -------
    (P,)
        Inverse depths, which may be anything beyond the last points, also below 0.
    """
    count = near.shape[1]
    heights = np.empty(len(at))
    x, y, value = np.empty(count), np.empty(count), np.empty(count)
    closeness, weight = np.empty(count), np.empty(count)
    off, ordered = np.empty(count), np.empty(count)
    for p in range(len(at)):
        for k in range(count):
            n = near[block[p], k]
            x[k] = points[n, 0] - at[p, 0]
            y[k] = points[n, 1] - at[p, 1]
            value[k] = nearness[n]
            gap = np.sqrt(x[k] * x[k] + y[k] * y[k]) + 1.0
            closeness[k] = 1.0 / (gap * gap)
            weight[k] = closeness[k]
        height = 0.0
        for turn in range(ROUNDS + 1):
            total = mx = my = mean = 0.0
            for k in range(count):
                total += weight[k]
                mx += weight[k] * x[k]
                my += weight[k] * y[k]
                mean += weight[k] * value[k]
            mx, my, mean = mx / total, my / total, mean / total
            xx = xy = yy = xv = yv = 0.0
            for k in range(count):
                dx, dy, dv = x[k] - mx, y[k] - my, value[k] - mean
                xx += weight[k] * dx * dx
                xy += weight[k] * dx * dy
                yy += weight[k] * dy * dy
                xv += weight[k] * dx * dv
                yv += weight[k] * dy * dv
            ridge = _RIDGE * (xx + yy)
            xx, yy = xx + ridge, yy + ridge
            bend = max(xx * yy - xy * xy, _TINY)  # Points may all stand in one place.
            along = (yy * xv - xy * yv) / bend
            across = (xx * yv - xy * xv) / bend
            height = mean - mx * along - my * across
            if turn == ROUNDS:
                break
            for k in range(count):
                off[k] = abs(value[k] - height - x[k] * along - y[k] * across)
                place = k
                while place > 0 and ordered[place - 1] > off[k]:
                    ordered[place] = ordered[place - 1]
                    place -= 1
                ordered[place] = off[k]
            middle = 0.5 * (ordered[(count - 1) // 2] + ordered[count // 2])
            for k in range(count):
                part = off[k] / (2.0 * middle + _FINEST * value[k])
                weight[k] = closeness[k] / (1.0 + part * part)
        heights[p] = height
    return heights


@serial
def window_sums(values: F32, sums: F32) -> None:
    """Write the sum over the window around each pixel (H, W); the edge goes on beyond it."""
    height, width = values.shape
    row = np.empty(width, np.float32)
    for v in range(height):
        for u in range(width):
            row[u] = np.float32(0.0)
        for d in range(-_REACH, _REACH + 1):
            line = values[min(max(v + d, 0), height - 1)]
            for u in range(width):
                row[u] += line[u]
        for u in range(_REACH, width - _REACH):
            sums[v, u] = row[u - 2] + row[u - 1] + row[u] + row[u + 1] + row[u + 2]
        for i in range(min(2 * _REACH, width)):
            u = i if i < _REACH else width - 1 - (i - _REACH)
            total = np.float32(0.0)
            for d in range(-_REACH, _REACH + 1):
                total += row[min(max(u + d, 0), width - 1)]
            sums[v, u] = total


@serial
def likenesses(
    grey: F32, depths: F32, factors: F32, lines: F32, others: F32, sizes: I64, flat: float
) -> tuple[F32, I64]:
    """Return how much other pictures look like this one at depths around those that are given.

    Windows are compared by normalised cross-correlation. Of several pictures the two most alike
    count, as something may hide the point from the rest.

    Parameters
    ----------
    grey : (H, W)
    depths : (H, W)
        Along the viewing axis.
    factors : (K,)
        By which they are tried.
    lines : (O, 2, 3, H, W)
        A pixel's point at depth d stands at the homogeneous pixel ``d * lines[o, 0] +
        lines[o, 1]`` of picture o, whose last coordinate is the depth there.
    others : (O, H', W')
        Their grey values, in arrays as large as the largest.
    sizes : (O, 2)
        Width and height of each.
    flat : float
        Least variance of a window.

    Returns
    -------
    scores : (K, H, W)
        From -1 to 1; -1 where the point is in no picture.
    asked : (H, W)
        Number of pictures with the window around the point at the given depth in them.
    """
    height, width = grey.shape
    scores = np.empty((len(factors), height, width), np.float32)
    asked = np.zeros((height, width), np.int64)
    mean, spread = np.empty_like(grey), np.empty_like(grey)
    sums, squares, products = np.empty_like(grey), np.empty_like(grey), np.empty_like(grey)
    seen, work = np.empty_like(grey), np.empty_like(grey)
    second = np.empty_like(grey)
    framed = np.empty((height, width), np.bool_)
    window_sums(grey, mean)
    for v in range(height):
        for u in range(width):
            work[v, u] = grey[v, u] * grey[v, u]
    window_sums(work, spread)
    for v in range(height):
        for u in range(width):
            mean[v, u] /= _CELLS
            variance = spread[v, u] / _CELLS - mean[v, u] * mean[v, u]
            spread[v, u] = max(variance, np.float32(flat))
    for step in range(-1, len(factors)):
        best = scores[max(step, 0)]
        factor = factors[step] if step >= 0 else _ONE
        for v in range(height):
            for u in range(width):
                best[v, u] = -_ONE
                second[v, u] = -_ONE
        for o in range(len(others)):
            ray, origin, picture = lines[o, 0], lines[o, 1], others[o]
            columns, rows = sizes[o]
            for v in range(height):
                for u in range(width):
                    depth = factor * depths[v, u]
                    z = depth * ray[2, v, u] + origin[2, v, u]
                    before = z > np.float32(_NEAREST)
                    z = z if before else _ONE
                    x = (depth * ray[0, v, u] + origin[0, v, u]) / z
                    y = (depth * ray[1, v, u] + origin[1, v, u]) / z
                    framed[v, u] = (
                        before
                        and x >= INSIDE
                        and y >= INSIDE
                        and x <= columns - INSIDE
                        and y <= rows - INSIDE
                    )
                    x = min(max(x - np.float32(0.5), np.float32(0.0)), np.float32(columns - 1))
                    y = min(max(y - np.float32(0.5), np.float32(0.0)), np.float32(rows - 1))
                    i, j = min(int(x), columns - 2), min(int(y), rows - 2)
                    a, b = x - np.float32(i), y - np.float32(j)
                    upper = picture[j, i] + a * (picture[j, i + 1] - picture[j, i])
                    lower = picture[j + 1, i] + a * (picture[j + 1, i + 1] - picture[j + 1, i])
                    seen[v, u] = upper + b * (lower - upper)
            if step < 0:
                for v in range(height):
                    for u in range(width):
                        asked[v, u] += framed[v, u]
                continue
            window_sums(seen, sums)
            for v in range(height):
                for u in range(width):
                    work[v, u] = seen[v, u] * seen[v, u]
            window_sums(work, squares)
            for v in range(height):
                for u in range(width):
                    work[v, u] = seen[v, u] * grey[v, u]
            window_sums(work, products)
            for v in range(height):
                for u in range(width):
                    theirs = sums[v, u] / _CELLS
                    variance = squares[v, u] / _CELLS - theirs * theirs
                    variance = max(variance, np.float32(flat))
                    common = products[v, u] / _CELLS - mean[v, u] * theirs
                    like = common / np.sqrt(spread[v, u] * variance)
                    like = like if framed[v, u] else -_ONE
                    second[v, u] = max(second[v, u], min(best[v, u], like))
                    best[v, u] = max(best[v, u], like)
        if step >= 0:
            for v in range(height):
                for u in range(width):
                    if asked[v, u] > 1:
                        best[v, u] = np.float32(0.5) * (best[v, u] + second[v, u])
    return scores, asked
