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
def back_to_front(base: F32, row: F32, keys: U32, indices: U32) -> None:
    """Write into `indices` (N,) the order of the points ``base[:, :3]``, farthest first.

    `row` (4,) is the third row of the view matrix; `keys` (N,) is scratch. Points at equal
    depths keep their order; those behind the camera come last.
    """
    count = base.shape[0]
    depths = keys.view(np.float32)
    low = np.float32(np.inf)
    high = _NEAREST
    for i in range(count):
        z = base[i, 0] * row[0] + base[i, 1] * row[1] + base[i, 2] * row[2] + row[3]
        if not z > _NEAREST:
            z = _NEAREST
        depths[i] = z
        low = min(low, z)
        high = max(high, z)
    limits = np.array([low, high], np.float32).view(np.uint32)
    first, last = limits[0], limits[1]
    shift = 0
    while (last - first) >> shift >= 1 << BITS:
        shift += 1
    counts = np.zeros((1 << BITS) + 1, np.int64)
    for i in range(count):
        key = (last - keys[i]) >> shift
        keys[i] = key
        counts[key + 1] += 1
    for k in range(1 << BITS):
        counts[k + 1] += counts[k]
    for i in range(count):
        key = keys[i]
        indices[counts[key]] = i
        counts[key] += 1
