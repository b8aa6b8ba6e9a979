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
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import lsqr

from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette, even_powers

Floats = npt.NDArray[np.float64]

_TERMS = 3
_MOST_POINTS = 20_000
_FEWEST_SIGHTINGS = 500
_ROUNDS = 5
_DARKEST = 0.02


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
