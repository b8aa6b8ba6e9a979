"""Real spherical harmonics of degree 0 to 3 and what they pass back to the view direction.

Order, signs and constants are those of Kerbl et al. 2023 (and gsplat), after Sloan,
"Efficient Spherical Harmonic Evaluation", JCGT 2013.
"""

from __future__ import annotations

from spaceport_app.splats.engines.cpu.compiled import F32, inlined

C0 = 0.28209479177387814
C1 = 0.4886025119029199
C20 = 1.0925484305920792
C22 = 0.31539156525252005
C24 = 0.5462742152960396
C30 = 0.5900435899266435
C31 = 2.890611442640554
C32 = 0.4570457994644658
C33 = 0.3731763325901154
C35 = 1.445305721320277


@inlined
def basis(x: float, y: float, z: float, degree: int, out: F32) -> None:
    """Write the (degree + 1)^2 basis values of unit direction (x, y, z) into `out`."""
    out[0] = C0
    if degree < 1:
        return
    out[1] = -C1 * y
    out[2] = C1 * z
    out[3] = -C1 * x
    if degree < 2:
        return
    xx, yy, zz = x * x, y * y, z * z
    out[4] = C20 * x * y
    out[5] = -C20 * y * z
    out[6] = C22 * (2.0 * zz - xx - yy)
    out[7] = -C20 * x * z
    out[8] = C24 * (xx - yy)
    if degree < 3:
        return
    out[9] = -C30 * y * (3.0 * xx - yy)
    out[10] = C31 * x * y * z
    out[11] = -C32 * y * (4.0 * zz - xx - yy)
    out[12] = C33 * z * (2.0 * zz - 3.0 * xx - 3.0 * yy)
    out[13] = -C32 * x * (4.0 * zz - xx - yy)
    out[14] = C35 * z * (xx - yy)
    out[15] = -C30 * x * (xx - 3.0 * yy)


@inlined
def direction_gradient(
    x: float, y: float, z: float, degree: int, h: F32
) -> tuple[float, float, float]:
    """Return the gradient of ``sum(h * basis)`` by the unit direction (x, y, z).

    The direction's length is left out here: who normalised it projects that part away.
    """
    if degree < 1:
        return 0.0, 0.0, 0.0
    vx = -C1 * h[3]
    vy = -C1 * h[1]
    vz = C1 * h[2]
    if degree >= 2:
        vx += C20 * (y * h[4] - z * h[7]) + x * (2.0 * C24 * h[8] - 2.0 * C22 * h[6])
        vy += C20 * (x * h[4] - z * h[5]) - y * (2.0 * C24 * h[8] + 2.0 * C22 * h[6])
        vz += 4.0 * C22 * z * h[6] - C20 * (y * h[5] + x * h[7])
    if degree >= 3:
        xx, yy, zz = x * x, y * y, z * z
        vx += (
            -C30 * 6.0 * x * y * h[9]
            + C31 * y * z * h[10]
            + C32 * 2.0 * x * y * h[11]
            - C33 * 6.0 * x * z * h[12]
            - C32 * (4.0 * zz - 3.0 * xx - yy) * h[13]
            + C35 * 2.0 * x * z * h[14]
            - C30 * 3.0 * (xx - yy) * h[15]
        )
        vy += (
            -C30 * 3.0 * (xx - yy) * h[9]
            + C31 * x * z * h[10]
            - C32 * (4.0 * zz - xx - 3.0 * yy) * h[11]
            - C33 * 6.0 * y * z * h[12]
            + C32 * 2.0 * x * y * h[13]
            - C35 * 2.0 * y * z * h[14]
            + C30 * 6.0 * x * y * h[15]
        )
        vz += (
            C31 * x * y * h[10]
            - C32 * 8.0 * y * z * h[11]
            + C33 * (6.0 * zz - 3.0 * xx - 3.0 * yy) * h[12]
            - C32 * 8.0 * x * z * h[13]
            + C35 * (xx - yy) * h[14]
        )
    return vx, vy, vz
