"""Gaussians seen from another frame: turned, moved and scaled, harmonics included."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.engines.cpu.harmonics import basis
from spaceport_app.splats.model import Splats

Matrix3 = npt.NDArray[np.float64]
Vector3 = npt.NDArray[np.float64]

_DIRECTIONS = 64


def transform(
    splats: Splats,
    rotation: Matrix3,
    translation: Vector3 | None = None,
    scale: float = 1.0,
) -> Splats:
    """Return the Gaussians under ``x -> scale * rotation @ x + translation``.

    What a camera sees stays the same if the camera moves along.

    Parameters
    ----------
    splats : Splats
    rotation : float64 array, shape (3, 3)
        A proper rotation.
    translation : float64 array, shape (3,), optional
        Metres in the new frame.
    scale : float
        Over 0.

    Raises
    ------
    ValueError
        If `rotation` is no rotation or `scale` is not over 0.
    """
    rotation = np.asarray(rotation, np.float64)
    if (
        rotation.shape != (3, 3)
        or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
        or np.linalg.det(rotation) < 0
    ):
        raise ValueError("the matrix is no rotation")
    if not scale > 0:
        raise ValueError("the scale is not over 0")
    offset = np.zeros(3) if translation is None else np.asarray(translation, np.float64)
    means = scale * (splats.means.astype(np.float64) @ rotation.T) + offset
    turned = multiply(quaternion_of(rotation), splats.quaternions.astype(np.float64))
    sh = splats.sh.copy()
    for degree in range(1, splats.sh_degree + 1):
        band = slice(degree**2, (degree + 1) ** 2)
        matrix = harmonics_rotation(rotation, degree)
        sh[:, band] = np.einsum("jk,nkc->njc", matrix, splats.sh[:, band], optimize=True)
    return Splats(
        means.astype(np.float32),
        splats.log_scales + np.float32(np.log(scale)),
        turned.astype(np.float32),
        splats.opacity_logits,
        np.ascontiguousarray(sh, np.float32),
    )


def harmonics_rotation(rotation: Matrix3, degree: int) -> npt.NDArray[np.float64]:
    """Return the matrix that turns the coefficients of one band along with the scene.

    With Y the basis of the band, the turned coefficients c' satisfy ``Y(R d) c' = Y(d) c`` for
    every direction d. A band is closed under rotation, so solving this for more directions
    than coefficients is exact; it needs no sign convention beyond the basis itself.

    Parameters
    ----------
    rotation : float64 array, shape (3, 3)
    degree : int
        1 to 3.

    Returns
    -------
    float64 array, shape (2 degree + 1, 2 degree + 1)
        Orthogonal.
    """
    directions = _sphere()
    band = slice(degree**2, (degree + 1) ** 2)
    before = _basis(directions)[:, band]
    after = _basis(directions @ rotation.T)[:, band]
    return np.asarray(np.linalg.lstsq(after, before, rcond=None)[0], np.float64)


def quaternion_of(rotation: Matrix3) -> npt.NDArray[np.float64]:
    """Return the unit quaternion w, x, y, z of a rotation matrix (Shepperd 1978)."""
    r = rotation
    squares = np.array(
        [
            1 + r[0, 0] + r[1, 1] + r[2, 2],
            1 + r[0, 0] - r[1, 1] - r[2, 2],
            1 - r[0, 0] + r[1, 1] - r[2, 2],
            1 - r[0, 0] - r[1, 1] + r[2, 2],
        ]
    )
    w, x, y, z = squares
    largest = int(np.argmax(squares))
    a, b, c = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]
    d, e, f = r[1, 0] + r[0, 1], r[0, 2] + r[2, 0], r[2, 1] + r[1, 2]
    rows = [[w, a, b, c], [a, x, d, e], [b, d, y, f], [c, e, f, z]]
    q = np.array(rows[largest])
    unit: npt.NDArray[np.float64] = q / np.linalg.norm(q)
    return unit


def multiply(
    left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the Hamilton product of one quaternion (4,) with many (N, 4)."""
    w, x, y, z = left
    matrix = np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]])
    product: npt.NDArray[np.float64] = right @ matrix.T
    return product


def _basis(directions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    values = np.empty((len(directions), 16))
    # The kernel is typed for the engine's float32 and compiles for float64 just as well.
    evaluate: Any = basis
    for row, (x, y, z) in zip(values, directions, strict=True):
        evaluate(x, y, z, 3, row)
    return values


@functools.cache
def _sphere() -> npt.NDArray[np.float64]:
    """Return directions spread evenly over the sphere by the golden angle."""
    i = np.arange(_DIRECTIONS) + 0.5
    z = 1 - 2 * i / _DIRECTIONS
    azimuth = i * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - z * z)
    return np.column_stack((ring * np.cos(azimuth), ring * np.sin(azimuth), z))
