"""Where the view's camera stands and how it moves; knows neither Qt nor OpenGL."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

UP_AXES: dict[str, tuple[float, float, float]] = {
    "Z up": (0.0, 0.0, 1.0),
    "Y down": (0.0, -1.0, 0.0),
    "Y up": (0.0, 1.0, 0.0),
}
"""Directions that may be up: a project's, that of other programs' files, and its opposite."""

_HALF_HEIGHT = math.tan(math.radians(25.0))
_POLE = math.radians(1.0)
_CLOSEST = 1e-4


@dataclass(frozen=True)
class Frame:
    """A photo's frame within the window: left, top, width and height in device pixels."""

    left: float
    top: float
    width: float
    height: float


class Navigator:
    """A camera that turns about a point ahead of it, or flies.

    Parameters
    ----------
    up : (3,)
        Direction in the world that is up.
    """

    def __init__(self, up: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> None:
        self._up = np.array(up, np.float64)
        self.rotation: Matrix = np.eye(3)
        """World to camera; rows are right, down and forward."""
        self.position: Vector = np.zeros(3)
        self.distance = 1.0
        """From the camera to the point that it turns about, in world units."""
        self.half_height = _HALF_HEIGHT
        """Tangent of half the vertical field of view."""
        self.view: View | None = None
        """The photo whose camera this is, until the camera moves."""
        self.look_from(np.zeros(3), 1.0)

    @property
    def up(self) -> Vector:
        """The direction that is up."""
        return self._up

    @property
    def pivot(self) -> Vector:
        """The point that the camera turns about."""
        point: Vector = self.position + self.distance * self.rotation[2]
        return point

    def look_from(self, centre: Vector, radius: float) -> None:
        """Look at a ball obliquely from above, all of it in the picture."""
        side = np.array([1.0, 0.0, 0.0]) if abs(self._up[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
        back = np.cross(side, self._up)
        # Of both horizontal directions take the one that has north, +y, ahead where z is up.
        ahead = -back if self._up[2] > 0 else back
        forward = 0.78 * ahead - 0.62 * self._up
        self._aim(forward / np.linalg.norm(forward))
        self.half_height = _HALF_HEIGHT
        self.distance = max(radius, _CLOSEST) / math.sin(math.atan(self.half_height))
        self.position = centre - self.distance * self.rotation[2]
        self.view = None

    def turn_up(self, up: tuple[float, float, float]) -> None:
        """Make another direction up and stand upright, at the same place from the pivot."""
        pivot, self._up = self.pivot, np.array(up, np.float64)
        distance, half_height = self.distance, self.half_height
        self.look_from(pivot, 1.0)
        self.half_height, self.distance = half_height, distance
        self.position = pivot - distance * self.rotation[2]

    def stand_at(self, view: View, distance: float) -> None:
        """Take over a photo's camera; `distance` is how far ahead the scene is."""
        self.rotation = np.array(view.view_matrix[:3, :3], np.float64)
        self.position = Camera.of_view(view).centre
        self.half_height = 0.5 * view.height / view.fy
        self.distance = max(distance, _CLOSEST)
        self.view = view

    def orbit(self, right: float, down: float) -> None:
        """Turn the camera about the pivot by angles in radians."""
        pivot = self.pivot
        self._turn(right, down)
        self.position = pivot - self.distance * self.rotation[2]

    def look(self, right: float, down: float) -> None:
        """Turn the camera where it stands by angles in radians."""
        self._turn(right, down)

    def pan(self, dx: float, dy: float, height: int) -> None:
        """Shift the scene by pixels of a window that is `height` pixels high."""
        unit = 2.0 * self.half_height * self.distance / max(height, 1)
        self.position = self.position - unit * (dx * self.rotation[0] + dy * self.rotation[1])
        self.view = None

    def zoom(self, factor: float, camera: Camera, x: float, y: float, depth: float) -> None:
        """Come nearer by `factor` to the point at `depth` under pixel (x, y), which stays there."""
        step = (1.0 - factor) * max(depth, _CLOSEST)
        ray = np.array([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1.0])
        self.position = self.position + step * (ray @ self.rotation)
        self.distance = max(self.distance * factor, _CLOSEST)
        self.view = None

    def fly(self, right: float, down: float, forward: float) -> None:
        """Move by world units along the camera's axes, the pivot with it."""
        self.position = self.position + np.array([right, down, forward]) @ self.rotation
        self.view = None

    def turn_about(self, point: Vector) -> None:
        """Move the camera so that `point` is ahead of it, and turn about it from now on."""
        self.position = point - self.distance * self.rotation[2]
        self.view = None

    def camera(self, width: int, height: int) -> Camera:
        """Return the camera of a picture of this size in pixels."""
        frame = self.frame(width, height)
        if self.view is not None and frame is not None:
            scale = frame.width / self.view.width
            camera = replace(Camera.of_view(self.view), width=width, height=height)
            return replace(
                camera,
                fx=camera.fx * scale,
                fy=camera.fy * scale,
                cx=camera.cx * scale + frame.left,
                cy=camera.cy * scale + frame.top,
            )
        focal = 0.5 * height / self.half_height
        return Camera(width, height, focal, focal, 0.5 * width, 0.5 * height, self.view_matrix())

    def frame(self, width: int, height: int) -> Frame | None:
        """Return where the photo is whose camera this is, as large as the window allows."""
        if self.view is None:
            return None
        scale = min(width / self.view.width, height / self.view.height)
        w, h = self.view.width * scale, self.view.height * scale
        return Frame(0.5 * (width - w), 0.5 * (height - h), w, h)

    def view_matrix(self) -> Matrix:
        """Return world to camera, (4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation
        matrix[:3, 3] = -self.rotation @ self.position
        return matrix

    def _aim(self, forward: Vector) -> None:
        right = np.cross(forward, self._up)
        right /= np.linalg.norm(right)
        self.rotation = np.stack([right, np.cross(forward, right), forward])

    def _turn(self, right: float, down: float) -> None:
        forward = self.rotation[2]
        # The angle to straight up; the camera does not go over the top.
        angle = math.acos(float(np.clip(forward @ self._up, -1.0, 1.0)))
        wanted = float(np.clip(angle + down, _POLE, math.pi - _POLE))
        if (wanted - angle) * down < 0:
            wanted = angle
        turned = self.rotation @ _about(self.rotation[0], wanted - angle)
        self.rotation = _orthonormal(turned @ _about(self._up, right))
        self.view = None


def _about(axis: Vector, angle: float) -> Matrix:
    """Return the rotation by `angle` about a unit axis, clockwise seen along it (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    turn: Matrix = np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * (cross @ cross)
    return turn


def _orthonormal(rotation: Matrix) -> Matrix:
    forward = rotation[2] / np.linalg.norm(rotation[2])
    right = rotation[0] - (rotation[0] @ forward) * forward
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])
