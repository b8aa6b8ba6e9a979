"""How close a rendered picture is to a photo."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d

Picture = npt.NDArray[np.floating[Any]]

_RADIUS = 5
_SIGMA = 1.5
_C1 = 0.01**2
_C2 = 0.03**2


def psnr(a: Picture, b: Picture) -> float:
    """Return the peak signal-to-noise ratio in dB of two pictures with values 0 to 1.

    ``10 log10(1 / mean squared error)``; infinite for equal pictures.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    _same_shape(a, b)
    error = float(np.mean((a.astype(np.float64) - b) ** 2))
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
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x = _blur(x * x) - mean_x * mean_x
    variance_y = _blur(y * y) - mean_y * mean_y
    covariance = _blur(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    below = (mean_x * mean_x + mean_y * mean_y + _C1) * (variance_x + variance_y + _C2)
    return float(np.mean(above / below))


def _blur(image: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    rows = correlate1d(image, window, axis=0, mode="constant")
    return np.asarray(correlate1d(rows, window, axis=1, mode="constant"), np.float64)


def _same_shape(a: Picture, b: Picture) -> None:
    if a.shape != b.shape:
        raise ValueError(f"pictures differ in shape: {a.shape} and {b.shape}")
