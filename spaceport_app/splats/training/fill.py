"""First points where the triangulated cloud has none: on fields, roofs, water and sky.

Features are found where there is texture. A smooth field gets hardly a point, and Gaussians
take thousands of steps to grow into such holes. So every photo is cut into cells, each cell is
put at the depth of the points that lie around it in the picture, and the cells of all photos
are thinned to an even spacing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from spaceport_app.splats.engines.contract import TrainingView

Points = npt.NDArray[np.float64]
Colours = npt.NDArray[np.uint8]

_NEIGHBOURS = 8
_PLANE = 32
_ROUNDS = 3
_RIDGE = 0.002
_FINEST = 1e-6
# Beyond the last points a plane may lead into the sky: how far it is followed, in inverse depths
# of the cell's own points and of all.
_FARTHER, _FARTHEST, _NEARER = 0.5, 0.7, 1.1
_MARGIN = 0.5
_CLOSEST = 1e-3
_HALVINGS = 20


def fill(xyz: Points, views: Sequence[TrainingView], count: int) -> tuple[Points, Colours]:
    """Return about `count` more points and their colours, evenly spread over what views show.

    Parameters
    ----------
    xyz : (N, 3)
        Triangulated points in metres.
    views : sequence of TrainingView
        Small pictures: each pixel is one cell, and its colour that of the new point.
    count : int
        Wanted number; fewer come where the views have not as many cells.

    Returns
    -------
    xyz : (M, 3), rgb : uint8 (M, 3)
        None of them nearer to a triangulated point than to each other.
    """
    cells = [_cells(xyz, view) for view in views]
    places = np.concatenate([place for place, _ in cells] or [np.empty((0, 3))])
    colours = np.concatenate([colour for _, colour in cells] or [np.empty((0, 3), np.uint8)])
    if count <= 0 or len(places) == 0:
        return np.empty((0, 3)), np.empty((0, 3), np.uint8)
    gap, _ = KDTree(xyz).query(places)
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
    """Return one of the points in each occupied cube, if no triangulated point is near."""
    apart = np.flatnonzero(gaps > spacing)
    cubes = np.floor(places[apart] / spacing).astype(np.int64)
    _, first = np.unique(cubes, axis=0, return_index=True)
    return apart[first]


def _cells(xyz: Points, view: TrainingView) -> tuple[Points, Colours]:
    """Return places and colours of a picture's cells, (P, 3) each."""
    camera = view.camera
    pixels, depths = camera.project(xyz)
    # Points just beside the picture tell of the cells at its edge.
    about = camera.frames(pixels, (_MARGIN * camera.width, _MARGIN * camera.height))
    pixels, depths = pixels[about], depths[about]
    if len(depths) < _NEIGHBOURS:
        return np.empty((0, 3)), np.empty((0, 3), np.uint8)
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
    at = np.column_stack([u.ravel(), v.ravel()])
    depth = _depths(at, pixels, depths)
    rays = np.column_stack(
        [(at[:, 0] - camera.cx) / camera.fx, (at[:, 1] - camera.cy) / camera.fy, np.ones(len(at))]
    )
    rotation, shift = camera.view_matrix[:3, :3], camera.view_matrix[:3, 3]
    places = (rays * depth[:, None] - shift) @ rotation
    return places, view.image.reshape(-1, 3)


def _depths(at: Points, pixels: Points, depths: Points) -> Points:
    """Return the depth at each of the pixels `at` (P, 2), from those of points around it.

    On a plane the inverse of the depth is linear in the pixel, however obliquely it is seen. So
    each cell takes the value at its place of a plane laid through the inverse depths of its
    nearest points; the mean of the nearest would put what lies beyond the last points, towards
    the horizon, as near as these.
    """
    gaps, near = KDTree(pixels).query(at, k=min(_PLANE, len(depths)))
    nearness = np.asarray(1.0 / depths[near], np.float64)
    offsets = pixels[near] - at[:, None]
    closeness = np.asarray(1.0 / (gaps + 1.0) ** 2, np.float64)
    weights = closeness
    for _ in range(_ROUNDS):  # What stands on or hides behind the surface weighs less each round.
        height, slope = _plane_at(offsets, nearness, weights)
        off = np.abs(nearness - height[:, None] - np.einsum("pkd,pd->pk", offsets, slope))
        spread = 2.0 * np.median(off, axis=1, keepdims=True) + _FINEST * nearness
        weights = closeness / (1.0 + (off / spread) ** 2)
    farthest = np.maximum(_FARTHER * nearness.min(axis=1), _FARTHEST * float(np.min(1.0 / depths)))
    return np.asarray(1.0 / np.clip(height, farthest, _NEARER * nearness.max(axis=1)), np.float64)


def _plane_at(offset: Points, values: Points, weights: Points) -> tuple[Points, Points]:
    """Return height at offset 0 and slope of planes through K values each, (P,) and (P, 2)."""
    total = weights.sum(axis=1)
    middle = np.einsum("pk,pkd->pd", weights, offset) / total[:, None]
    mean = np.einsum("pk,pk->p", weights, values) / total
    apart = offset - middle[:, None]
    square = np.einsum("pk,pkd,pke->pde", weights, apart, apart)
    trace = square[:, 0, 0] + square[:, 1, 1]
    square += (_RIDGE * trace)[:, None, None] * np.eye(2)
    along = np.einsum("pk,pkd,pk->pd", weights, apart, values - mean[:, None])
    slope = np.linalg.solve(square, along[..., None])[..., 0]
    return mean - np.einsum("pd,pd->p", middle, slope), slope
