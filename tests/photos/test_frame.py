from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj.database import query_utm_crs_info

from spaceport_app.photos.frame import LocalFrame, origin_of, utm_epsg
from spaceport_app.photos.model import Origin, Photo, Position

A, F = 6378137.0, 1 / 298.257223563


def ecef(latitude: float, longitude: float, height: float) -> np.ndarray:
    """WGS84 geodetic to Earth-centred metres by the textbook formula."""
    phi, lam = np.radians(np.longdouble(latitude)), np.radians(np.longdouble(longitude))
    e2 = np.longdouble(F) * (2 - np.longdouble(F))
    n = A / np.sqrt(1 - e2 * np.sin(phi) ** 2)
    return np.array(
        [
            (n + height) * np.cos(phi) * np.cos(lam),
            (n + height) * np.cos(phi) * np.sin(lam),
            (n * (1 - e2) + height) * np.sin(phi),
        ]
    )


def enu(origin: Origin, point: tuple[float, float, float]) -> np.ndarray:
    delta = ecef(*point) - ecef(origin.latitude, origin.longitude, origin.height)
    phi, lam = np.radians([origin.latitude, origin.longitude])
    east = np.array([-np.sin(lam), np.cos(lam), 0])
    up = np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
    return np.array([east @ delta, np.cross(up, east) @ delta, up @ delta], np.float64)


ORIGINS = [
    Origin(46.84, -91.99, 198.6),
    Origin(-33.9, 151.2, 12.0),
    Origin(0.0, 0.0, 0.0),
    Origin(78.2, 15.6, 400.0),
    Origin(-0.5, 179.9999, 3.0),
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_local_coordinates_agree_with_the_textbook_within_a_micrometre(origin: Origin) -> None:
    random = np.random.default_rng(3)
    points = [
        (
            origin.latitude + random.uniform(-0.05, 0.05),
            origin.longitude + random.uniform(-0.05, 0.05),
            origin.height + random.uniform(-100, 500),
        )
        for _ in range(20)
    ]
    frame = LocalFrame(origin)
    local = frame.to_enu(*np.transpose(points))
    expected = np.array([enu(origin, point) for point in points])
    assert np.abs(local - expected).max() < 1e-6
    back = frame.to_geodetic(local)
    assert np.abs(back[:, 0] - np.transpose(points)[0]).max() < 1e-11
    assert np.abs(back[:, 2] - np.transpose(points)[2]).max() < 1e-6


@pytest.mark.parametrize("origin", ORIGINS)
def test_matrix_takes_local_metres_to_earth_centred_metres(origin: Origin) -> None:
    frame = LocalFrame(origin)
    point = frame.to_geodetic([[120.0, -80.0, 35.0]])[0]
    by_matrix = frame.world_to_ecef @ [120.0, -80.0, 35.0, 1.0]
    assert np.abs(by_matrix[:3] - ecef(*point).astype(np.float64)).max() < 1e-6
    rotation = frame.world_to_ecef[:3, :3]
    assert np.allclose(rotation.T @ rotation, np.eye(3), atol=1e-15)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_axes_point_east_north_and_up() -> None:
    frame = LocalFrame(Origin(48.0, 11.0, 500.0))
    east, north, up = (
        frame.to_enu(48.0, 11.001, 500.0)[0],
        frame.to_enu(48.001, 11.0, 500.0)[0],
        frame.to_enu(48.0, 11.0, 510.0)[0],
    )
    assert east[0] == pytest.approx(74.6, abs=0.2)
    assert north[1] == pytest.approx(111.2, abs=0.2)
    assert up == pytest.approx([0, 0, 10], abs=1e-6)


def test_utm_zone_agrees_with_the_epsg_database() -> None:
    random = np.random.default_rng(5)
    zones = [(int(info.code), info.area_of_use) for info in query_utm_crs_info("WGS 84")]
    assert len(zones) == 120
    for _ in range(500):
        lat, lon = random.uniform(-79, 55), random.uniform(-179.9, 179.9)
        containing = [
            code
            for code, area in zones
            if area
            and area.west <= lon < (area.east if area.east > area.west else 180.0)
            and area.south <= lat < area.north
        ]
        assert containing == [utm_epsg(lat, lon)]


@pytest.mark.parametrize(
    ("latitude", "longitude", "epsg"),
    [
        (60.39, 5.32, 32632),  # Bergen lies in the widened zone 32.
        (78.22, 15.65, 32633),  # Longyearbyen, on Svalbard's double-width zones.
        (79.0, 20.999, 32633),
        (79.0, 21.0, 32635),
        (-54.8, -68.3, 32719),
        (0.0, 180.0, 32601),
        (84.5, 10.0, None),
        (-80.5, 10.0, None),
    ],
)
def test_utm_zone_knows_the_exceptions(latitude: float, longitude: float, epsg: int | None) -> None:
    assert utm_epsg(latitude, longitude) == epsg


def photo_at(latitude: float, longitude: float, altitude: float | None) -> Photo:
    position = Position(latitude, longitude, altitude)
    return Photo(
        "a.jpg", Path("/a.jpg"), 1, 1, "", 1, 1, "", "", "", None, None, position, None, 1.0, 0.5
    )  # fmt: skip


def test_origin_is_the_median_position() -> None:
    photos = tuple(photo_at(47 + i, 8 + i, 100.0 * i) for i in (0, 1, 5))
    assert origin_of(photos) == Origin(48.0, 9.0, 100.0)


def test_origin_stays_with_the_flight_across_the_180th_meridian() -> None:
    photos = tuple(photo_at(-17.0, lon, None) for lon in (179.999, 179.9999, -179.9999, -179.99))
    origin = origin_of(photos)
    assert origin is not None
    assert abs(abs(origin.longitude) - 180.0) < 0.001
    assert origin.height == 0.0


def test_two_positions_make_no_frame() -> None:
    assert origin_of((photo_at(1, 1, 0), photo_at(2, 2, 0))) is None
