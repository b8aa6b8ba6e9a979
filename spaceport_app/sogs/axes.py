"""The axes of viewers: x west, y down, z south, where the world has x east, y north, z up.

PlayCanvas viewers turn every file by 180 degrees about z and expect y up after that.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.model import Splats
from spaceport_app.splats.transform import transform

Matrix3 = npt.NDArray[np.float64]


def viewer_from_world() -> Matrix3:
    """Return the rotation to ``x = -east, y = -up, z = -north``."""
    return np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, -1.0, 0.0]])


def to_viewer(splats: Splats) -> Splats:
    """Turn a scene from east, north, up to the axes of viewers."""
    return transform(splats, viewer_from_world())


def to_world(splats: Splats) -> Splats:
    """Turn a scene from the axes of viewers to east, north, up."""
    return transform(splats, viewer_from_world().T)
