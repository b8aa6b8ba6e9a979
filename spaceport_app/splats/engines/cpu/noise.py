"""The random pushes of MCMC training, the same for the same step and Gaussian."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spaceport_app.splats.engines.cpu import projection
from spaceport_app.splats.engines.cpu.compiled import F32, inlined
from spaceport_app.splats.engines.rows import OPACITY

OPEN_BELOW = 0.15
"""Opacity above which there is no push: the gate would let less than a millionth through."""
_STEP = np.float32(2.0**-23)
_HALF_STEP = np.float32(2.0**-24)
_MINUS_TWO = np.float32(-2.0)
_TURN = np.float32(2.0 * math.pi)


@inlined
def _uniform(seed: int, number: int) -> np.floating[Any]:
    """Return a number in (0, 1) from two counters: SplitMix64 (Steele et al. 2014)."""
    z = (np.uint64(seed) << np.uint64(36)) + np.uint64(number)
    z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float32(np.int32(z >> np.uint64(41))) * _STEP + _HALF_STEP


@inlined
def _normals(seed: int, g: int) -> tuple[float, float, float]:
    """Return three independent standard normal numbers (Box and Muller 1958), float32."""
    r1 = math.sqrt(_MINUS_TWO * math.log(_uniform(seed, 4 * g)))
    a1 = _TURN * _uniform(seed, 4 * g + 1)
    r2 = math.sqrt(_MINUS_TWO * math.log(_uniform(seed, 4 * g + 2)))
    a2 = _TURN * _uniform(seed, 4 * g + 3)
    return r1 * math.cos(a1), r1 * math.sin(a1), r2 * math.cos(a2)


@inlined
def push(row: F32, strength: float, seed: int, g: int) -> None:
    """Push a faint Gaussian's mean about, shaped by its covariance (Kheradmand et al. 2024).

    The push is ``covariance @ normals * strength * sigmoid(100 * ((1 - opacity) - 0.995))``.
    """
    opacity = projection.sigmoid(row[OPACITY])
    if opacity > OPEN_BELOW:
        return
    gate = strength * projection.sigmoid(100.0 * ((1.0 - opacity) - 0.995))
    normals = _normals(seed, g)
    q = projection.unit(row)
    r = projection.rotation(q[0], q[1], q[2], q[3])
    s = projection.scales(row)
    a0 = (r[0] * normals[0] + r[3] * normals[1] + r[6] * normals[2]) * s[0] * s[0] * gate
    a1 = (r[1] * normals[0] + r[4] * normals[1] + r[7] * normals[2]) * s[1] * s[1] * gate
    a2 = (r[2] * normals[0] + r[5] * normals[1] + r[8] * normals[2]) * s[2] * s[2] * gate
    row[0] += r[0] * a0 + r[1] * a1 + r[2] * a2
    row[1] += r[3] * a0 + r[4] * a1 + r[5] * a2
    row[2] += r[6] * a0 + r[7] * a1 + r[8] * a2
