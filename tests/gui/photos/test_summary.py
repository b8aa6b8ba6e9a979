from __future__ import annotations

from dataclasses import replace

from gui.photos.builders import photo
from spaceport_app.gui.photos import summary
from spaceport_app.photos.model import Origin, Position


def test_pauses_on_the_ground_are_no_flight() -> None:
    times = ["10:00:00", "10:00:30", "10:01:00", "11:00:00", "11:00:20"]
    listed = [photo(f"{i}", taken_at=f"2026-05-01T{time}") for i, time in enumerate(times)]
    assert summary.flight_seconds(listed) == 80.0


def test_times_that_are_none_are_passed_over() -> None:
    assert summary.flight_seconds([photo("a", taken_at="yesterday"), photo("b")]) == 0.0


def test_facts_count_what_the_photos_hold() -> None:
    listed = [photo("a"), replace(photo("b"), camera="another")]
    assert summary.facts(listed) == ["24 megapixels", "2 cameras"]


def test_geometry_of_a_square_of_a_hundred_metres() -> None:
    # A degree of latitude is 110.57 km at the equator, one of longitude 111.32 km.
    north, east = 100 / 110_574.0, 100 / 111_320.0
    corners = [(0, 0), (north, 0), (north, east), (0, east)]
    listed = [
        photo(str(i), position=Position(latitude, longitude, 50.0, 40.0 + i))
        for i, (latitude, longitude) in enumerate(corners)
    ]
    assert summary.geometry(listed, Origin(0.0, 0.0, 50.0)) == ["1.00 ha", "40–43 m above take-off"]


def test_altitude_is_told_where_the_drone_does_not_know_its_height() -> None:
    listed = [photo("a", position=Position(0.0, 0.0, 51.4))]
    assert summary.geometry(listed, None) == ["51 m altitude"]


def test_the_count_names_the_used_only_where_they_differ() -> None:
    assert summary.count_line(1, 1) == "1 photo"
    assert summary.count_line(2000, 1998) == "2,000 photos, 1,998 used"
