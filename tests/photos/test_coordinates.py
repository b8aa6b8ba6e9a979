from __future__ import annotations

from typing import Any

import pytest
from PIL.TiffImagePlugin import IFDRational as R

from spaceport_app.photos import coordinates
from spaceport_app.photos.coordinates import Coordinate

EXACT = 46.842777583


@pytest.mark.parametrize(
    ("text", "letters", "degrees", "step"),
    [
        ("46,50.5564N", "NS", 46.842606667, 1e-4 / 60),
        ("91,59,40.4156W", "EW", -91.994559889, 1e-4 / 3600),
        ("46,50,33n", "NS", 46.8425, 1 / 3600),
        ("-33.8568", "NS", -33.8568, 1e-4),
        ("+8.5", "EW", 8.5, 0.1),
        ("8.500", "EW", 8.5, 1e-3),
        ("46,50,00N", "NS", 46.833333333, 1 / 3600),
        ("-33.8568S", "NS", -33.8568, 1e-4),
        ("S33.8568", "NS", -33.8568, 1e-4),
        ("46 deg 50' 33.39\" N", "NS", 46.842608333, 1e-2 / 3600),
        ("46°50′33.39″N", "NS", 46.842608333, 1e-2 / 3600),
        ("46,842778", "NS", 46.842778, 1e-6),
        ("46, 50.5", "NS", 46.841666667, 0.1 / 60),
        ("8,5,x", "NS", None, None),
        ("8.5E", "NS", None, None),
        ("46.84\x012", "NS", None, None),
        ("4_6.8", "NS", None, None),
        ("", "NS", None, None),
        ("nan", "NS", None, None),
    ],
)
def test_texts(text: str, letters: str, degrees: float | None, step: float | None) -> None:
    found = coordinates.from_text(text, letters)
    if found is None:
        assert degrees is None
    else:
        assert found.degrees == pytest.approx(degrees, abs=1e-9)
        assert coordinates.step(found) == pytest.approx(step)


@pytest.mark.parametrize(
    ("value", "degrees", "step"),
    [
        ((R(46, 1), R(50, 1), R(3399, 100)), 46.842775, 1e-2 / 3600),
        ((R(46, 1), R(50, 1), R(33, 1)), 46.8425, 1 / 3600),
        ((R(46, 1), R(50, 1), R(3300, 100)), 46.8425, 1 / 3600),
        ((R(46, 1), R(50, 1), R(0, 1)), 46.833333333, 1 / 60),
        ((R(46, 1), R(50, 1), R(0, 0)), 46.833333333, 1 / 60),
        ((R(46, 1), R(0, 1), R(0, 1)), 46.0, 1.0),
        ((R(46842777583, 10**9), R(0, 1), R(0, 1)), EXACT, 1e-9),
        ((R(46842777583, 10**9), R(0, 1)), EXACT, 1e-9),
        ((R(46842777583, 10**9),), EXACT, 1e-9),
        (R(46842777583, 10**9), EXACT, 1e-9),
        ((R(46842777583, 10**9), R(0, 0), R(0, 0)), EXACT, 1e-9),
        ((R(46, 1), R(5056667, 100000)), 46.842777833, 1e-5 / 60),
        ((R(46, 1), R(5056667, 100000), R(0, 1)), 46.842777833, 1e-5 / 60),
        ((R(46, 1), R(5056667, 100000), R(0, 0)), 46.842777833, 1e-5 / 60),
        ((46, 50, 34), 46.842777778, 1 / 3600),
        ((46.0, 50.0, 33.9993), 46.842777583, 1e-4 / 3600),
        ("46.842777583", EXACT, 1e-9),
        ("46,50.56667N", 46.842777833, 1e-5 / 60),
    ],
)
def test_exif_in_all_its_forms(value: Any, degrees: float, step: float) -> None:
    found = coordinates.from_exif(value, "N", "NS")
    assert found is not None and found.degrees == pytest.approx(degrees, abs=1e-9)
    assert coordinates.step(found) == pytest.approx(step)


@pytest.mark.parametrize(
    "value",
    [
        (),
        (R(0, 0), R(0, 0), R(0, 0)),
        (R(46, 1), R(0, 0), R(0, 1)),
        ("a", "b", "c"),
        (float("nan"), 1.0, 1.0),
        "north",
        b"\xff\xff",
    ],
)
def test_what_is_no_coordinate(value: Any) -> None:
    assert coordinates.from_exif(value, "N", "NS") is None


@pytest.mark.parametrize(
    ("degrees", "reference", "negative"),
    [
        (R(46, 1), "N", False),
        (R(46, 1), "S", True),
        (R(46, 1), "s\0", True),
        (R(46, 1), b"South", True),
        (R(46, 1), None, None),
        (R(46, 1), "E", None),
        (R(46, 1), "\0", None),
        (R(-46, 1), "S", True),
        (R(-46, 1), "N", True),
        (R(-46, 1), None, True),
    ],
)
def test_the_sign(degrees: R, reference: Any, negative: bool | None) -> None:
    found = coordinates.from_exif((degrees, R(30, 1), R(15, 1)), reference, "NS")
    assert found is not None and found.negative is negative
    assert found.size == pytest.approx(46.504166667)


def test_zeros_at_the_end_of_both_are_not_digits() -> None:
    def dms(*parts: tuple[int, int]) -> Coordinate:
        return Coordinate(parts, False)

    seconds = dms((46, 1), (50, 1), (0, 100)), dms((91, 1), (59, 1), (3948, 100))
    assert coordinates.step(*seconds) == pytest.approx(1e-2 / 3600)
    whole = dms((46, 1), (50, 1), (0, 100)), dms((91, 1), (59, 1), (0, 100))
    assert coordinates.step(*whole) == pytest.approx(1 / 60)
    binary = dms((46, 1), (50, 1), (570397, 16777)), dms((91, 1), (59, 1), (1, 16777))
    assert coordinates.step(*binary) == pytest.approx(1 / 3600 / 16777)
