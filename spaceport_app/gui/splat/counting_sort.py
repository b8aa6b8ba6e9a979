"""The depth sort's kernel: one counting sort over the leading bits of the depths."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.engines.cpu.compiled import F32, serial

U32 = npt.NDArray[np.uint32]

BITS = 18
"""Depths are told apart by this many bits, spread over the range that the scene fills.

The bits of a positive float32 grow with its value, evenly on a logarithmic scale: so the
resolution is relative to the depth and no far outlier costs the near scene its order.
"""

_NEAREST = np.float32(1e-3)


@serial
def in_sight(base: F32, view: F32, limits: F32, chosen: U32) -> tuple[int, int]:
    """Write the first points ``base[:, :3]`` in sight into `chosen` until it is full.

    `view` (3, 4) is the world-to-camera matrix, `limits` (4,) the least and greatest x / z and
    y / z. Returns how many were found and how many were looked at.
    """
    found = 0
    for i in range(base.shape[0]):
        if found == chosen.shape[0]:
            return found, i
        x, y, z = base[i, 0], base[i, 1], base[i, 2]
        depth = x * view[2, 0] + y * view[2, 1] + z * view[2, 2] + view[2, 3]
        if not depth > _NEAREST:
            continue
        right = x * view[0, 0] + y * view[0, 1] + z * view[0, 2] + view[0, 3]
        down = x * view[1, 0] + y * view[1, 1] + z * view[1, 2] + view[1, 3]
        if limits[0] * depth <= right <= limits[1] * depth and (
            limits[2] * depth <= down <= limits[3] * depth
        ):
            chosen[found] = i
            found += 1
    return found, base.shape[0]


@serial
def back_to_front(base: F32, row: F32, chosen: U32, keys: U32, indices: U32) -> None:
    """Write into `indices` (N,) the `chosen` (N,) of the points ``base[:, :3]``, farthest first.

    `row` (4,) is the third row of the view matrix; `keys` (N,) is scratch. Points at equal
    depths keep their order; those behind the camera come last.
    """
    count = chosen.shape[0]
    depths = keys.view(np.float32)
    low = np.float32(np.inf)
    high = _NEAREST
    for k in range(count):
        i = chosen[k]
        z = base[i, 0] * row[0] + base[i, 1] * row[1] + base[i, 2] * row[2] + row[3]
        if not z > _NEAREST:
            z = _NEAREST
        depths[k] = z
        low = min(low, z)
        high = max(high, z)
    limits = np.array([low, high], np.float32).view(np.uint32)
    first, last = limits[0], limits[1]
    shift = 0
    while (last - first) >> shift >= 1 << BITS:
        shift += 1
    counts = np.zeros((1 << BITS) + 1, np.int64)
    for k in range(count):
        key = (last - keys[k]) >> shift
        keys[k] = key
        counts[key + 1] += 1
    for k in range(1 << BITS):
        counts[k + 1] += counts[k]
    for k in range(count):
        key = keys[k]
        indices[counts[key]] = chosen[k]
        counts[key] += 1
