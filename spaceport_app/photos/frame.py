"""The local east-north-up frame in metres that sfm and splats live in."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from spaceport_app.photos.model import Origin, Photo, Position

Floats = npt.NDArray[np.float64]

_MINIMUM_POSITIONS = 3


class LocalFrame:
    """East, north and up in metres around a point on the WGS84 ellipsoid.

    Parameters
    ----------
    origin : Origin
        Where east, north and up are zero.
    """

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._to_ecef = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
        self._from_ecef = Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)

    @cached_property
    def world_to_ecef(self) -> Floats:
        """Homogeneous matrix from local metres to Earth-centred metres (EPSG:4978), (4, 4).

        Its columns are the unit vectors east, north and up at the origin; see Bugayevskiy and
        Snyder, "Map Projections: A Reference Manual", 1995, or EPSG method 9837.
        """
        latitude, longitude = np.radians([self.origin.latitude, self.origin.longitude])
        sin_lat, cos_lat = np.sin(latitude), np.cos(latitude)
        sin_lon, cos_lon = np.sin(longitude), np.cos(longitude)
        matrix = np.eye(4)
        matrix[:3, 0] = -sin_lon, cos_lon, 0.0
        matrix[:3, 1] = -sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat
        matrix[:3, 2] = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat
        matrix[:3, 3] = self._to_ecef.transform(
            self.origin.longitude, self.origin.latitude, self.origin.height
        )
        return matrix

    def to_enu(
        self, latitude: npt.ArrayLike, longitude: npt.ArrayLike, height: npt.ArrayLike
    ) -> Floats:
        """Return local coordinates in metres of WGS84 positions, shape (N, 3).

        Parameters
        ----------
        latitude, longitude : array-like, shape (N,) or scalar
            Degrees.
        height : array-like, shape (N,) or scalar
            Metres, on the same reference as the origin's height.
        """
        lat, lon, h = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(a, np.float64)) for a in (latitude, longitude, height))
        )
        ecef = np.stack(self._to_ecef.transform(lon, lat, h), axis=-1)
        matrix = self.world_to_ecef
        local: Floats = (ecef - matrix[:3, 3]) @ matrix[:3, :3]
        return local

    def to_geodetic(self, enu: npt.ArrayLike) -> Floats:
        """Return latitude and longitude in degrees and height in metres, shape (N, 3).

        Parameters
        ----------
        enu : array-like, shape (N, 3)
            Local coordinates in metres.
        """
        matrix = self.world_to_ecef
        ecef = np.atleast_2d(np.asarray(enu, np.float64)) @ matrix[:3, :3].T + matrix[:3, 3]
        lon, lat, height = self._from_ecef.transform(ecef[:, 0], ecef[:, 1], ecef[:, 2])
        return np.stack([lat, lon, height], axis=-1)


def utm_epsg(latitude: float, longitude: float) -> int | None:
    """Return the EPSG code of the WGS84 / UTM zone of a point.

    None beyond 84 degrees north and 80 degrees south, where no zone is defined.
    """
    if not -80.0 <= latitude <= 84.0:
        return None
    return (32600 if latitude >= 0 else 32700) + _zone(latitude, longitude)


def _zone(latitude: float, longitude: float) -> int:
    """Return the UTM zone number 1 to 60 with the exceptions of DMA TM 8358.2, section 2-2."""
    if 56 <= latitude < 64 and 3 <= longitude < 12:
        return 32
    if latitude >= 72 and 0 <= longitude < 42:
        return 31 + 2 * int((longitude + 3) // 12)
    return int((longitude + 180) % 360 // 6) + 1


def median_longitude(longitudes: npt.ArrayLike) -> float:
    """Return the median of longitudes in degrees, -180 to 180, (N,).

    They are unwrapped around the first one, so that the middle of a flight across the 180th
    meridian is not on the other side of the Earth.
    """
    values = np.asarray(longitudes, np.float64)
    offsets = (values - values[0] + 180.0) % 360.0 - 180.0
    return float((values[0] + np.median(offsets) + 180.0) % 360.0 - 180.0)


def origin_of(photos: tuple[Photo, ...]) -> Origin | None:
    """Return the median position of the photos that know theirs, or None below three.

    The height is the median of the altitudes as the cameras wrote them, and 0 where none did.
    """
    known: list[Position] = [p.position for p in photos if p.position is not None]
    if len(known) < _MINIMUM_POSITIONS:
        return None
    altitudes = [p.altitude for p in known if p.altitude is not None]
    return Origin(
        latitude=float(np.median([p.latitude for p in known])),
        longitude=median_longitude([p.longitude for p in known]),
        height=float(np.median(altitudes)) if altitudes else 0.0,
    )
