"""How much darker a lens makes the edges of its pictures, found from overlapping photos.

The same point on the ground is seen at the middle of one photo and at the edge of another.
Without correction Gaussians average these brightnesses, which costs more than any detail they
can show, and seams remain where photos end. The model is the usual even polynomial
(Goldman 2010): ``log V = a r^2 + b r^4 + c r^6``, r in halves of the larger side from the
principal point, one for all photos of a camera. A factor for each photo's exposure is solved
for beside it, so that clouds passing do not look like a lens, and is then dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import lsqr

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView

Floats = npt.NDArray[np.float64]

_TERMS = 3
_MOST_POINTS = 20_000
_FEWEST_SIGHTINGS = 500
_ROUNDS = 5
_DARKEST = 0.02
_STRONGEST = 0.7


@dataclass(frozen=True)
class Vignette:
    """Coefficients a, b, c of one lens; all zero for one without loss."""

    coefficients: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def factors(self, camera: Camera) -> npt.NDArray[np.float32]:
        """Return what the lens leaves of the light at each pixel, (height, width, 1), mean 1."""
        v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
        logs = _powers(u, v, camera) @ np.array(self.coefficients)
        factors = np.exp(np.clip(logs, -_STRONGEST, _STRONGEST))
        return np.asarray(factors / factors.mean(), np.float32)[..., None]

    def corrected(self, view: TrainingView) -> TrainingView:
        """Return the view with its picture as a lens without loss would have taken it."""
        if not any(self.coefficients):
            return view
        picture = np.clip(view.image / self.factors(view.camera), 0.0, 255.0)
        return TrainingView(view.camera, np.rint(picture).astype(np.uint8), view.key)


NO_VIGNETTE = Vignette()


def estimate(xyz: Floats, views: Sequence[TrainingView]) -> Vignette:
    """Return the vignette that photos of one camera have in common.

    Parameters
    ----------
    xyz : (N, 3)
        Triangulated points in metres.
    views : sequence of TrainingView
        Photos of one camera, small: brightness is compared, not detail.
    """
    rng = np.random.default_rng(0)
    if len(xyz) > _MOST_POINTS:
        xyz = xyz[rng.choice(len(xyz), _MOST_POINTS, replace=False)]
    seen = [_sightings(xyz, view) for view in views]
    points = np.concatenate([s[0] for s in seen] or [np.empty(0, np.intp)])
    if len(points) < _FEWEST_SIGHTINGS:
        return Vignette()
    photos = np.repeat(np.arange(len(views)), [len(s[0]) for s in seen])
    powers = np.concatenate([s[1] for s in seen])
    logs = np.concatenate([s[2] for s in seen])
    rows = np.tile(np.arange(len(logs)), 2 + _TERMS)
    first = len(xyz) + len(views)
    lens = [np.full(len(logs), first + k) for k in range(_TERMS)]
    columns = np.concatenate([points, len(xyz) + photos, *lens])
    entries = np.concatenate([np.ones(2 * len(logs)), powers.T.ravel()])
    shape = (len(logs), first + _TERMS)
    weights = np.ones(len(logs))
    solved = np.zeros(first + _TERMS)
    matrix = coo_matrix((entries, (rows, columns)), shape=shape).tocsr()
    for _ in range(_ROUNDS):  # Moving, hidden and shining things weigh less each round.
        solved = lsqr(diags(weights) @ matrix, logs * weights, damp=1e-2, iter_lim=300)[0]
        off = logs - matrix @ solved
        spread = 3.0 * np.median(np.abs(off)) + 1e-6
        weights = 1.0 / np.sqrt(1.0 + (off / spread) ** 2)
    a, b, c = (float(x) for x in solved[first:])
    return Vignette((a, b, c))


def _powers(u: Floats, v: Floats, camera: Camera) -> Floats:
    half = max(camera.width, camera.height) / 2
    square = ((u - camera.cx) ** 2 + (v - camera.cy) ** 2) / half**2
    return np.stack([square, square**2, square**3], axis=-1)


def _sightings(xyz: Floats, view: TrainingView) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
    """Return which points stand in a picture, their powers of r (S, 3) and log brightness."""
    camera = view.camera
    x, y, z = camera.view_matrix[:3, :3] @ xyz.T + camera.view_matrix[:3, 3:]
    before = z > 1e-6
    z = np.where(before, z, 1.0)
    u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
    inside = before & (u > 1) & (u < camera.width - 1) & (v > 1) & (v < camera.height - 1)
    index = np.flatnonzero(inside)
    grey = view.image.mean(axis=2) / 255.0
    light = map_coordinates(grey, [v[index] - 0.5, u[index] - 0.5], order=1)
    usable = (light > _DARKEST) & (light < 1.0 - _DARKEST)
    index = index[usable]
    return index, _powers(u[index], v[index], camera), np.log(light[usable])
