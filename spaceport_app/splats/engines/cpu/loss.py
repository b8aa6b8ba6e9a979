"""L1 and structural similarity with their gradient, in two sweeps over the picture.

SSIM after Wang et al. 2004 with the 11x11 Gaussian window of sigma 1.5, zeros beyond the edge,
averaged over all pixels and channels: the loss of Kerbl et al. 2023.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from spaceport_app.splats.engines.cpu.compiled import F32, U8, inlined, parallel

RADIUS = 5
TAPS = 2 * RADIUS + 1
BAND = 64
_C1 = np.float32(0.01**2)
_C2 = np.float32(0.03**2)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)
_WEIGHTS = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / 1.5) ** 2)
_WEIGHTS = (_WEIGHTS / _WEIGHTS.sum()).astype(np.float32)
_W0, _W1, _W2, _W3, _W4, _W5 = (np.float32(w) for w in _WEIGHTS[:6])


@inlined
def _across(padded: F32, width: int, out: F32) -> None:
    """Blur one row, given with 5 zeros on both sides, along x."""
    for x in range(width):
        out[x] = (
            _W0 * (padded[x] + padded[x + 10])
            + _W1 * (padded[x + 1] + padded[x + 9])
            + _W2 * (padded[x + 2] + padded[x + 8])
            + _W3 * (padded[x + 3] + padded[x + 7])
            + _W4 * (padded[x + 4] + padded[x + 6])
            + _W5 * padded[x + 5]
        )


@inlined
def _down(band: F32, y: int, width: int, out: F32) -> None:
    """Blur along y: rows y to y + 10 of `band` into one."""
    for x in range(width):
        out[x] = (
            _W0 * (band[y, x] + band[y + 10, x])
            + _W1 * (band[y + 1, x] + band[y + 9, x])
            + _W2 * (band[y + 2, x] + band[y + 8, x])
            + _W3 * (band[y + 3, x] + band[y + 7, x])
            + _W4 * (band[y + 4, x] + band[y + 6, x])
            + _W5 * band[y + 5, x]
        )


@parallel
def unpack(picture: U8, target: F32) -> None:
    """Spread an 8-bit picture (height, width, 3) into planes (3, height, width) of 0 to 1."""
    scale = np.float32(1.0 / 255.0)
    for y in prange(picture.shape[0]):
        for c in range(3):
            for x in range(picture.shape[1]):
                target[c, y, x] = np.float32(picture[y, x, c]) * scale


@parallel
def similarity(image: F32, target: F32, parts: F32, sums: F32) -> None:
    """Measure SSIM and its derivatives by the blurred moments of `image`.

    `parts` (3, 3, height, width) receives, a channel, the derivatives of the pixel's SSIM by
    the blurred image, its blurred square and its blurred product with the target. `sums`
    (channels * bands, 2) receives sums of SSIM and of absolute differences.
    """
    height, width = image.shape[1], image.shape[2]
    bands = (height + BAND - 1) // BAND
    for task in prange(3 * bands):
        channel, start = task // bands, task % bands * BAND
        stop = min(start + BAND, height)
        moments = np.empty((5, stop - start + TAPS - 1, width), np.float32)
        padded = np.zeros((5, width + TAPS - 1), np.float32)
        blurred = np.empty((5, width), np.float32)
        difference = np.float64(0.0)
        for line in range(stop - start + TAPS - 1):
            y = start + line - RADIUS
            if y < 0 or y >= height:
                moments[:, line, :] = _ZERO
            else:
                row = _ZERO
                for x in range(width):
                    a = image[channel, y, x]
                    b = target[channel, y, x]
                    padded[0, x + RADIUS] = a
                    padded[1, x + RADIUS] = b
                    padded[2, x + RADIUS] = a * a
                    padded[3, x + RADIUS] = b * b
                    padded[4, x + RADIUS] = a * b
                    row += abs(a - b)
                if start <= y < stop:
                    difference += row
                for i in range(5):
                    _across(padded[i], width, moments[i, line])
        total = np.float64(0.0)
        for line in range(stop - start):
            for i in range(5):
                _down(moments[i], line, width, blurred[i])
            row = _ZERO
            for x in range(width):
                ma = blurred[0, x]
                mb = blurred[1, x]
                variance = blurred[2, x] + blurred[3, x] - ma * ma - mb * mb + _C2
                means = ma * ma + mb * mb + _C1
                n1 = _TWO * ma * mb + _C1
                n2 = _TWO * (blurred[4, x] - ma * mb) + _C2
                inverse = _ONE / (means * variance)
                value = n1 * n2 * inverse
                row += value
                by_square = -value * means * inverse
                by_product = _TWO * n1 * inverse
                parts[channel, 0, start + line, x] = (
                    _TWO * mb * n2 * inverse
                    - _TWO * ma * value * variance * inverse
                    - by_product * mb
                    - _TWO * ma * by_square
                )
                parts[channel, 1, start + line, x] = by_square
                parts[channel, 2, start + line, x] = by_product
            total += row
        sums[task, 0] = total
        sums[task, 1] = difference


@parallel
def gradient(
    image: F32, target: F32, parts: F32, ssim_weight: float, l1_weight: float, v_image: F32
) -> None:
    """Write the derivative of ``l1_weight sum |a - b| - ssim_weight sum SSIM`` by the image."""
    height, width = image.shape[1], image.shape[2]
    bands = (height + BAND - 1) // BAND
    for task in prange(3 * bands):
        channel, start = task // bands, task % bands * BAND
        stop = min(start + BAND, height)
        spread = np.empty((3, stop - start + TAPS - 1, width), np.float32)
        padded = np.zeros(width + TAPS - 1, np.float32)
        blurred = np.empty((3, width), np.float32)
        for line in range(stop - start + TAPS - 1):
            y = start + line - RADIUS
            if y < 0 or y >= height:
                spread[:, line, :] = _ZERO
            else:
                for i in range(3):
                    for x in range(width):
                        padded[x + RADIUS] = parts[channel, i, y, x]
                    _across(padded, width, spread[i, line])
        for line in range(stop - start):
            for i in range(3):
                _down(spread[i], line, width, blurred[i])
            y = start + line
            for x in range(width):
                a = image[channel, y, x]
                b = target[channel, y, x]
                sign = _ONE if a > b else (-_ONE if a < b else _ZERO)
                v_image[channel, y, x] = np.float32(l1_weight) * sign - np.float32(ssim_weight) * (
                    blurred[0, x] + _TWO * a * blurred[1, x] + b * blurred[2, x]
                )
