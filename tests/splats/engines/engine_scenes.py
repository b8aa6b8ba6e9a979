"""Small random scenes that the engine tests share."""

from __future__ import annotations

import numpy as np

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.model import Splats


def camera(width: int = 45, height: int = 37, turned: bool = True) -> Camera:
    """A camera near (0, 0, -4), looking along z, a little turned, centre off the middle."""
    view = np.eye(4)
    if turned:
        a, b = 0.2, -0.15
        ry = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        rx = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
        view[:3, :3] = rx @ ry
    view[:3, 3] = (0.1, -0.2, 4.0)
    return Camera(width, height, 0.9 * width, 0.95 * width, 0.47 * width, 0.54 * height, view)


def gaussians(count: int, degree: int = 3, seed: int = 0, size: float = -2.0) -> Splats:
    """Gaussians around the origin, some outside the picture of `camera`."""
    r = np.random.default_rng(seed)
    arrays = (
        r.normal(0.0, 1.0, (count, 3)),
        r.normal(size, 0.5, (count, 3)),
        r.normal(0.0, 1.0, (count, 4)),
        r.normal(0.0, 1.5, count),
        r.normal(0.0, 0.4, (count, (degree + 1) ** 2, 3)),
    )
    return Splats(*(a.astype(np.float32) for a in arrays))
