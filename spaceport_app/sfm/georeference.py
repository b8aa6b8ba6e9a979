"""From what the photos say to a georeference, and from a fit to one."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pycolmap

from spaceport_app.photos.frame import LocalFrame, utm_epsg
from spaceport_app.photos.model import Origin, Photo
from spaceport_app.sfm.alignment.choose import Alignment
from spaceport_app.sfm.alignment.observed import Observed
from spaceport_app.sfm.alignment.similarity import robust_sigma
from spaceport_app.sfm.model import Georeference

_OUTLIER_SIGMAS = 5.0
_OUTLIER_M = 3.0
# Barometric altitudes drift by metres within a flight, and that is no mistake.
_ALTITUDE_OUTLIER_M = 10.0

Floats = npt.NDArray[np.float64]


def local_positions(photos: tuple[Photo, ...], origin: Origin | None) -> Floats:
    """Return metres east, north, up about `origin`, (N, 3); NaN where a photo doesn't know.

    Up alone is NaN for a photo that knows its place and not its altitude.
    """
    result = np.full((len(photos), 3), np.nan)
    if origin is None:
        return result
    known = [(i, p.position) for i, p in enumerate(photos) if p.position is not None]
    if not known:
        return result
    rows = [i for i, _ in known]
    heights = [origin.height if p.altitude is None else p.altitude for _, p in known]
    frame = LocalFrame(origin)
    result[rows] = frame.to_enu(
        [p.latitude for _, p in known], [p.longitude for _, p in known], heights
    )
    without = [i for i, p in known if p.altitude is None]
    result[without, 2] = np.nan
    return result


def observe(
    model: pycolmap.Reconstruction, photo_of: dict[str, Photo], origin: Origin | None
) -> Observed:
    """Collect what is known about the registered cameras, in order of photo names.

    `photo_of` maps the name of the working copy to its photo.
    """
    images = sorted(
        (model.image(i) for i in model.reg_image_ids()), key=lambda image: photo_of[image.name].name
    )
    photos = tuple(photo_of[image.name] for image in images)
    poses = np.array([image.cam_from_world().matrix() for image in images])
    rotations = poses[:, :, :3]
    return Observed(
        names=tuple(photo.name for photo in photos),
        centres=-np.einsum("nji,nj->ni", rotations, poses[:, :, 3]),
        rotations=rotations,
        points=np.array([model.point3D(i).xyz for i in sorted(model.point3D_ids())]).reshape(-1, 3),
        gps=local_positions(photos, origin),
        relative_up=np.array(
            [_number(p.position.relative_altitude if p.position else None) for p in photos]
        ),
        angles=np.array([_angles(photo) for photo in photos]).reshape(-1, 3),
    )


def build(observed: Observed, alignment: Alignment, origin: Origin | None) -> Georeference:
    """Return the georeference that `alignment` gives a world frame about `origin`."""
    rest = alignment.residuals
    if rest is None or origin is None:
        return Georeference(
            None, None, None, alignment.method, alignment.reason, None, None, residuals={}
        )
    known = observed.placed
    return Georeference(
        origin=(origin.latitude, origin.longitude, origin.height),
        world_to_ecef=LocalFrame(origin).world_to_ecef,
        epsg=utm_epsg(origin.latitude, origin.longitude),
        method=alignment.method,
        reason=alignment.reason,
        horizontal_rmse_m=_rms(np.linalg.norm(rest[known, :2], axis=1)),
        vertical_rmse_m=_rms(rest[known, 2]),
        residuals={
            observed.names[i]: (float(rest[i, 0]), float(rest[i, 1]), float(rest[i, 2]))
            for i in np.flatnonzero(known)
        },
    )


def gps_outliers(georeference: Georeference) -> dict[str, float]:
    """Return the photos whose GPS position is wrong and by how many metres horizontally.

    Wrong is beyond five robust standard deviations, and 3 m, of all residuals.
    """
    names = list(georeference.residuals)
    if not names:
        return {}
    rest = np.array([georeference.residuals[name] for name in names])
    size = np.linalg.norm(rest[:, :2], axis=1)
    limit = max(_OUTLIER_SIGMAS * robust_sigma(size), _OUTLIER_M)
    return {n: round(float(s), 2) for n, s in zip(names, size, strict=True) if s > limit}


def altitude_outliers(georeference: Georeference) -> dict[str, float]:
    """Return the photos whose altitude is wrong and by how many metres, up positive.

    Wrong is beyond five robust standard deviations, and 10 m, of what the other altitudes say.
    """
    known = {n: r[2] for n, r in georeference.residuals.items() if math.isfinite(r[2])}
    if not known:
        return {}
    # The residual is estimate minus GPS: a photo that claims to be too high has a negative one.
    off = float(np.median(list(known.values()))) - np.array(list(known.values()))
    limit = max(_OUTLIER_SIGMAS * robust_sigma(off), _ALTITUDE_OUTLIER_M)
    return {n: round(float(m), 2) for n, m in zip(known, off, strict=True) if abs(m) > limit}


def _rms(values: Floats) -> float | None:
    values = values[np.isfinite(values)]
    return float(np.sqrt((values**2).mean())) if len(values) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _angles(photo: Photo) -> tuple[float, float, float]:
    o = photo.orientation
    return (math.nan, math.nan, math.nan) if o is None else (o.yaw, o.pitch, o.roll)
