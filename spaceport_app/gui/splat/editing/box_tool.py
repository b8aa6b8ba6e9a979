"""The crop box under the mouse: which face is taken hold of, and where it goes; no Qt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.edits.box import CropBox

Floats = npt.NDArray[np.float64]

GRIP = 14.0
"""Pixels around a handle in which the mouse takes hold of it."""
_LEAST_SINE = 0.03
_FARTHEST = 100.0


def handles(box: CropBox) -> Floats:
    """Return the middles of the faces, (6, 3): two an axis, the lower one first."""
    axes = box.axes
    return np.array(
        [
            np.array(box.centre) + (side - 0.5) * box.size[axis] * axes[axis]
            for axis in range(3)
            for side in range(2)
        ]
    )


def face_at(box: CropBox, camera: Camera, x: float, y: float, grip: float) -> int | None:
    """Return the number of the face whose handle is within `grip` pixels of (x, y), or None.

    Of several it is the nearest to the pointer.
    """
    pixels, _ = camera.project(handles(box))
    away = np.hypot(pixels[:, 0] - x, pixels[:, 1] - y)
    away[np.isnan(away)] = np.inf
    face = int(np.argmin(away))
    return face if away[face] <= grip else None


def along_axis(box: CropBox, axis: int, camera: Camera, x: float, y: float) -> float | None:
    """Return where along an axis through the box's middle the pointer is nearest to it.

    In metres from the middle: the point of the axis that comes closest to the ray through pixel
    (x, y). None where the ray runs along the axis, or the point would be behind the camera.
    """
    ray = np.array([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1.0])
    ray = (ray / np.linalg.norm(ray)) @ camera.view_matrix[:3, :3]
    line = box.axes[axis]
    apart = np.array(box.centre) - camera.centre
    cosine = float(ray @ line)
    sine_squared = 1.0 - cosine * cosine
    if sine_squared < _LEAST_SINE**2:
        return None
    along = float((cosine * (ray @ apart) - line @ apart) / sine_squared)
    ahead = float(ray @ apart) + along * cosine
    if ahead <= 0.0 or abs(along) > _FARTHEST * max(box.size):
        return None
    return along


class BoxTool:
    """Drags the faces of a box by their handles.

    Parameters
    ----------
    moved : callable
        Called with the box while a face is dragged.
    dropped : callable
        Called with the last box when the face is let go.
    grip : callable
        Returns the reach of a handle in pixels of the camera.
    """

    def __init__(
        self,
        moved: Callable[[CropBox], None],
        dropped: Callable[[CropBox], None],
        grip: Callable[[], float],
    ) -> None:
        self.box: CropBox | None = None
        """The box to drag; None takes hold of nothing."""
        self.lit: int | None = None
        """The face under the pointer or in hand."""
        self._moved, self._dropped, self._grip = moved, dropped, grip
        self._held: int | None = None
        self._before: CropBox | None = None
        self._offset = 0.0

    @property
    def held(self) -> bool:
        """Whether a face is in hand."""
        return self._held is not None

    def press(self, camera: Camera, x: float, y: float) -> bool:
        """Take hold of the handle at pixel (x, y), if there is one."""
        box = self.box
        face = None if box is None else face_at(box, camera, x, y, self._grip())
        if box is None or face is None:
            return False
        place = along_axis(box, face // 2, camera, x, y)
        if place is None:
            return False
        self._held = self.lit = face
        self._before = box
        self._offset = (face % 2 - 0.5) * box.size[face // 2] - place
        return True

    def drag(self, camera: Camera, x: float, y: float) -> None:
        """Move the face in hand; it stays where the pointer tells no place."""
        if self._before is None or self._held is None:
            return
        axis, side = divmod(self._held, 2)
        place = along_axis(self._before, axis, camera, x, y)
        if place is not None:
            self.box = self._before.with_face_at(axis, side, place + self._offset)
            self._moved(self.box)

    def release(self) -> None:
        """Let go."""
        held, self._held, self._before = self._held, None, None
        if held is not None and self.box is not None:
            self._dropped(self.box)

    def hover(self, camera: Camera, x: float, y: float) -> bool:
        """Whether a handle is at pixel (x, y)."""
        if self.box is None:
            return False
        self.lit = face_at(self.box, camera, x, y, self._grip())
        return self.lit is not None
