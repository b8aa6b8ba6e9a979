"""A pinhole camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.sfm.model import View

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_NEAREST = 1e-6
"""Depth in metres up to which a point counts as beside or behind the camera."""


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
    view_matrix: Floats

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

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Return where world points (N, 3) stand in the picture.

        Returns
        -------
        pixels : (N, 2)
            x and y; NaN for points that are not before the camera.
        depths : (N,)
            Distance along the viewing direction in metres, NaN likewise.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            seen = points @ self.view_matrix[:3, :3].T + self.view_matrix[:3, 3]
            depths = np.where(seen[:, 2] > _NEAREST, seen[:, 2], np.nan)
            pixels = seen[:, :2] / depths[:, None] * (self.fx, self.fy) + (self.cx, self.cy)
        return pixels, depths

    def frames(self, pixels: Floats, border: tuple[float, float] = (0.0, 0.0)) -> Mask:
        """Tell which pixels (N, 2) lie in the picture, (N,); never those that are NaN.

        `border` widens the picture by so many pixels on the left and right, top and bottom;
        below 0 it narrows it.
        """
        reach = np.array(border, np.float64)
        size = np.array((self.width, self.height), np.float64)
        return np.asarray(((pixels >= -reach) & (pixels <= size + reach)).all(axis=1))

    @property
    def centre(self) -> Floats:
        """Position of the camera in the world, (3,)."""
        rotation = self.view_matrix[:3, :3]
        return -rotation.T @ self.view_matrix[:3, 3]
