"""The camera with which a splat first shows in a viewer."""

from __future__ import annotations

import numpy as np

from spaceport_app.gui.export.viewer_server import Camera
from spaceport_app.pipeline import stages as rooms
from spaceport_app.project.project import Project
from spaceport_app.sfm.model import Reconstruction, View


def choose(project: Project) -> Camera | None:
    """Return the photo's camera that looks most straight at the middle of the scene.

    In the axes of viewers: x east, y up, z south. None without a reconstruction.
    """
    if project.published("sfm") is None:
        return None
    found = rooms.reconstruction(project)
    best = best_view(found)
    if best is None:
        return None
    position = -best.view_matrix[:3, :3].T @ best.view_matrix[:3, 3]
    return _to_viewer(position), _to_viewer(np.median(found.cloud.xyz, axis=0))


def best_view(found: Reconstruction) -> View | None:
    """Return the view that looks most straight at the middle of the scene, if there is one."""
    if not found.views or not len(found.cloud.xyz):
        return None
    middle = np.median(found.cloud.xyz, axis=0)
    matrices = np.stack([view.view_matrix for view in found.views])
    turns, shifts = matrices[:, :3, :3], matrices[:, :3, 3]
    towards = middle + np.einsum("nji,nj->ni", turns, shifts)
    towards /= np.linalg.norm(towards, axis=1, keepdims=True) + 1e-12
    return found.views[int(np.argmax(np.sum(turns[:, 2] * towards, axis=1)))]


def _to_viewer(point: np.ndarray) -> tuple[float, float, float]:
    east, north, up = (float(value) for value in point)
    return east, up, -north
