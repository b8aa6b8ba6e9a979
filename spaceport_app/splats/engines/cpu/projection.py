"""Gaussians onto the picture: exact elliptical weighted averaging, and its derivative.

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
    RADIUS,
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
def _to_camera(cam: F32, x: float, y: float, z: float) -> tuple[float, float, float]:
    return (
        cam[0] * x + cam[1] * y + cam[2] * z + cam[9],
        cam[3] * x + cam[4] * y + cam[5] * z + cam[10],
        cam[6] * x + cam[7] * y + cam[8] * z + cam[11],
    )


@inlined
def _jacobian(cam: F32, x: float, y: float, z: float) -> tuple[float, ...]:
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
def _axes(t: tuple[float, ...], r: tuple[float, ...], s: tuple[float, ...]) -> tuple[float, ...]:
    """Return one row of (Jacobian x view rotation x Gaussian's rotation x scale)."""
    return (
        (t[0] * r[0] + t[1] * r[3] + t[2] * r[6]) * s[0],
        (t[0] * r[1] + t[1] * r[4] + t[2] * r[7]) * s[1],
        (t[0] * r[2] + t[1] * r[5] + t[2] * r[8]) * s[2],
    )


@inlined
def _dot(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def _cross(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, ...]:
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
def _view_rows(cam: F32, j: tuple[float, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
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
def _direction(cam: F32, row: F32) -> tuple[float, ...]:
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
    x, y, z = _to_camera(cam, mx, my, mz)
    if not z > cam[23]:
        return False
    j = _jacobian(cam, x, y, z)
    rows = _view_rows(cam, j)
    q = unit(row)
    r = rotation(q[0], q[1], q[2], q[3])
    s = scales(row)
    m1 = _axes(rows[0], r, s)
    m2 = _axes(rows[1], r, s)
    a0, b, c0 = _dot(m1, m1), _dot(m1, m2), _dot(m2, m2)
    n = _cross(m1, m2)
    det0 = _dot(n, n)
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
    half = 0.5 * (a - c)
    out[RADIUS] = 3.0 * math.sqrt(0.5 * (a + c) + math.sqrt(half * half + b * b))
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
            d = _direction(cam, row)
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


@inlined
def shape_gradient(
    row: F32,
    cam: F32,
    antialiased: bool,
    s: tuple[float, ...],
    opacity: float,
    v: tuple[np.float32, ...],
    out: F32,
) -> None:
    """Carry the gradient `v` of a projected Gaussian back to its parameters.

    `s` and `opacity` are those of `row`, which callers need too. `v` begins with the
    derivatives by x, y, s, k1, k2 and ln(opacity) (the form in the module's head); `out`
    receives those of a row's first 11 columns.
    """
    mx, my, mz = np.float64(row[0]), np.float64(row[1]), np.float64(row[2])
    x, y, z = _to_camera(cam, mx, my, mz)
    j = _jacobian(cam, x, y, z)
    rows = _view_rows(cam, j)
    q = unit(row)
    r = rotation(q[0], q[1], q[2], q[3])
    m1 = _axes(rows[0], r, s)
    m2 = _axes(rows[1], r, s)
    a0, b, c0 = _dot(m1, m1), _dot(m1, m2), _dot(m2, m2)
    n = _cross(m1, m2)
    det0 = _dot(n, n)
    c = c0 + LOW_PASS
    det = det0 + LOW_PASS * (a0 + c0) + LOW_PASS * LOW_PASS

    # From (s, k1, k2) = (b/c, c/det, 1/c) to the covariance's entries and on to the axes m1,
    # m2. With w = m1 - s m2, terms that would cancel for thin Gaussians never appear.
    slope, k1, k2 = b / c, c / det, 1.0 / c
    vs, v1, v2 = np.float64(v[2]) * k2, np.float64(v[3]) * k1 * k1, np.float64(v[4]) * k2 * k2
    w = (m1[0] - slope * m2[0], m1[1] - slope * m2[1], m1[2] - slope * m2[2])
    v_m1 = (
        -2.0 * v1 * w[0] + vs * m2[0],
        -2.0 * v1 * w[1] + vs * m2[1],
        -2.0 * v1 * w[2] + vs * m2[2],
    )
    left = 2.0 * v1 * slope
    back = -2.0 * (vs * slope + v2)
    v_m2 = (
        left * w[0] + vs * m1[0] + back * m2[0],
        left * w[1] + vs * m1[1] + back * m2[1],
        left * w[2] + vs * m1[2] + back * m2[2],
    )
    v_log_opacity = np.float64(v[5])
    if antialiased and det0 > 0.0:
        # ln of the compensation is (ln det0 - ln det) / 2.
        across = 1.0 / det0 - 1.0 / det
        v_n = (
            v_log_opacity * across * n[0],
            v_log_opacity * across * n[1],
            v_log_opacity * across * n[2],
        )
        low = -v_log_opacity * LOW_PASS / det
        e1 = _cross(m2, v_n)
        e2 = _cross(v_n, m1)
        v_m1 = (
            v_m1[0] + e1[0] + low * m1[0],
            v_m1[1] + e1[1] + low * m1[1],
            v_m1[2] + e1[2] + low * m1[2],
        )
        v_m2 = (
            v_m2[0] + e2[0] + low * m2[0],
            v_m2[1] + e2[1] + low * m2[1],
            v_m2[2] + e2[2] + low * m2[2],
        )

    # Log-scales: each axis of m1, m2 is proportional to its scale.
    out[3] = v_m1[0] * m1[0] + v_m2[0] * m2[0]
    out[4] = v_m1[1] * m1[1] + v_m2[1] * m2[1]
    out[5] = v_m1[2] * m1[2] + v_m2[2] * m2[2]

    a1 = (v_m1[0] * s[0], v_m1[1] * s[1], v_m1[2] * s[2])
    a2 = (v_m2[0] * s[0], v_m2[1] * s[1], v_m2[2] * s[2])
    t1, t2 = rows[0], rows[1]
    r00, r01, r02 = (
        t1[0] * a1[0] + t2[0] * a2[0],
        t1[0] * a1[1] + t2[0] * a2[1],
        t1[0] * a1[2] + t2[0] * a2[2],
    )
    r10, r11, r12 = (
        t1[1] * a1[0] + t2[1] * a2[0],
        t1[1] * a1[1] + t2[1] * a2[1],
        t1[1] * a1[2] + t2[1] * a2[2],
    )
    r20, r21, r22 = (
        t1[2] * a1[0] + t2[2] * a2[0],
        t1[2] * a1[1] + t2[2] * a2[1],
        t1[2] * a1[2] + t2[2] * a2[2],
    )
    qw, qx, qy, qz = q[0], q[1], q[2], q[3]
    v_w = 2.0 * (qx * (r21 - r12) + qy * (r02 - r20) + qz * (r10 - r01))
    v_x = 2.0 * (-2.0 * qx * (r11 + r22) + qy * (r01 + r10) + qz * (r02 + r20) + qw * (r21 - r12))
    v_y = 2.0 * (qx * (r01 + r10) - 2.0 * qy * (r00 + r22) + qz * (r12 + r21) + qw * (r02 - r20))
    v_z = 2.0 * (qx * (r02 + r20) + qy * (r12 + r21) - 2.0 * qz * (r00 + r11) + qw * (r10 - r01))
    along = v_w * qw + v_x * qx + v_y * qy + v_z * qz
    out[6] = (v_w - along * qw) / q[4]
    out[7] = (v_x - along * qx) / q[4]
    out[8] = (v_y - along * qy) / q[4]
    out[9] = (v_z - along * qz) / q[4]

    # The mean moves the centre directly and the shape through the Jacobian.
    v_t1 = (
        r[0] * a1[0] + r[1] * a1[1] + r[2] * a1[2],
        r[3] * a1[0] + r[4] * a1[1] + r[5] * a1[2],
        r[6] * a1[0] + r[7] * a1[1] + r[8] * a1[2],
    )
    v_t2 = (
        r[0] * a2[0] + r[1] * a2[1] + r[2] * a2[2],
        r[3] * a2[0] + r[4] * a2[1] + r[5] * a2[2],
        r[6] * a2[0] + r[7] * a2[1] + r[8] * a2[2],
    )
    v_j00 = v_t1[0] * cam[0] + v_t1[1] * cam[1] + v_t1[2] * cam[2]
    v_j02 = v_t1[0] * cam[6] + v_t1[1] * cam[7] + v_t1[2] * cam[8]
    v_j11 = v_t2[0] * cam[3] + v_t2[1] * cam[4] + v_t2[2] * cam[5]
    v_j12 = v_t2[0] * cam[6] + v_t2[1] * cam[7] + v_t2[2] * cam[8]
    fx, fy = np.float64(cam[15]), np.float64(cam[16])
    inverse = 1.0 / z
    inverse2 = inverse * inverse
    vx2, vy2 = np.float64(v[0]), np.float64(v[1])
    v_cx = vx2 * fx * inverse
    v_cy = vy2 * fy * inverse
    v_cz = -(vx2 * fx * x + vy2 * fy * y) * inverse2
    v_cz -= (v_j00 * fx + v_j11 * fy) * inverse2
    # j02 = -fx p / z with p the clamped x / z.
    v_cz += (v_j02 * fx * j[4] + v_j12 * fy * j[5]) * inverse2
    if cam[19] < x * inverse < cam[20]:
        v_p = -v_j02 * fx * inverse
        v_cx += v_p * inverse
        v_cz -= v_p * x * inverse2
    if cam[21] < y * inverse < cam[22]:
        v_p = -v_j12 * fy * inverse
        v_cy += v_p * inverse
        v_cz -= v_p * y * inverse2
    out[0] = cam[0] * v_cx + cam[3] * v_cy + cam[6] * v_cz
    out[1] = cam[1] * v_cx + cam[4] * v_cy + cam[7] * v_cz
    out[2] = cam[2] * v_cx + cam[5] * v_cy + cam[8] * v_cz
    out[10] = v_log_opacity * (1.0 - opacity)


@inlined
def colour_gradient(
    row: F32, degree: int, cam: F32, v: tuple[np.float32, ...], basis: F32, weights: F32, out: F32
) -> None:
    """Write the harmonics' columns of the gradient row `out`, and add to the mean's.

    `v` is the gradient by red, green and blue, already zero where the colour was clamped;
    `basis` and `weights` (16,) are room to work in.
    """
    terms = (degree + 1) * (degree + 1)
    d = _direction(cam, row)
    harmonics.basis(d[0], d[1], d[2], degree, basis)
    for k in range(terms):
        at = SH + 3 * k
        weights[k] = row[at] * v[0] + row[at + 1] * v[1] + row[at + 2] * v[2]
        out[at] = basis[k] * v[0]
        out[at + 1] = basis[k] * v[1]
        out[at + 2] = basis[k] * v[2]
    if degree > 0:
        h = harmonics.direction_gradient(d[0], d[1], d[2], degree, weights)
        along = h[0] * d[0] + h[1] * d[1] + h[2] * d[2]
        out[0] += (h[0] - along * d[0]) * d[3]
        out[1] += (h[1] - along * d[1]) * d[3]
        out[2] += (h[2] - along * d[2]) * d[3]
