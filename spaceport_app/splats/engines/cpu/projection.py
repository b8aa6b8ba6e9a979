"""Gaussians onto the picture: exact elliptical weighted averaging.

Conventions are those of Kerbl et al. 2023 and gsplat: 0.3 px low-pass, the perspective's
Jacobian taken no further than 0.3 half-pictures outside the frame, colour clamped at 0.

A projected Gaussian is kept as ``exp(-(k1 u^2 + k2 dy^2) / 2)`` with ``u = dx - s dy``: the
Cholesky factors of its inverse covariance instead of that matrix, because for long thin
Gaussians the matrix form loses all digits to cancellation in float32.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.cpu import harmonics, tiles
from spaceport_app.splats.engines.cpu.compiled import F32, I32, bits_of_float, inlined, parallel
from spaceport_app.splats.engines.cpu.screen import (
    BLUE,
    DEPTH,
    EXTENT_X,
    EXTENT_Y,
    GREEN,
    HALF_CHORD,
    LOG2_OPACITY,
    Q1,
    Q2,
    RED,
    SHEAR,
    SLOPE,
    X,
    Y,
)
from spaceport_app.splats.engines.rows import LOG_SCALES, OPACITY, QUATERNION, SH

LOW_PASS = 0.3
MINIMUM_ALPHA = 1.0 / 255.0
LOG_MINIMUM_ALPHA = math.log(MINIMUM_ALPHA)
LOG2_E = 1.4426950408889634
CHUNK = 256


def camera_numbers(camera: Camera, near: float) -> F32:
    """Return a camera as the flat array that the kernels read, float32 (24,).

    Rotation (9), translation (3), centre (3), fx, fy, cx, cy, the limits of x/z and y/z in
    the Jacobian (4: left, right, top, bottom), near plane.
    """
    view = np.asarray(camera.view_matrix, np.float64)
    slack_x = 0.3 * 0.5 * camera.width / camera.fx
    slack_y = 0.3 * 0.5 * camera.height / camera.fy
    limits = (
        -(camera.cx / camera.fx + slack_x),
        (camera.width - camera.cx) / camera.fx + slack_x,
        -(camera.cy / camera.fy + slack_y),
        (camera.height - camera.cy) / camera.fy + slack_y,
    )
    return np.concatenate(
        [
            view[:3, :3].ravel(),
            view[:3, 3],
            camera.centre,
            (camera.fx, camera.fy, camera.cx, camera.cy),
            limits,
            (near,),
        ]
    ).astype(np.float32)


@inlined
def rotation(w: float, x: float, y: float, z: float) -> tuple[float, ...]:
    """Return the rotation matrix of a unit quaternion, row by row."""
    return (
        1.0 - 2.0 * (y * y + z * z),
        2.0 * (x * y - w * z),
        2.0 * (x * z + w * y),
        2.0 * (x * y + w * z),
        1.0 - 2.0 * (x * x + z * z),
        2.0 * (y * z - w * x),
        2.0 * (x * z - w * y),
        2.0 * (y * z + w * x),
        1.0 - 2.0 * (x * x + y * y),
    )


@inlined
def to_camera(cam: F32, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return a world point in camera coordinates."""
    return (
        cam[0] * x + cam[1] * y + cam[2] * z + cam[9],
        cam[3] * x + cam[4] * y + cam[5] * z + cam[10],
        cam[6] * x + cam[7] * y + cam[8] * z + cam[11],
    )


@inlined
def jacobian(cam: F32, x: float, y: float, z: float) -> tuple[float, ...]:
    """Return the entries j00, j02, j11, j12 and the clamped x/z and y/z."""
    inverse = 1.0 / z
    px = min(max(x * inverse, cam[19]), cam[20])
    py = min(max(y * inverse, cam[21]), cam[22])
    return (
        cam[15] * inverse,
        -cam[15] * px * inverse,
        cam[16] * inverse,
        -cam[16] * py * inverse,
        px,
        py,
    )


@inlined
def axes(t: tuple[float, ...], r: tuple[float, ...], s: tuple[float, ...]) -> tuple[float, ...]:
    """Return one row of (Jacobian x view rotation x Gaussian's rotation x scale)."""
    return (
        (t[0] * r[0] + t[1] * r[3] + t[2] * r[6]) * s[0],
        (t[0] * r[1] + t[1] * r[4] + t[2] * r[7]) * s[1],
        (t[0] * r[2] + t[1] * r[5] + t[2] * r[8]) * s[2],
    )


@inlined
def dot(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Return the scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def cross(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, ...]:
    """Return the vector product."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


@inlined
def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(-logit)), the exponential in the precision of `logit`."""
    return 1.0 / (1.0 + math.exp(-logit))


@inlined
def unit(row: F32) -> tuple[float, ...]:
    """Return the quaternion at unit length, and the length it had."""
    w = np.float64(row[QUATERNION])
    x = np.float64(row[QUATERNION + 1])
    y = np.float64(row[QUATERNION + 2])
    z = np.float64(row[QUATERNION + 3])
    length = max(math.sqrt(w * w + x * x + y * y + z * z), 1e-12)
    return w / length, x / length, y / length, z / length, length


@inlined
def scales(row: F32) -> tuple[float, ...]:
    """Return the three standard deviations."""
    return (
        np.float64(math.exp(row[LOG_SCALES])),
        np.float64(math.exp(row[LOG_SCALES + 1])),
        np.float64(math.exp(row[LOG_SCALES + 2])),
    )


@inlined
def view_rows(cam: F32, j: tuple[float, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return both rows of the Jacobian times the view's rotation."""
    first = (
        j[0] * cam[0] + j[1] * cam[6],
        j[0] * cam[1] + j[1] * cam[7],
        j[0] * cam[2] + j[1] * cam[8],
    )
    second = (
        j[2] * cam[3] + j[3] * cam[6],
        j[2] * cam[4] + j[3] * cam[7],
        j[2] * cam[5] + j[3] * cam[8],
    )
    return first, second


@inlined
def direction(cam: F32, row: F32) -> tuple[float, ...]:
    """Return the unit direction from the camera to a Gaussian, and 1 / distance."""
    dx = np.float64(row[0]) - cam[12]
    dy = np.float64(row[1]) - cam[13]
    dz = np.float64(row[2]) - cam[14]
    inverse = 1.0 / max(math.sqrt(dx * dx + dy * dy + dz * dz), 1e-12)
    return dx * inverse, dy * inverse, dz * inverse, inverse


@inlined
def _project_shape(
    row: F32,
    cam: F32,
    width: int,
    height: int,
    antialiased: bool,
    out: F32,
) -> bool:
    """Fill `out` but for the colour; return whether the Gaussian touches the picture."""
    mx, my, mz = np.float64(row[0]), np.float64(row[1]), np.float64(row[2])
    x, y, z = to_camera(cam, mx, my, mz)
    if not z > cam[23]:
        return False
    j = jacobian(cam, x, y, z)
    rows = view_rows(cam, j)
    q = unit(row)
    r = rotation(q[0], q[1], q[2], q[3])
    s = scales(row)
    m1 = axes(rows[0], r, s)
    m2 = axes(rows[1], r, s)
    a0, b, c0 = dot(m1, m1), dot(m1, m2), dot(m2, m2)
    n = cross(m1, m2)
    det0 = dot(n, n)
    a, c = a0 + LOW_PASS, c0 + LOW_PASS
    det = det0 + LOW_PASS * (a0 + c0) + LOW_PASS * LOW_PASS
    opacity = sigmoid(row[OPACITY])
    if antialiased:
        opacity *= math.sqrt(det0 / det)
    if not (opacity > MINIMUM_ALPHA and det < 1e30):
        return False
    log_opacity = math.log(opacity)
    reach = 2.0 * (log_opacity - LOG_MINIMUM_ALPHA) + 1e-4
    extent_x, extent_y = math.sqrt(a * reach), math.sqrt(c * reach)
    px, py = cam[15] * x / z + cam[17], cam[16] * y / z + cam[18]
    inside = (
        px + extent_x > 0.5
        and px - extent_x < width - 0.5
        and py + extent_y > 0.5
        and py - extent_y < height - 0.5
    )
    if not inside:
        return False
    out[X] = px
    out[Y] = py
    out[SLOPE] = b / c
    out[Q1] = -0.5 * LOG2_E * c / det
    out[Q2] = -0.5 * LOG2_E / c
    out[LOG2_OPACITY] = log_opacity * LOG2_E
    out[EXTENT_X] = extent_x
    out[EXTENT_Y] = extent_y
    out[SHEAR] = b / a
    out[HALF_CHORD] = math.sqrt(det) / a
    out[DEPTH] = z
    return True


@parallel
def project(
    rows: F32,
    degree: int,
    cam: F32,
    width: int,
    height: int,
    antialiased: bool,
    screen: F32,
    bounds: I32,
    keys: I32,
) -> None:
    """Project all Gaussians into `screen` (N, 16); depth 0 marks those out of the picture.

    `bounds` (N,) receives how many tiles a Gaussian's box covers, `keys` (N,) its depth as a
    sortable number.
    """
    count = rows.shape[0]
    terms = (degree + 1) * (degree + 1)
    for chunk in prange((count + CHUNK - 1) // CHUNK):
        basis = np.empty(16, np.float32)
        for g in range(chunk * CHUNK, min(count, (chunk + 1) * CHUNK)):
            row = rows[g]
            out = screen[g]
            if not _project_shape(row, cam, width, height, antialiased, out):
                out[DEPTH] = np.float32(0.0)
                bounds[g] = 0
                continue
            bounds[g] = tiles.bound(out, width, height)
            keys[g] = bits_of_float(out[DEPTH])
            d = direction(cam, row)
            harmonics.basis(d[0], d[1], d[2], degree, basis)
            red = np.float32(0.5)
            green = np.float32(0.5)
            blue = np.float32(0.5)
            for k in range(terms):
                red += basis[k] * row[SH + 3 * k]
                green += basis[k] * row[SH + 3 * k + 1]
                blue += basis[k] * row[SH + 3 * k + 2]
            out[RED] = max(red, np.float32(0.0))
            out[GREEN] = max(green, np.float32(0.0))
            out[BLUE] = max(blue, np.float32(0.0))
