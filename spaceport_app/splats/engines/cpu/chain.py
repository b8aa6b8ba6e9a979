"""The derivative of the projection: from a projected Gaussian back to its parameters."""

from __future__ import annotations

import numpy as np

from spaceport_app.splats.engines.cpu import harmonics
from spaceport_app.splats.engines.cpu.compiled import F32, inlined
from spaceport_app.splats.engines.cpu.projection import (
    LOW_PASS,
    axes,
    cross,
    direction,
    dot,
    jacobian,
    rotation,
    to_camera,
    unit,
    view_rows,
)
from spaceport_app.splats.engines.rows import SH


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
    derivatives by x, y, s, k1, k2 and ln(opacity) (the form in `screen`); `out`
    receives those of a row's first 11 columns.
    """
    mx, my, mz = np.float64(row[0]), np.float64(row[1]), np.float64(row[2])
    x, y, z = to_camera(cam, mx, my, mz)
    j = jacobian(cam, x, y, z)
    rows = view_rows(cam, j)
    q = unit(row)
    r = rotation(q[0], q[1], q[2], q[3])
    m1 = axes(rows[0], r, s)
    m2 = axes(rows[1], r, s)
    a0, b, c0 = dot(m1, m1), dot(m1, m2), dot(m2, m2)
    n = cross(m1, m2)
    det0 = dot(n, n)
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
        e1 = cross(m2, v_n)
        e2 = cross(v_n, m1)
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
    d = direction(cam, row)
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
