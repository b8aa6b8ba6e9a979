"""Photos that a mapper placed without enough points to hold them are let go.

The global mapper solves for all photos at once and gives even those a pose that nothing but a
wrong match connects; its reprojection error doesn't show it.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pycolmap
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

FEWEST_PHOTOS = 3
# A pose has 6 degrees of freedom and wrong matches seldom agree in tracks of three photos: on
# real flights 9 points placed a photo to within the noise of GPS, while lost photos had none.
_FEWEST_POINTS = 8
_FEWEST_SHARED = 5
# COLMAP's incremental mapper wants 30 inliers of a new photo: below, a pose is worth a word.
_FIRM_POINTS = 30
# Longer tracks are thinned for counting pairs: their photos hold together anyway.
_LONGEST_TRACK = 30


def prune(model: pycolmap.Reconstruction) -> pycolmap.Reconstruction | None:
    """Keep the largest part of `model` whose photos share points; change it in place.

    Photos with under 8 points, and parts whose photos share under 5 points with any of the
    rest, lose their pose and observations.

    Returns
    -------
    pycolmap.Reconstruction or None
        `model`, or None if fewer than three photos are left.
    """
    while True:
        weak = _weak(model)
        if not weak:
            break
        for image_id in weak:
            _let_go(model, image_id)
    if model.num_reg_images() < FEWEST_PHOTOS or model.num_points3D() == 0:
        return None
    return model


def _weak(model: pycolmap.Reconstruction) -> list[int]:
    ids = sorted(model.reg_image_ids())
    if not ids:
        return []
    position = {image_id: row for row, image_id in enumerate(ids)}
    points: Counter[int] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    for point in model.points3D.values():
        seen = sorted({position[e.image_id] for e in point.track.elements})
        points.update(seen)
        shared.update(combinations(seen[:_LONGEST_TRACK], 2))
    edges = [pair for pair, count in shared.items() if count >= _FEWEST_SHARED]
    rows, columns = (np.array(edges, np.int64).reshape(-1, 2)).T
    graph = coo_array((np.ones(len(edges)), (rows, columns)), shape=(len(ids), len(ids)))
    _, part = connected_components(graph, directed=False)
    largest = int(np.bincount(part).argmax())
    return [
        image_id
        for row, image_id in enumerate(ids)
        if part[row] != largest or points[row] < _FEWEST_POINTS
    ]


def weakly_placed(model: pycolmap.Reconstruction) -> dict[str, int]:
    """Return the images whose pose rests on under 30 points, and on how many."""
    images = [model.image(image_id) for image_id in sorted(model.reg_image_ids())]
    return {i.name: int(i.num_points3D) for i in images if i.num_points3D < _FIRM_POINTS}


def _let_go(model: pycolmap.Reconstruction, image_id: int) -> None:
    image = model.image(image_id)
    for index in list(image.get_observation_point2D_idxs()):
        # Deleting one observation deletes its point where under two remain.
        if image.point2D(index).has_point3D():
            model.delete_observation(image_id, index)
    model.deregister_frame(image.frame_id)
