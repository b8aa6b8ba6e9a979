"""Similarity transforms between point sets, exact and robust.

Least squares: Shinji Umeyama, "Least-squares estimation of transformation parameters between
two point patterns", PAMI 13(4), 1991. Robust: least median of squares over random minimal
samples (Peter Rousseeuw, "Least Median of Squares Regression", JASA 79, 1984), then reweighted
least squares on the inliers: it needs no threshold in metres, which differ between an RTK drone
and a phone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_SAMPLES = 300
# Residuals up to 2.5 robust standard deviations are inliers (Rousseeuw and Leroy 1987).
_INLIER_SIGMAS = 2.5
# GPS repeats no better than this, so tinier residuals never make an outlier.
_FLOOR_M = 0.3


@dataclass(frozen=True)
class Similarity:
    """``x -> scale * rotation @ x + translation``, rotation (3, 3), translation (3,)."""

    rotation: Floats
    translation: Floats
    scale: float

    def apply(self, points: Floats) -> Floats:
        """Return the transformed points, (N, 3)."""
        moved: Floats = self.scale * points @ self.rotation.T + self.translation
        return moved

    @property
    def up(self) -> Floats:
        """Unit vector of the source frame that becomes the third axis, (3,)."""
        up: Floats = self.rotation[2]
        return up


def fit(source: Floats, target: Floats) -> Similarity:
    """Return the similarity of least squares from `source` to `target`, (N, 3) or (N, 2).

    Two-dimensional points give a turn about the third axis; its shift along it is 0.
    """
    dimension = source.shape[1]
    a, b = source.mean(0), target.mean(0)
    u, d, vt = np.linalg.svd((target - b).T @ (source - a) / len(source))
    sign = np.ones(dimension)
    if np.linalg.det(u) * np.linalg.det(vt) < 0:
        sign[-1] = -1.0
    turn = u @ np.diag(sign) @ vt
    variance = float(((source - a) ** 2).sum() / len(source))
    scale = float((d * sign).sum()) / max(variance, 1e-300)
    rotation, translation = np.eye(3), np.zeros(3)
    rotation[:dimension, :dimension] = turn
    translation[:dimension] = b - scale * turn @ a
    return Similarity(rotation, translation, scale)


def fit_robust(source: Floats, target: Floats, seed: int) -> tuple[Similarity, Mask] | None:
    """Return the similarity that fits most points, and which points fit it.

    Parameters
    ----------
    source, target : (N, D)
        D is 2 or 3; at least D points that differ.

    Returns
    -------
    tuple or None
        None where there are too few points or they are one place.
    """
    count, dimension = source.shape
    if count < dimension or _spread(target) < 1e-6 or _spread(source) < 1e-12:
        return None
    best = _least_median(source, target, seed)
    if best is None:
        return None

    def residuals(similarity: Similarity) -> Floats:
        moved = similarity.apply(_padded(source))[:, :dimension]
        size: Floats = np.linalg.norm(moved - target, axis=1)
        return size

    return _refined(source, target, best, residuals)


def robust_sigma(residuals: Floats) -> float:
    """Return 1.4826 times the median of absolute residuals: the sigma of a normal one."""
    return float(1.4826 * np.median(np.abs(residuals))) if len(residuals) else 0.0


def _refined(
    source: Floats,
    target: Floats,
    similarity: Similarity,
    residuals: Callable[[Similarity], Floats],
) -> tuple[Similarity, Mask]:
    dimension = source.shape[1]
    inliers = np.ones(len(source), bool)
    for _ in range(10):
        size = residuals(similarity)
        # The median of a norm over D axes is larger than that of one: sqrt(D) makes up for it.
        limit = _INLIER_SIGMAS * max(robust_sigma(size), _FLOOR_M * np.sqrt(dimension))
        now = size <= limit
        if now.sum() < dimension:
            break
        similarity = fit(source[now], target[now])
        if (now == inliers).all():
            break
        inliers = now
    return similarity, inliers


def _least_median(source: Floats, target: Floats, seed: int) -> Similarity | None:
    count, dimension = source.shape
    random = np.random.default_rng(seed)
    best, best_score = None, np.inf
    samples = [np.arange(count)]
    samples += [random.permutation(count)[:dimension] for _ in range(_SAMPLES)]
    padded = _padded(source)
    for sample in samples:
        if _spread(source[sample]) < 0.05 * _spread(source):
            continue
        similarity = fit(source[sample], target[sample])
        if not np.isfinite(similarity.scale) or similarity.scale <= 0:
            continue
        error = np.linalg.norm(similarity.apply(padded)[:, :dimension] - target, axis=1)
        score = float(np.median(error))
        if score < best_score * (1 - 1e-9):
            best, best_score = similarity, score
    return best


def _padded(points: Floats) -> Floats:
    if points.shape[1] == 3:
        return points
    return np.concatenate([points, np.zeros((len(points), 1))], axis=1)


def _spread(points: Floats) -> float:
    return float(np.sqrt(((points - points.mean(0)) ** 2).sum(1).mean()))
