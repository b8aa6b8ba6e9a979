"""Gaussians as the arrays that the graphics card reads.

They are stored with the most important first, so that any first part of them is a coarser
version of the scene: that is what the view draws while it moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from spaceport_app.splats.model import Floats, Splats
from spaceport_app.splats.nearby import nearby

BASE_TEXELS = 4
"""Texels of four float32 a Gaussian: see `PackedScene.base`."""

HARMONICS_TEXELS = {0: 0, 1: 3, 2: 6, 3: 12}
"""Texels of four float16 a Gaussian that hold the harmonics above degree 0."""

_SLACK = 0.01
_EVENNESS = 0.5


@dataclass(frozen=True)
class PackedScene:
    """A scene ready for upload.

    Parameters
    ----------
    base : float32 array, shape (N, 16)
        Mean (3), opacity, the matrix rotation x diagonal of scales row by row (9), harmonics of
        degree 0 (3). The matrix is kept instead of the covariance, whose determinant float32
        loses for long thin Gaussians.
    harmonics : float16 array, shape (N, 4 x texels)
        Coefficients above degree 0, red, green, blue after each other, padded with zeros.
    degree : int
    antialiased : bool
        Whether opacity is compensated for the 0.3 px low-pass.
    source : intp array, shape (N,)
        Which Gaussian of the scene that was packed each one is.
    """

    base: Floats
    harmonics: npt.NDArray[np.float16]
    degree: int
    antialiased: bool
    source: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.base)

    @property
    def means(self) -> Floats:
        """Centres, (N, 3), a view into `base`."""
        return self.base[:, :3]


def pack(splats: Splats, antialiased: bool = False) -> PackedScene:
    """Return the scene in an order of which any first part shows all of it, only coarser.

    Importance is opacity times the area of the larger side. Sorting by it alone would leave
    holes where detail is dense; so the order is drawn at random, weighted by the square root of
    importance (Efraimidis and Spirakis 2006, with Gumbel's distribution).
    """
    finite = np.isfinite(splats.means).all(axis=1) & np.isfinite(splats.opacity_logits)
    finite &= np.isfinite(splats.log_scales).all(axis=1)
    finite &= np.isfinite(splats.quaternions).all(axis=1)
    opacity = expit(splats.opacity_logits)
    with np.errstate(invalid="ignore", over="ignore"):
        longest = np.sort(splats.log_scales, axis=1)[:, 1:].sum(axis=1)
        importance = _EVENNESS * (np.log(np.maximum(opacity, 1e-9)) + longest)
    importance += np.random.default_rng(0).gumbel(size=len(splats))
    importance[~finite] = -np.inf
    order = np.argsort(-importance, kind="stable")[: int(finite.sum())]
    base = np.empty((len(order), 4 * BASE_TEXELS), np.float32)
    base[:, :3] = splats.means[order]
    base[:, 3] = opacity[order]
    scales = np.exp(splats.log_scales[order])
    base[:, 4:13] = (_rotations(splats.quaternions[order]) * scales[:, None, :]).reshape(-1, 9)
    base[:, 13:] = splats.sh[order, 0]
    texels = HARMONICS_TEXELS[splats.sh_degree]
    harmonics = np.zeros((len(order), 4 * texels), np.float16)
    if texels:
        rest = splats.sh[order, 1:].reshape(len(order), -1)
        harmonics[:, : rest.shape[1]] = rest
    return PackedScene(base, harmonics, splats.sh_degree, antialiased, order)


def bounds(scene: PackedScene) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the lower and upper corner of the box that all but the outermost centres fill.

    Sky and hills far behind the scene are not in it.
    """
    if len(scene) == 0:
        return -np.ones(3), np.ones(3)
    means = scene.means.astype(np.float64)
    low, high = np.quantile(means[nearby(means)], [_SLACK, 1.0 - _SLACK], axis=0)
    return low, high


def _rotations(quaternions: Floats) -> Floats:
    length = np.maximum(np.linalg.norm(quaternions, axis=1, keepdims=True), 1e-12)
    w, x, y, z = (quaternions / length).T
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    matrices: Floats = np.stack([np.stack(row, axis=1) for row in rows], axis=1)
    return matrices
