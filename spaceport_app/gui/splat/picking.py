"""What is under the pointer."""

from __future__ import annotations

import numpy as np

from spaceport_app.gui.splat.packing import PackedScene
from spaceport_app.splats.camera import Camera

_LOOKED_AT = 200_000
_LEAST_OPACITY = 0.2
_FRONT = 0.1


def depth_under(
    scene: PackedScene, camera: Camera, x: float, y: float, radius: float = 12.0
) -> float | None:
    """Return how far along the view the scene is within `radius` pixels of (x, y).

    That is the front tenth of the centres there, among the most important Gaussians; None
    where there is nothing.
    """
    base = scene.base[:_LOOKED_AT]
    view = camera.view_matrix.astype(np.float32)
    px, py, pz = view[:3, :3] @ base[:, :3].T + view[:3, 3:]
    ahead = (pz > 0) & (base[:, 3] > _LEAST_OPACITY)
    px, py, pz = px[ahead], py[ahead], pz[ahead]
    u = camera.fx * px / pz + camera.cx - x
    v = camera.fy * py / pz + camera.cy - y
    depths = pz[u * u + v * v <= radius * radius]
    return float(np.quantile(depths, _FRONT)) if len(depths) else None
