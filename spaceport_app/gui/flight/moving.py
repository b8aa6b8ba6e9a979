"""How the eye of the flight view follows the mouse."""

from __future__ import annotations

import numpy as np

from spaceport_app.gui.flight.poses import VIEW_ANGLE, Floats, Pose

_STEEPEST = np.radians(89.0)
_STEEP = np.radians(60.0)


def orbit(pose: Pose, right: float, down: float) -> Pose:
    """Turn about the target with the horizon level; radians of drag to the right and down."""
    offset = pose.eye - pose.target
    distance = float(np.linalg.norm(offset))
    height = float(np.arcsin(np.clip(offset[2] / distance, -1.0, 1.0)))
    if abs(height) < _STEEP:
        azimuth = float(np.arctan2(offset[1], offset[0]))
    else:
        # Near the pole, only the screen's up says from which side one looks: where a photo was
        # taken straight down, the place of the eye says nothing, and the view would spin.
        above = np.sign(height) * _axes(pose)[0]
        azimuth = float(np.arctan2(-above[1], -above[0]))
    azimuth -= right
    height = float(np.clip(height + down, -_STEEPEST, _STEEPEST))
    flat = distance * np.cos(height)
    eye = pose.target + np.array(
        [flat * np.cos(azimuth), flat * np.sin(azimuth), distance * np.sin(height)]
    )
    return Pose(eye, pose.target, np.array([0.0, 0.0, 1.0]))


def tumble(pose: Pose, right: float, down: float) -> Pose:
    """Turn about the target in any direction, the horizon too; radians of drag."""
    up, side = _axes(pose)
    turn = _rotation(up, -right) @ _rotation(side, -down)
    return Pose(pose.target + turn @ (pose.eye - pose.target), pose.target, turn @ up)


def pan(pose: Pose, right: float, down: float) -> Pose:
    """Move sideways so that the target's plane follows the mouse.

    `right` and `down` are the drag as a share of the view's height.
    """
    up, side = _axes(pose)
    distance = float(np.linalg.norm(pose.target - pose.eye))
    size = 2.0 * distance * np.tan(np.radians(VIEW_ANGLE / 2))
    shift = size * (down * up - right * side)
    return Pose(pose.eye + shift, pose.target + shift, pose.up)


def zoom(pose: Pose, factor: float, x: float, y: float, aspect: float) -> Pose:
    """Come nearer by `factor`, keeping the point of the target's plane under the mouse there.

    `x` and `y` are -1 to 1 from left to right and from bottom to top.
    """
    up, side = _axes(pose)
    forward = pose.target - pose.eye
    half = float(np.linalg.norm(forward)) * np.tan(np.radians(VIEW_ANGLE / 2))
    under = half * (x * aspect * side + y * up)
    share = 1.0 - 1.0 / factor
    target = pose.target + share * under
    return Pose(target - forward / factor, target, pose.up)


def _axes(pose: Pose) -> tuple[Floats, Floats]:
    """Return the screen's up and right."""
    forward = pose.target - pose.eye
    forward = forward / np.linalg.norm(forward)
    side = np.cross(forward, pose.up)
    side /= np.linalg.norm(side)
    return np.cross(side, forward), side


def _rotation(axis: Floats, angle: float) -> Floats:
    """Return the rotation about a unit axis by Rodrigues' formula, (3, 3)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    turned: Floats = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turned
