"""Which Gaussians are the scene, and which are sky and hills far behind it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_FAR = 20.0


def nearby(points: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return which points (N, 3) are no more than 20 usual distances from the middle, (N,).

    The usual distance is the median of all from the point with the median coordinates. Points
    of a flight lie within some 10 of it, a backdrop (`training.backdrop`) beyond 50. Points that
    are not finite are not nearby.
    """
    finite = np.asarray(np.isfinite(points).all(axis=1), np.bool_)
    if not finite.any():
        return finite
    middle = np.median(points[finite], axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        away = np.linalg.norm(points.astype(np.float64) - middle, axis=1)
    usual = float(np.median(away[finite]))
    return np.asarray(finite & (away <= _FAR * usual), np.bool_)
