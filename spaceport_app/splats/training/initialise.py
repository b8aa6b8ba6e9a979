"""First Gaussians from the triangulated points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.sfm.model import Cloud
from spaceport_app.splats.model import SH_C0, Splats
from spaceport_app.splats.training.backdrop import Backdrop
from spaceport_app.splats.training.fill import Cells, fill

_FEWEST_POINTS = 10
_NEIGHBOURS = 3
_STRAY = 30.0
_WIDEST = 10.0
_MOST_FAR = 0.2


def initial_splats(
    cloud: Cloud,
    cells: Cells | None = None,
    *,
    limit: int,
    filled: int = 0,
    sh_degree: int,
    seed: int,
    opacity: float = 0.5,
) -> Splats:
    """Return one round Gaussian a point of the cloud, and more where it has holes.

    Its standard deviation is the mean distance to the three nearest points (Kerbl et al. 2023),
    at most ten times the median of all, so that a stray point makes no fog. Points whose
    neighbours are thirty medians away are left out. The backdrop gets up to a fifth of the limit,
    with spacings of its own. Rotations are random: they mean nothing for
    round Gaussians, and keep them from all stretching along the same axes.

    Parameters
    ----------
    cells : Cells, optional
        What holes are filled from; see `fill`.
    limit : int
        Largest number of Gaussians; of more points a random choice is kept.
    filled : int
        Number of Gaussians to fill holes with, as far as `limit` allows.
    sh_degree : int
        Degree that the coefficients have room for; only degree 0 is set.
    opacity : float
        Of every Gaussian, between 0 and 1.

    Raises
    ------
    StageError
        ``too_few_points`` if fewer than ten finite points are there.
    """
    rng = np.random.default_rng(seed)
    finite = np.flatnonzero(np.isfinite(cloud.xyz).all(axis=1))
    xyz, first = np.unique(cloud.xyz[finite], axis=0, return_index=True)
    rgb = cloud.rgb[finite][first]
    if len(xyz) < _FEWEST_POINTS:
        raise StageError(
            "too_few_points",
            f"The reconstruction has only {len(xyz)} points to start from.",
            "Reconstruct again with more or sharper overlapping photos.",
        )
    spacing = _spacing(xyz)
    near = spacing <= _STRAY * np.median(spacing)
    xyz, rgb = xyz[near], rgb[near]
    far = Backdrop.none() if cells is None else _fewer(cells.backdrop, int(_MOST_FAR * limit), rng)
    room = limit - len(far.places)
    if len(xyz) > room:
        chosen = np.sort(rng.choice(len(xyz), room, replace=False))
        xyz, rgb = xyz[chosen], rgb[chosen]
    if cells is not None:
        more, colours = fill(xyz, cells, min(filled - len(far.places), room - len(xyz)))
        xyz, rgb = np.concatenate([xyz, more]), np.concatenate([rgb, colours])
    spacing = _spacing(xyz)
    spacing = np.minimum(spacing, _WIDEST * np.median(spacing))
    if len(far.places):
        xyz, rgb = np.concatenate([xyz, far.places]), np.concatenate([rgb, far.colours])
        spacing = np.concatenate([spacing, _spacing(far.places)])

    n = len(xyz)
    quaternions = rng.normal(size=(n, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    sh = np.zeros((n, (sh_degree + 1) ** 2, 3), np.float32)
    sh[:, 0] = (rgb / 255.0 - 0.5) / SH_C0
    return Splats(
        np.ascontiguousarray(xyz, np.float32),
        np.repeat(np.log(spacing)[:, None], 3, axis=1).astype(np.float32),
        quaternions.astype(np.float32),
        np.full(n, np.log(opacity / (1.0 - opacity)), np.float32),
        sh,
    )


def _spacing(xyz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean distance of each point to its three nearest, (N,), over 0."""
    found, _ = KDTree(xyz).query(xyz, k=_NEIGHBOURS + 1, workers=resources.cores())
    distances = np.asarray(found, np.float64)[:, 1:]
    return np.asarray(np.maximum(distances.mean(axis=1), 1e-7), np.float64)


def _fewer(far: Backdrop, most: int, rng: np.random.Generator) -> Backdrop:
    """Return at most so many points of a backdrop, or none where that is too few for a sky."""
    if len(far.places) <= most:
        return far
    if most <= _NEIGHBOURS:
        return Backdrop.none()
    chosen = np.sort(rng.choice(len(far.places), most, replace=False))
    return Backdrop(far.places[chosen], far.colours[chosen])
