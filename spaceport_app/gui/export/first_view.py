"""The camera with which a splat first shows in a viewer."""

from __future__ import annotations

import numpy as np

from spaceport_app.gui.export.viewer_server import Camera
from spaceport_app.pipeline import stages as rooms
from spaceport_app.project.project import Project


def choose(project: Project) -> Camera | None:
    """Return the photo's camera that looks most straight at the middle of the scene.

    In the axes of viewers: x east, y up, z south. None without a reconstruction.
    """
    if project.published("sfm") is None:
        return None
    found = rooms.reconstruction(project)
    if not found.views or not len(found.cloud.xyz):
        return None
    middle = np.median(found.cloud.xyz, axis=0)
    matrices = np.stack([view.view_matrix for view in found.views])
    turns, shifts = matrices[:, :3, :3], matrices[:, :3, 3]
    centres = -np.einsum("nji,nj->ni", turns, shifts)
    towards = middle - centres
    towards /= np.linalg.norm(towards, axis=1, keepdims=True) + 1e-12
    best = int(np.argmax(np.sum(turns[:, 2] * towards, axis=1)))
    position, target = _to_viewer(centres[best]), _to_viewer(middle)
    return position, target


def _to_viewer(point: np.ndarray) -> tuple[float, float, float]:
    east, north, up = (float(value) for value in point)
    return east, up, -north
