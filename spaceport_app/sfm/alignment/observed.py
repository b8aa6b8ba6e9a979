"""What is known about cameras: from the reconstruction, and from the drone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Observed:
    """N registered cameras and M points, and what the photos say of them.

    Parameters
    ----------
    names : tuple of str, N
        Photo names.
    centres : (N, 3)
        Camera centres in the frame of the reconstruction.
    rotations : (N, 3, 3)
        World to camera, axes x right, y down, z forward.
    points : (M, 3)
        Triangulated points in the same frame.
    gps : (N, 3)
        East, north, up in metres about the origin; NaN where unknown, up alone may be NaN.
    relative_up : (N,)
        Metres above take-off; NaN where unknown.
    angles : (N, 3)
        Yaw, pitch, roll in degrees as in `photos.model.Orientation`; NaN where unknown.
    """

    names: tuple[str, ...]
    centres: Floats
    rotations: Floats
    points: Floats
    gps: Floats
    relative_up: Floats
    angles: Floats

    @property
    def placed(self) -> npt.NDArray[np.bool_]:
        """Cameras with a horizontal position, (N,)."""
        return np.asarray(np.isfinite(self.gps[:, :2]).all(1))
