"""Where the eye of the flight view stands: presets, and the way from one to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.gui.flight.ground import grid
from spaceport_app.gui.flight.scene import Scene

Floats = npt.NDArray[np.float64]

VIEW_ANGLE = 30.0
"""Vertical angle of view in degrees."""


@dataclass(frozen=True)
class Pose:
    """Eye, the point that it looks at, and the direction that is up on the screen, each (3,)."""

    eye: Floats
    target: Floats
    up: Floats


def top(scene: Scene, aspect: float) -> Pose:
    """Return the pose from straight above, north up; `aspect` is width over height."""
    return _towards(scene, aspect, np.array([0.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0]))


def oblique(scene: Scene, aspect: float) -> Pose:
    """Return the pose from the south, 35 degrees above the horizon."""
    angle = np.radians(35.0)
    forward = np.array([0.0, np.cos(angle), -np.sin(angle)])
    return _towards(scene, aspect, forward, np.array([0.0, 0.0, 1.0]))


def corner(scene: Scene, aspect: float) -> Pose:
    """Return the pose from the south-west, 25 degrees above the horizon."""
    angle = np.radians(25.0)
    forward = np.array([np.cos(angle) * np.sqrt(0.5), np.cos(angle) * np.sqrt(0.5), -np.sin(angle)])
    return _towards(scene, aspect, forward, np.array([0.0, 0.0, 1.0]))


def behind(scene: Scene, row: int, length: float) -> Pose:
    """Return the pose that looks over the shoulder of a camera, or down on one without direction.

    `length` is that of the drawn frusta.
    """
    centre, axes = scene.centres[row], scene.rotations[row]
    if not np.isfinite(axes).all():
        eye = centre + np.array([0.0, -4.0, 4.0]) * length
        return Pose(eye, centre, np.array([0.0, 0.0, 1.0]))
    down, forward = axes[:, 1], axes[:, 2]
    eye = centre - 3.5 * length * forward - 1.2 * length * down
    return Pose(eye, centre + 2.0 * length * forward, -down)


def between(start: Pose, end: Pose, share: float) -> Pose:
    """Return the pose on the way from `start` to `end`, `share` 0 to 1, slow at both ends."""
    t = share * share * (3.0 - 2.0 * share)
    up = (1 - t) * start.up + t * end.up
    if np.linalg.norm(up) < 1e-6:
        up = end.up
    return Pose(
        (1 - t) * start.eye + t * end.eye,
        (1 - t) * start.target + t * end.target,
        up / np.linalg.norm(up),
    )


def clip_matrix(pose: Pose, aspect: float) -> Floats:
    """Return world to clip space as OpenGL has it, (4, 4); `aspect` is width over height.

    What is nearer than a thousandth of the way to the target is cut off, or further than a
    thousand times that way.
    """
    forward = pose.target - pose.eye
    distance = max(float(np.linalg.norm(forward)), 1e-9)
    forward = forward / distance
    right = np.cross(forward, pose.up)
    right = right / np.linalg.norm(right)
    turn = np.stack([right, np.cross(right, forward), -forward])
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = turn, -turn @ pose.eye
    near, far = 1e-3 * distance, 1e3 * distance
    scale = 1.0 / np.tan(np.radians(VIEW_ANGLE / 2))
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = scale / aspect, scale
    projection[2, 2] = -(far + near) / (far - near)
    projection[2, 3], projection[3, 2] = -2.0 * far * near / (far - near), -1.0
    return np.asarray(projection @ view)


def _towards(scene: Scene, aspect: float, forward: Floats, up: Floats) -> Pose:
    """Return the pose in a direction from which all of the scene is in sight."""
    low, high = scene.bounds()
    points = np.concatenate([scene.centres, grid(low, high, scene.ground).points])
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    above = np.cross(right, forward)
    tangent = np.tan(np.radians(VIEW_ANGLE / 2))
    distance = 1.0
    # What is near looks larger, so the middle of the picture is not that of the points.
    for _ in range(4):
        offsets = points - centre
        # Each point must lie within the pyramid of sight; it may stand nearer than the centre.
        needed = np.maximum(
            np.abs(offsets @ above) / tangent, np.abs(offsets @ right) / (tangent * aspect)
        )
        distance = max(float((needed - offsets @ forward).max()), 1.0)
        depth = distance + offsets @ forward
        seen = np.stack([offsets @ above, offsets @ right]) / depth
        middle = distance * (seen.min(axis=1) + seen.max(axis=1)) / 2
        centre = centre + middle[0] * above + middle[1] * right
    return Pose(centre - 1.08 * distance * forward, centre, up)
