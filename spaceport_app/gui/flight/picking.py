"""Which camera stands under the mouse."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

REACH = 10.0
"""Pixels around a camera's place that still count as it."""


def project(points: Floats, matrix: Floats, width: float, height: float) -> Floats:
    """Return pixels from the top left and depth of world points, (..., 3); NaN behind the eye.

    Parameters
    ----------
    points : float64 (..., 3)
    matrix : float64 (4, 4)
        World to clip space, as OpenGL has it.
    width, height : float
        Size of the view in the pixels that are asked for.
    """
    clip = points @ matrix[:3, :3].T + matrix[:3, 3]
    w = points @ matrix[3, :3] + matrix[3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, z = np.moveaxis(clip / w[..., None], -1, 0)
    result = np.stack([(x + 1) / 2 * width, (1 - y) / 2 * height, z], axis=-1)
    result[w <= 0] = np.nan
    return result


def camera_at(x: float, y: float, centres: Floats, corners: Floats) -> int | None:
    """Return the camera at a pixel, or None.

    A camera whose place is within reach wins by its distance; else the nearest to the eye of
    those whose picture frame covers the pixel.

    Parameters
    ----------
    centres : float64 (N, 3)
    corners : float64 (N, 4, 3)
        Projected points: pixels and depth, NaN where unknown or behind the eye.
    """
    if not len(centres):
        return None
    distance = np.hypot(centres[:, 0] - x, centres[:, 1] - y)
    distance[np.isnan(distance)] = np.inf
    nearest = int(np.argmin(distance))
    if distance[nearest] <= REACH:
        return nearest
    inside = _inside(x, y, corners)
    if not inside.any():
        return None
    depth = np.where(inside, np.nan_to_num(corners[:, :, 2].mean(axis=1), nan=np.inf), np.inf)
    return int(np.argmin(depth))


def _inside(x: float, y: float, corners: Floats) -> npt.NDArray[np.bool_]:
    """Return which quadrilaterals hold the point: it is on one side of all four edges."""
    start = corners[:, :, :2]
    edge = np.roll(start, -1, axis=1) - start
    cross = edge[..., 0] * (y - start[..., 1]) - edge[..., 1] * (x - start[..., 0])
    with np.errstate(invalid="ignore"):
        return np.asarray((cross > 0).all(axis=1) | (cross < 0).all(axis=1))
