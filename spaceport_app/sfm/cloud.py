"""The triangulated points, without the worst of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pycolmap
from scipy.spatial import cKDTree

from spaceport_app.sfm.model import Cloud

# Points this many times farther from their neighbours than is usual float in empty air.
_LONELY = 8.0
_NEIGHBOURS = 6


def of_model(model: pycolmap.Reconstruction) -> Cloud:
    """Return the points of `model` that their neighbours confirm, in order of their ids."""
    ids = sorted(model.point3D_ids())
    points = [model.point3D(i) for i in ids]
    cloud = Cloud(
        xyz=np.array([p.xyz for p in points], np.float64).reshape(-1, 3),
        rgb=np.array([p.color for p in points], np.uint8).reshape(-1, 3),
        error=np.array([p.error for p in points], np.float32),
        track_length=np.array([p.track.length() for p in points], np.int32),
    )
    return take(cloud, confirmed(cloud.xyz))


def confirmed(xyz: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which points (N, 3) have neighbours at the distance usual in their cloud, (N,)."""
    finite = np.asarray(np.isfinite(xyz).all(1))
    if finite.sum() <= _NEIGHBOURS:
        return finite
    distances, _ = cKDTree(xyz[finite]).query(xyz[finite], k=_NEIGHBOURS + 1)
    mean = np.asarray(distances)[:, 1:].mean(1)
    result = finite.copy()
    result[finite] = mean <= _LONELY * np.median(mean)
    return result


def take(cloud: Cloud, chosen: npt.NDArray[np.bool_]) -> Cloud:
    """Return the points that `chosen` (N,) marks."""
    return Cloud(
        cloud.xyz[chosen], cloud.rgb[chosen], cloud.error[chosen], cloud.track_length[chosen]
    )
