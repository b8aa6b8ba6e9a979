"""How much a lens darkens the edges of its pictures, found from overlapping photos.

The same point on the ground is seen at the middle of one photo and at the edge of another.
Without correction Gaussians average these brightnesses, which costs more than any detail they
can show, and seams remain where photos end. A factor for each photo's exposure is solved for
beside the lens, so that clouds passing do not look like a lens, and is then dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.sparse import csr_matrix

from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette, even_powers

Floats = npt.NDArray[np.float64]

_TERMS = 3
_MOST_POINTS = 20_000
_FEWEST_SIGHTINGS = 500
_ROUNDS = 5
_DARKEST = 0.02
_DAMPING = 1e-4


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
        return NO_VIGNETTE
    photos = np.repeat(np.arange(len(views)), [len(s[0]) for s in seen])
    powers = np.concatenate([s[1] for s in seen])
    logs = np.concatenate([s[2] for s in seen])
    order = np.arange(len(logs))
    of_point = csr_matrix((np.ones(len(logs)), (order, points)), (len(logs), len(xyz)))
    first = len(views)
    rows = np.tile(order, 1 + _TERMS)
    columns = np.concatenate([photos, *(np.full(len(logs), first + k) for k in range(_TERMS))])
    entries = np.concatenate([np.ones(len(logs)), powers.T.ravel()])
    of_light = csr_matrix((entries, (rows, columns)), (len(logs), first + _TERMS))
    weights = np.ones(len(logs))
    light = np.zeros(first + _TERMS)
    for _ in range(_ROUNDS):  # Moving, hidden and shining things weigh less each round.
        tones, light = _solved(of_point, of_light, logs, weights)
        off = logs - of_point @ tones - of_light @ light
        spread = 3.0 * np.median(np.abs(off)) + 1e-6
        weights = 1.0 / (1.0 + (off / spread) ** 2)
    a, b, c = (float(x) for x in light[first:])
    return Vignette((a, b, c))


def _solved(
    of_point: csr_matrix, of_light: csr_matrix, logs: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Return the damped least squares solution: tones of points, then exposures and lens.

    No row of `of_point` has two entries, so the points are eliminated by a division each and few
    unknowns are left (Schur complement); an iterative solver of all took a second.
    """
    weighted = csr_matrix(of_light.multiply(weights[:, None]))
    own = of_point.T @ weights + _DAMPING
    shared = csr_matrix(of_point.T @ weighted)
    told = of_point.T @ (weights * logs)
    scaled = csr_matrix(shared.multiply(1.0 / own[:, None]))
    left = (of_light.T @ weighted - shared.T @ scaled).toarray()
    left += _DAMPING * np.eye(len(left))
    light = np.linalg.solve(left, weighted.T @ logs - scaled.T @ told)
    return np.asarray((told - shared @ light) / own, np.float64), light


def _sightings(xyz: Floats, view: TrainingView) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
    """Return which points stand in a picture, their powers of r (S, 3) and log brightness."""
    camera = view.camera
    pixels, _ = camera.project(xyz)
    index = np.flatnonzero(camera.frames(pixels, (-1.0, -1.0)))
    u, v = pixels[index].T
    grey = view.image.mean(axis=2) / 255.0
    light = map_coordinates(grey, [v - 0.5, u - 0.5], order=1)
    usable = (light > _DARKEST) & (light < 1.0 - _DARKEST)
    return index[usable], even_powers(u[usable], v[usable], camera), np.log(light[usable])
