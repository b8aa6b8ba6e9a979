"""First points where the triangulated cloud has none: on fields, roofs and water.

Features are found where there is texture. A smooth field gets hardly a point, and Gaussians
take thousands of steps to grow into such holes. So every photo is cut into cells, each cell is
put at its coarse depth, cells that other photos look through are left out, and the cells of all
photos are thinned to an even spacing. What is endlessly far is no part of that; see `backdrop`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from spaceport_app import resources
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.training import depths
from spaceport_app.splats.training.backdrop import Backdrop, backdrop

Points = npt.NDArray[np.float64]
Colours = npt.NDArray[np.uint8]

_MOST_VIEWS = 128
_CLOSEST = 1e-3
_HALVINGS = 20


@dataclass(frozen=True)
class Cells:
    """Where the pixels of small photos stand in the world; what most views confirm comes first.

    Parameters
    ----------
    places : (P, 3)
        In metres.
    colours : uint8 (P, 3)
    backdrop : Backdrop
        What is endlessly far.
    """

    places: Points
    colours: Colours
    backdrop: Backdrop


def cells(
    xyz: Points,
    views: Sequence[TrainingView],
    told: Callable[[int, int], None] = lambda done, total: None,
    *,
    upright: bool = False,
) -> Cells:
    """Return the cells of photos at their coarse depths, without those that others look through.

    Parameters
    ----------
    xyz : (N, 3)
        Triangulated points in metres.
    views : sequence of TrainingView
        Small pictures: each pixel is one cell. Of more than 128, as many are taken from all over.
    told : callable
        Called with the number of views that are done, and of all.
    upright : bool
        Whether the third axis points up; only then is there a backdrop.
    """
    xyz = xyz[np.isfinite(xyz).all(axis=1)]
    if len(views) > _MOST_VIEWS:
        chosen = np.linspace(0, len(views) - 1, _MOST_VIEWS).round().astype(int)
        views = [views[i] for i in chosen]
    places, colours, support = [np.empty((0, 3))], [np.empty((0, 3), np.uint8)], [np.empty(0)]
    estimated = depths.estimate(xyz, views, told, upright=upright)
    far = backdrop(views, estimated)
    for view, found in zip(views, estimated, strict=True):
        if found is None:
            continue
        votes = found.agreeing - found.contradicting
        # What others neither confirm nor look through is hidden from them or stands at their
        # edge: without it the far corners of oblique photos would stay empty (0.3 dB).
        good = (votes > 0) | (found.agreeing + found.contradicting == 0)
        good &= ~found.endless
        places.append(depths.places(view.camera, found.metres)[good])
        colours.append(view.image.reshape(-1, 3)[good])
        support.append(votes[good])
    order = np.argsort(-np.concatenate(support), kind="stable")
    return Cells(np.concatenate(places)[order], np.concatenate(colours)[order], far)


def fill(xyz: Points, cells: Cells, count: int) -> tuple[Points, Colours]:
    """Return about `count` more points and their colours, evenly spread over what views show.

    Parameters
    ----------
    xyz : (N, 3)
        Triangulated points in metres.
    count : int
        Wanted number; fewer come where there are not as many cells.

    Returns
    -------
    xyz : (M, 3), rgb : uint8 (M, 3)
        None of them nearer to a triangulated point than to each other.
    """
    places, colours = cells.places, cells.colours
    if count <= 0 or len(places) == 0 or len(xyz) == 0:
        return np.empty((0, 3)), np.empty((0, 3), np.uint8)
    gap, _ = KDTree(xyz).query(places, workers=resources.cores())
    gaps = np.asarray(gap, np.float64)

    # The larger the spacing, the fewer are left: halve the range until the number fits.
    low, high = 0.0, float(np.linalg.norm(np.ptp(places, axis=0))) + _CLOSEST
    kept = np.empty(0, np.intp)
    for _ in range(_HALVINGS):
        spacing = (low + high) / 2
        kept = _thinned(places, gaps, spacing)
        if len(kept) > count:
            low = spacing
        else:
            high = spacing
            if len(kept) > 0.97 * count:
                break
    kept = _thinned(places, gaps, high)
    return places[kept], colours[kept]


def _thinned(places: Points, gaps: Points, spacing: float) -> npt.NDArray[np.intp]:
    """Return the first of the points in each occupied cube, if no triangulated point is near."""
    apart = np.flatnonzero(gaps > spacing)
    if len(apart) == 0:
        return apart
    cubes = np.floor(places[apart] / spacing).astype(np.int64)
    cubes -= cubes.min(axis=0)
    sides = [int(n) + 1 for n in cubes.max(axis=0)]
    if math.prod(sides) < 2**62:  # One number a cube sorts ten times as fast as three.
        cubes = np.ravel_multi_index(tuple(cubes.T), sides)
    _, first = np.unique(cubes, axis=0, return_index=True)
    return apart[first]
