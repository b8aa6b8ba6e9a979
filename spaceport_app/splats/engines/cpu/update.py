"""From gradients of tile entries to moved Gaussians: gather, chain rule and Adam in one sweep.

Adam (Kingma and Ba 2015) moves the Gaussians that
touch this picture, and only these: moments, regularisation and noise stand still while a Gaussian
is out of sight, as in Mallick et al. 2024 ("Taming 3DGS") and gsplat's SelectiveAdam. The bias
correction counts the engine's steps, not each Gaussian's.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines import rows as layout
from spaceport_app.splats.engines.contract import StepSettings
from spaceport_app.splats.engines.cpu import chain, noise, pose, projection
from spaceport_app.splats.engines.cpu import screen as columns
from spaceport_app.splats.engines.cpu.compiled import F32, F64, I32, I64, inlined, parallel
from spaceport_app.splats.engines.cpu.projection import CHUNK
from spaceport_app.splats.engines.rows import LOG_SCALES, OPACITY, SH
from spaceport_app.splats.engines.store import BETA1, BETA2, EPSILON

_B1, _B2 = np.float32(BETA1), np.float32(BETA2)
_G1, _G2 = np.float32(1.0 - BETA1), np.float32(1.0 - BETA2)
# Moments that decay for ever would become subnormal numbers, on which processors are slow. A
# second moment that vanishes leaves epsilon alone below the fraction: from 1e-33 on, steps would
# be longer than the rate.
_TINY = np.float32(1e-34)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)

# Places in the array of a step's numbers.
EPSILON_NOW, OPACITY_WEIGHT, SCALE_WEIGHT, NOISE, PIXELS_TO_UNITS = range(5)


def step_numbers(
    settings: StepSettings, step: int, count: int, terms: int, camera: Camera
) -> tuple[F32, F32]:
    """Return each column's rate and the other numbers of optimiser step `step`, from 1."""
    unbias = math.sqrt(1.0 - BETA2**step)
    rates = layout.rates(settings.rates, terms) * np.float32(unbias / (1.0 - BETA1**step))
    count = max(count, 1)
    numbers = np.empty(5, np.float32)
    numbers[EPSILON_NOW] = EPSILON * unbias
    numbers[OPACITY_WEIGHT] = settings.opacity_regularisation / count
    numbers[SCALE_WEIGHT] = settings.scale_regularisation / (3 * count)
    numbers[NOISE] = settings.noise * settings.rates.means
    numbers[PIXELS_TO_UNITS] = 0.5 * max(camera.width, camera.height)
    return rates, numbers


@inlined
def _gather(v_entries: F32, begin: int, count: int) -> tuple[np.float32, ...]:
    """Sum a Gaussian's tile entries."""
    v0 = v1 = v2 = v3 = v4 = v5 = v6 = v7 = v8 = _ZERO
    for k in range(begin, begin + count):
        v0 += v_entries[k, 0]
        v1 += v_entries[k, 1]
        v2 += v_entries[k, 2]
        v3 += v_entries[k, 3]
        v4 += v_entries[k, 4]
        v5 += v_entries[k, 5]
        v6 += v_entries[k, 6]
        v7 += v_entries[k, 7]
        v8 += v_entries[k, 8]
    return v0, v1, v2, v3, v4, v5, v6, v7, v8


@inlined
def _row_gradient(
    row: F32,
    degree: int,
    cam: F32,
    antialiased: bool,
    screen: F32,
    g: int,
    s: tuple[float, ...],
    opacity: float,
    v: tuple[np.float32, ...],
    basis: F32,
    weights: F32,
    out: F32,
    posed: bool,
    v_pose: F64,
) -> None:
    chain.shape_gradient(row, cam, antialiased, s, opacity, v, out)
    if posed:
        pose.add_turn(row, cam, out, v_pose)
    colour = (
        v[6] if screen[g, columns.RED] > _ZERO else _ZERO,
        v[7] if screen[g, columns.GREEN] > _ZERO else _ZERO,
        v[8] if screen[g, columns.BLUE] > _ZERO else _ZERO,
    )
    chain.colour_gradient(row, degree, cam, colour, basis, weights, out)
    if posed:
        pose.add_shift(out, v_pose)


@parallel
def parameter_gradients(
    rows: F32,
    degree: int,
    cam: F32,
    antialiased: bool,
    screen: F32,
    counts: I32,
    slots: I64,
    v_entries: F32,
    v_rows: F32,
    v_centres: F32,
) -> None:
    """Write the gradients by all parameters; the arrays come filled with zeros.

    `v_centres` (N, 2) receives those by the projected centres, in pixels.
    """
    number = rows.shape[0]
    for chunk in prange((number + CHUNK - 1) // CHUNK):
        basis = np.empty(16, np.float32)
        weights = np.empty(16, np.float32)
        unused = np.empty(6, np.float64)
        for g in range(chunk * CHUNK, min(number, (chunk + 1) * CHUNK)):
            if counts[g] > 0:
                row = rows[g]
                s = projection.scales(row)
                opacity = projection.sigmoid(row[OPACITY])
                v = _gather(v_entries, slots[g], counts[g])
                _row_gradient(
                    row,
                    degree,
                    cam,
                    antialiased,
                    screen,
                    g,
                    s,
                    opacity,
                    v,
                    basis,
                    weights,
                    v_rows[g],
                    False,
                    unused,
                )
                v_centres[g, 0] = v[0]
                v_centres[g, 1] = v[1]


@parallel
def adam_step(
    rows: F32,
    first: F32,
    second: F32,
    degree: int,
    cam: F32,
    antialiased: bool,
    screen: F32,
    counts: I32,
    slots: I64,
    v_entries: F32,
    rates: F32,
    numbers: F32,
    seed: int,
    screen_gradients: bool,
    gradient_sum: F32,
    view_count: F32,
    v_pose: F64,
) -> None:
    """Take one optimiser step of all Gaussians on screen and add up their statistics.

    `v_pose` receives the loss by the camera's pose as parts for `pose.twist`: (N / CHUNK
    rounded up, 6), or (0, 6) where that is not wanted.
    """
    number = rows.shape[0]
    posed = v_pose.shape[0] > 0
    used = SH + 3 * (degree + 1) * (degree + 1)
    whole = (used + 15) // 16 * 16
    eps = numbers[EPSILON_NOW]
    for chunk in prange((number + CHUNK - 1) // CHUNK):
        basis = np.empty(16, np.float32)
        weights = np.empty(16, np.float32)
        gradient = np.zeros(rows.shape[1], np.float32)
        pose_sums = np.zeros(6, np.float64)
        for g in range(chunk * CHUNK, min(number, (chunk + 1) * CHUNK)):
            if counts[g] == 0:
                continue
            row = rows[g]
            s = projection.scales(row)
            opacity = projection.sigmoid(row[OPACITY])
            v = _gather(v_entries, slots[g], counts[g])
            _row_gradient(
                row,
                degree,
                cam,
                antialiased,
                screen,
                g,
                s,
                opacity,
                v,
                basis,
                weights,
                gradient,
                posed,
                pose_sums,
            )
            if screen_gradients:
                gradient_sum[g] += numbers[PIXELS_TO_UNITS] * math.sqrt(v[0] * v[0] + v[1] * v[1])
                view_count[g] += _ONE
            gradient[OPACITY] += numbers[OPACITY_WEIGHT] * opacity * (1.0 - opacity)
            gradient[LOG_SCALES] += numbers[SCALE_WEIGHT] * s[0]
            gradient[LOG_SCALES + 1] += numbers[SCALE_WEIGHT] * s[1]
            gradient[LOG_SCALES + 2] += numbers[SCALE_WEIGHT] * s[2]
            for i in range(whole):
                slope = gradient[i]
                a = _B1 * first[g, i] + _G1 * slope
                b = _B2 * second[g, i] + _G2 * slope * slope
                a = a if abs(a) > _TINY else _ZERO
                b = b if b > _TINY else _ZERO
                first[g, i] = a
                second[g, i] = b
                rows[g, i] -= rates[i] * a / (math.sqrt(b) + eps)
            if numbers[NOISE] > _ZERO:
                noise.push(row, numbers[NOISE], seed, g)
        if posed:
            v_pose[chunk] = pose_sums
