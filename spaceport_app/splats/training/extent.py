"""How large a scene is, seen from its cameras."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spaceport_app.splats.camera import Camera


def scene_extent(cameras: Sequence[Camera]) -> float:
    """Return the radius that learning rates and sizes are measured by, in metres, over 0.

    1.1 times the largest distance of a camera from the mean of all (Kerbl et al. 2023); where
    all cameras stand in one place, 1.
    """
    centres = np.array([camera.centre for camera in cameras])
    radius = 1.1 * float(np.linalg.norm(centres - centres.mean(axis=0), axis=1).max())
    return radius if radius > 1e-6 else 1.0
