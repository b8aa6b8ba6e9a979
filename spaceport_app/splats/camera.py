"""A pinhole camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.sfm.model import View


@dataclass(frozen=True)
class Camera:
    """Intrinsics in pixels and a view matrix; the top left pixel's centre is (0.5, 0.5).

    `view_matrix` is world to camera, float64 (4, 4), x right, y down, z forward.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    view_matrix: npt.NDArray[np.float64]

    @staticmethod
    def of_view(view: View) -> Camera:
        """Return the camera of an undistorted view."""
        return Camera(view.width, view.height, view.fx, view.fy, view.cx, view.cy, view.view_matrix)

    def resized(self, width: int, height: int) -> Camera:
        """Return the camera of the same picture resampled to `width` x `height`."""
        sx, sy = width / self.width, height / self.height
        return Camera(
            width,
            height,
            self.fx * sx,
            self.fy * sy,
            self.cx * sx,
            self.cy * sy,
            self.view_matrix,
        )

    @property
    def centre(self) -> npt.NDArray[np.float64]:
        """Position of the camera in the world, (3,)."""
        rotation = self.view_matrix[:3, :3]
        return -rotation.T @ self.view_matrix[:3, 3]
