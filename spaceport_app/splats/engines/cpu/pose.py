"""The loss by the camera's pose, from the gradients that every Gaussian has anyway.

Turning the camera is turning all Gaussians about it the other way, shapes included; only the
directions in which their harmonics are looked up stay, as those are the world's. Shifting it is
shifting all of them.
"""

from __future__ import annotations

import numpy as np

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Twist
from spaceport_app.splats.engines.cpu.compiled import F32, F64, inlined
from spaceport_app.splats.engines.rows import QUATERNION


@inlined
def add_turn(row: F32, cam: F32, gradient: F32, sums: F64) -> None:
    """Add to ``sums[3:]`` the loss by a turn of this Gaussian about the camera.

    `gradient` is that of `row`, still without what the mean changes through the colour.
    """
    x = np.float64(row[0]) - cam[12]
    y = np.float64(row[1]) - cam[13]
    z = np.float64(row[2]) - cam[14]
    vx, vy, vz = gradient[0], gradient[1], gradient[2]
    qw, qx, qy, qz = (
        np.float64(row[QUATERNION]),
        np.float64(row[QUATERNION + 1]),
        np.float64(row[QUATERNION + 2]),
        np.float64(row[QUATERNION + 3]),
    )
    v_w, v_x, v_y, v_z = (
        gradient[QUATERNION],
        gradient[QUATERNION + 1],
        gradient[QUATERNION + 2],
        gradient[QUATERNION + 3],
    )
    # A turn by t moves the mean by t x (mean - camera), the quaternion by (0, t / 2) q.
    sums[3] += y * vz - z * vy + 0.5 * (qw * v_x - qx * v_w + qy * v_z - qz * v_y)
    sums[4] += z * vx - x * vz + 0.5 * (qw * v_y - qy * v_w + qz * v_x - qx * v_z)
    sums[5] += x * vy - y * vx + 0.5 * (qw * v_z - qz * v_w + qx * v_y - qy * v_x)


@inlined
def add_shift(gradient: F32, sums: F64) -> None:
    """Add to ``sums[:3]`` the loss by a shift of this Gaussian; `gradient` is its whole one."""
    sums[0] += gradient[0]
    sums[1] += gradient[1]
    sums[2] += gradient[2]


def twist(sums: F64, camera: Camera) -> Twist:
    """Return the gradient by the twist of `StepMetrics.pose_gradient` from parts (K, 6)."""
    rotation = np.asarray(camera.view_matrix, np.float64)[:3, :3]
    # In the order of the parts, so that any number of threads gives the same.
    shift, turn = sums.sum(axis=0).reshape(2, 3) @ rotation.T
    return (
        float(shift[0]),
        float(shift[1]),
        float(shift[2]),
        float(turn[0]),
        float(turn[1]),
        float(turn[2]),
    )
