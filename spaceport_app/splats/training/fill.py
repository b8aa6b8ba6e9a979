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
_NEAREST_PART = 0.4
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
    _, near = KDTree(pixels).query(at, k=_NEIGHBOURS)
    # Some of the points around a cell are hidden behind what it shows, so the nearer ones count.
    depth = np.quantile(depths[near], _NEAREST_PART, axis=1)
    rays = np.column_stack(
        [(at[:, 0] - camera.cx) / camera.fx, (at[:, 1] - camera.cy) / camera.fy, np.ones(len(at))]
    )
    rotation, shift = camera.view_matrix[:3, :3], camera.view_matrix[:3, 3]
    places = (rays * depth[:, None] - shift) @ rotation
    return places, view.image.reshape(-1, 3)
