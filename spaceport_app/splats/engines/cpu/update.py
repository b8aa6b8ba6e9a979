"""From gradients of tile entries to moved Gaussians: gather, chain rule and Adam in one sweep.

Adam (Kingma and Ba 2015) with betas 0.9 and 0.999 and epsilon 1e-15 moves the Gaussians that
touch this picture, and only these: their moments, regularisation and noise stand still while
they are out of sight, as in Mallick et al. 2024 ("Taming 3DGS"), which saves most of the work
of large scenes and trains as well.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import StepSettings
from spaceport_app.splats.engines.cpu import projection
from spaceport_app.splats.engines.cpu.compiled import F32, I32, I64, inlined, parallel
from spaceport_app.splats.engines.cpu.compositing import GRADIENTS
from spaceport_app.splats.engines.cpu.projection import CHUNK

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-15
_B1, _B2 = np.float32(BETA1), np.float32(BETA2)
_G1, _G2 = np.float32(1.0 - BETA1), np.float32(1.0 - BETA2)
# Moments that decay for ever would become subnormal numbers, on which processors are slow.
_TINY = np.float32(1e-30)
_ZERO = np.float32(0.0)

# Places in the array of a step's numbers.
(
    RATE_MEANS,
    RATE_SCALES,
    RATE_QUATERNIONS,
    RATE_OPACITY,
    RATE_SH0,
    RATE_SH,
    EPSILON_NOW,
    OPACITY_WEIGHT,
    SCALE_WEIGHT,
    NOISE,
    PIXELS_TO_UNITS,
    PIXELS_TO_FRACTION,
) = range(12)


def step_numbers(settings: StepSettings, step: int, count: int, camera: Camera) -> F32:
    """Return the numbers of optimiser step `step` (from 1) of `count` Gaussians, (12,)."""
    rates = settings.rates
    unbias = math.sqrt(1.0 - BETA2**step)
    correction = unbias / (1.0 - BETA1**step)
    larger = max(camera.width, camera.height)
    numbers = np.zeros(12, np.float32)
    numbers[RATE_MEANS] = rates.means * correction
    numbers[RATE_SCALES] = rates.log_scales * correction
    numbers[RATE_QUATERNIONS] = rates.quaternions * correction
    numbers[RATE_OPACITY] = rates.opacity_logits * correction
    numbers[RATE_SH0] = rates.sh0 * correction
    numbers[RATE_SH] = rates.sh_rest * correction
    numbers[EPSILON_NOW] = EPSILON * unbias
    numbers[OPACITY_WEIGHT] = settings.opacity_regularisation / count
    numbers[SCALE_WEIGHT] = settings.scale_regularisation / (3 * count)
    numbers[NOISE] = settings.noise * rates.means
    numbers[PIXELS_TO_UNITS] = 0.5 * larger
    numbers[PIXELS_TO_FRACTION] = 1.0 / larger
    return numbers


@inlined
def _gather(v_entries: F32, begin: int, count: int, v: F32) -> None:
    for i in range(GRADIENTS):
        v[i] = _ZERO
    for k in range(begin, begin + count):
        for i in range(GRADIENTS):
            v[i] += v_entries[k, i]


@inlined
def _colour_part(screen: F32, g: int, v: F32, v_colour: F32) -> None:
    """Copy the colour's gradient where the colour was not clamped at zero."""
    for c in range(3):
        v_colour[c] = v[6 + c] if screen[g, projection.RED + c] > _ZERO else _ZERO


@parallel
def parameter_gradients(
    means: F32,
    log_scales: F32,
    quaternions: F32,
    opacity_logits: F32,
    sh: F32,
    degree: int,
    cam: F32,
    antialiased: bool,
    screen: F32,
    counts: I32,
    slots: I64,
    v_entries: F32,
    v_means: F32,
    v_log_scales: F32,
    v_quaternions: F32,
    v_opacity_logits: F32,
    v_sh: F32,
    v_centres: F32,
) -> None:
    """Write the gradients by all parameters; the arrays come filled with zeros.

    `v_centres` (N, 2) receives those by the projected centres, in pixels.
    """
    number = means.shape[0]
    terms = 3 * (degree + 1) * (degree + 1)
    for chunk in prange((number + CHUNK - 1) // CHUNK):
        room = np.empty(128, np.float32)
        v, v_colour, shape = room[:16], room[16:20], room[20:32]
        basis, weights, colours = room[32:48], room[48:64], room[64:112]
        for g in range(chunk * CHUNK, min(number, (chunk + 1) * CHUNK)):
            if counts[g] == 0:
                continue
            _gather(v_entries, slots[g], counts[g], v)
            projection.shape_gradient(
                means, log_scales, quaternions, opacity_logits, g, cam, antialiased, v, shape
            )
            _colour_part(screen, g, v, v_colour)
            projection.colour_gradient(
                means, sh, degree, g, cam, v_colour, basis, weights, shape, colours
            )
            v_centres[g, 0] = v[0]
            v_centres[g, 1] = v[1]
            for i in range(3):
                v_means[g, i] = shape[i]
                v_log_scales[g, i] = shape[3 + i]
            for i in range(4):
                v_quaternions[g, i] = shape[6 + i]
            v_opacity_logits[g] = shape[10]
            for i in range(terms):
                v_sh[g, i // 3, i % 3] = colours[i]


@inlined
def _adam(value: F32, first: F32, second: F32, at: int, v: float, rate: float, eps: float) -> None:
    m = _B1 * first[at] + _G1 * v
    n = _B2 * second[at] + _G2 * v * v
    m = m if abs(m) > _TINY else _ZERO
    n = n if n > _TINY else _ZERO
    first[at] = m
    second[at] = n
    value[at] -= rate * m / (math.sqrt(n) + eps)


@inlined
def _uniform(seed: int, number: int) -> float:
    """Return a number in (0, 1) from two counters: SplitMix64 (Steele et al. 2014)."""
    z = (np.uint64(seed) << np.uint64(36)) + np.uint64(number)
    z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@inlined
def _normals(seed: int, g: int) -> tuple[float, float, float]:
    """Return three independent standard normal numbers (Box and Muller 1958)."""
    r1 = math.sqrt(-2.0 * math.log(_uniform(seed, 4 * g)))
    a1 = 2.0 * math.pi * _uniform(seed, 4 * g + 1)
    r2 = math.sqrt(-2.0 * math.log(_uniform(seed, 4 * g + 2)))
    a2 = 2.0 * math.pi * _uniform(seed, 4 * g + 3)
    return r1 * math.cos(a1), r1 * math.sin(a1), r2 * math.cos(a2)


@parallel
def adam_step(
    means: F32,
    log_scales: F32,
    quaternions: F32,
    opacity_logits: F32,
    sh: F32,
    first_means: F32,
    first_log_scales: F32,
    first_quaternions: F32,
    first_opacity_logits: F32,
    first_sh: F32,
    second_means: F32,
    second_log_scales: F32,
    second_quaternions: F32,
    second_opacity_logits: F32,
    second_sh: F32,
    degree: int,
    cam: F32,
    antialiased: bool,
    screen: F32,
    counts: I32,
    slots: I64,
    v_entries: F32,
    numbers: F32,
    seed: int,
    screen_gradients: bool,
    gradient_sum: F32,
    view_count: F32,
    max_radius: F32,
) -> None:
    """Take one optimiser step of all Gaussians on screen and add up their statistics."""
    number = means.shape[0]
    terms = 3 * (degree + 1) * (degree + 1)
    eps = numbers[EPSILON_NOW]
    for chunk in prange((number + CHUNK - 1) // CHUNK):
        room = np.empty(128, np.float32)
        v, v_colour, shape = room[:16], room[16:20], room[20:32]
        basis, weights, colours = room[32:48], room[48:64], room[64:112]
        for g in range(chunk * CHUNK, min(number, (chunk + 1) * CHUNK)):
            if counts[g] == 0:
                continue
            _gather(v_entries, slots[g], counts[g], v)
            projection.shape_gradient(
                means, log_scales, quaternions, opacity_logits, g, cam, antialiased, v, shape
            )
            _colour_part(screen, g, v, v_colour)
            projection.colour_gradient(
                means, sh, degree, g, cam, v_colour, basis, weights, shape, colours
            )
            if screen_gradients:
                gradient_sum[g] += numbers[PIXELS_TO_UNITS] * math.sqrt(v[0] * v[0] + v[1] * v[1])
                view_count[g] += np.float32(1.0)
            max_radius[g] = max(
                max_radius[g], screen[g, projection.RADIUS] * numbers[PIXELS_TO_FRACTION]
            )
            opacity = projection.sigmoid(np.float64(opacity_logits[g]))
            shape[10] += numbers[OPACITY_WEIGHT] * opacity * (1.0 - opacity)
            for i in range(3):
                shape[3 + i] += numbers[SCALE_WEIGHT] * math.exp(log_scales[g, i])

            m, s = means[g], log_scales[g]
            for i in range(3):
                rate = numbers[RATE_MEANS]
                _adam(m, first_means[g], second_means[g], i, shape[i], rate, eps)
                rate = numbers[RATE_SCALES]
                _adam(s, first_log_scales[g], second_log_scales[g], i, shape[3 + i], rate, eps)
            rate = numbers[RATE_QUATERNIONS]
            for i in range(4):
                q = quaternions[g]
                _adam(q, first_quaternions[g], second_quaternions[g], i, shape[6 + i], rate, eps)
            rate = numbers[RATE_OPACITY]
            _adam(
                opacity_logits, first_opacity_logits, second_opacity_logits, g, shape[10], rate, eps
            )
            colour, first, second = sh[g].ravel(), first_sh[g].ravel(), second_sh[g].ravel()
            for i in range(3):
                _adam(colour, first, second, i, colours[i], numbers[RATE_SH0], eps)
            for i in range(3, terms):
                _adam(colour, first, second, i, colours[i], numbers[RATE_SH], eps)
            if numbers[NOISE] > _ZERO:
                projection.add_noise(
                    means,
                    log_scales,
                    quaternions,
                    opacity_logits,
                    g,
                    numbers[NOISE],
                    _normals(seed, g),
                )
