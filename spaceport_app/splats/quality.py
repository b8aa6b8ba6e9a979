"""How close a rendered picture is to a photo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.floating[Any]]
Floats = npt.NDArray[np.float64]

_RADIUS = 5
_SIGMA = 1.5
_C1 = 0.01**2
_C2 = 0.03**2
_BAND = 128
"""Rows at a time: whole pictures of 12 megapixels in double precision would take 3 GB."""


def psnr(a: Picture, b: Picture) -> float:
    """Return the peak signal-to-noise ratio in dB of two pictures with values 0 to 1.

    ``10 log10(1 / mean squared error)``; infinite for equal pictures.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    _same_shape(a, b)
    squares = sum(float(np.sum((a[r].astype(np.float64) - b[r]) ** 2)) for r in _bands(len(a)))
    error = squares / a.size
    return float("inf") if error == 0 else float(-10.0 * np.log10(error))


def ssim(a: Picture, b: Picture) -> float:
    """Return the structural similarity of two pictures (height, width, channels), 0 to 1.

    Mean over all pixels and channels with an 11x11 Gaussian window of sigma 1.5, K1 = 0.01,
    K2 = 0.03 and zeros beyond the border, as in the 3DGS papers (Wang et al. 2004; Kerbl et al.
    2023). Two equal pictures have 1.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    _same_shape(a, b)
    total = 0.0
    for rows in _bands(len(a)):
        # With what the window reaches beyond the band; that part of the result is cut off again.
        first = max(rows.start - _RADIUS, 0)
        reach = slice(first, rows.stop + _RADIUS)
        similar = _similarity(a[reach].astype(np.float64), b[reach].astype(np.float64))
        total += float(np.sum(similar[rows.start - first : rows.stop - first]))
    return total / a.size


def _similarity(x: Floats, y: Floats) -> Floats:
    """Return the SSIM at every pixel and channel, with zeros beyond the border."""
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x = _blur(x * x) - mean_x * mean_x
    variance_y = _blur(y * y) - mean_y * mean_y
    covariance = _blur(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    below = (mean_x * mean_x + mean_y * mean_y + _C1) * (variance_x + variance_y + _C2)
    return np.asarray(above / below, np.float64)


def colour_fitted_psnr(rendered: Picture, photo: Picture) -> float:
    """Return the PSNR in dB that remains of exposure and white balance alone.

    The colours of each half of the rendering, left and right, go through the affine map (3x4)
    that takes the other half's to the photo's with the least squared error; so no pixel is
    compared with a map that was fitted to it. Where one half tells nothing of the other, this is
    below `psnr`.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    _same_shape(rendered, photo)
    middle = photo.shape[1] // 2
    halves = (slice(None, middle), slice(middle, None))
    squares = 0.0
    for fitted, measured in (halves, halves[::-1]):
        products, wanted = np.zeros((4, 4)), np.zeros((4, 3))
        for rows in _bands(len(photo)):
            seen = _with_ones(rendered[rows, fitted])
            products += seen.T @ seen
            wanted += seen.T @ photo[rows, fitted].reshape(-1, 3).astype(np.float64)
        matrix = np.linalg.lstsq(products, wanted, rcond=None)[0]
        for rows in _bands(len(photo)):
            shown = np.clip(_with_ones(rendered[rows, measured]) @ matrix, 0.0, 1.0)
            squares += float(np.sum((shown - photo[rows, measured].reshape(-1, 3)) ** 2))
    return float("inf") if squares == 0 else float(-10.0 * np.log10(squares / photo.size))


def _bands(height: int) -> Iterator[slice]:
    """Cut the rows of a picture into bands that are worked through one by one."""
    for start in range(0, height, _BAND):
        yield slice(start, min(start + _BAND, height))


def _with_ones(image: Picture) -> Floats:
    colours = image.reshape(-1, 3).astype(np.float64)
    return np.column_stack([colours, np.ones(len(colours))])


def _blur(image: npt.NDArray[np.float64]) -> Floats:
    # Whoever only reads what was measured need not wait for it.
    from scipy.ndimage import correlate1d

    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    rows = correlate1d(image, window, axis=0, mode="constant")
    return np.asarray(correlate1d(rows, window, axis=1, mode="constant"), np.float64)


def _same_shape(a: Picture, b: Picture) -> None:
    if a.shape != b.shape:
        raise ValueError(f"pictures differ in shape: {a.shape} and {b.shape}")
