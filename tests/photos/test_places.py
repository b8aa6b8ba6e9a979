from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app.photos import places
from spaceport_app.photos.model import Origin, Photo, Position


def at(latitude: float, longitude: float, altitude: float | None = None) -> Position:
    return Position(latitude, longitude, altitude, 40.0)


def photo(position: Position | None) -> Photo:
    return Photo(
        "a.jpg", Path("/a"), 1, 1, "", 1, 1, "", "", "", None, None, position, None, 1.0, 0.5
    )  # fmt: skip


def test_one_position_far_away_is_wrong() -> None:
    flight = [at(47.0 + i * 1e-4, 8.0) for i in range(6)]
    found = places.strays([*flight, None, at(47.0, 11.0)])
    assert list(found) == [7]
    assert found[7].code == "wrong_gps" and "228 km" in found[7].message


def test_two_sites_in_one_set_are_both_right() -> None:
    assert places.strays([at(47.0, 8.0)] * 5 + [at(48.0, 8.0)] * 5) == {}


def test_a_long_corridor_is_right() -> None:
    assert places.strays([at(47.0 + 0.02 * i, 8.0) for i in range(40)]) == {}


def test_a_flight_across_the_180th_meridian_is_right() -> None:
    flight = [at(-17.0, lon) for lon in (179.999, 179.9995, -179.9995, -179.999)]
    assert places.strays(flight) == {}


def test_too_few_to_tell() -> None:
    assert places.strays([at(47.0, 8.0), at(47.0, 8.0), at(10.0, 8.0)]) == {}
    assert places.strays([]) == {}


def test_extent() -> None:
    origin = Origin(0.0, 10.0, 100.0)
    # A degree on the equator is 111,319.49 m along and 110,574.39 m across it.
    corners = [at(0, 10, 90.0), at(0.001, 10, 95.0), at(0.001, 10.001, 120.0), at(0, 10.001)]
    found = places.extent([photo(p) for p in corners] + [photo(None)], origin)
    assert found["area_hectares"] == pytest.approx(111.31949 * 110.57439 / 1e4, rel=1e-3)
    assert (found["altitude_min_m"], found["altitude_max_m"]) == (90.0, 120.0)
    assert (found["relative_altitude_min_m"], found["relative_altitude_max_m"]) == (40.0, 40.0)


def test_extent_of_a_line_and_of_nothing() -> None:
    line = [photo(at(0, 10 + i * 1e-4)) for i in range(4)]
    assert places.extent(line, Origin(0.0, 10.0, 0.0))["area_hectares"] == pytest.approx(
        0, abs=1e-4
    )
    hover = [photo(at(0, 10))] * 4
    assert places.extent(hover, Origin(0.0, 10.0, 0.0))["area_hectares"] == 0.0
    assert set(places.extent([photo(None)], None).values()) == {None}
