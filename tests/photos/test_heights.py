from __future__ import annotations

from typing import Any

import pytest
from PIL.TiffImagePlugin import IFDRational as R

from spaceport_app.photos import heights
from spaceport_app.photos.exif import Blocks
from spaceport_app.photos.heights import Height


def first(gps: dict[int, Any], properties: dict[str, str], version: str = "0230") -> Height | None:
    found = heights.read(Blocks(gps=gps, exif={36864: version.encode()}), properties)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("reference", "metres", "meant"),
    [
        (b"\0", 198.7, None),
        (b"\1", -198.7, None),
        # Exif 3.0: above and below sea level.
        (b"\2", 198.7, "sea level"),
        (b"\3", -198.7, "sea level"),
        (0, 198.7, None),
        (1, -198.7, None),
        (2, 198.7, "sea level"),
        (3, -198.7, "sea level"),
        ("1", -198.7, None),
        (b"1", -198.7, None),
        ("3", -198.7, "sea level"),
        ("Below Sea Level", -198.7, None),
        (None, 198.7, None),
        (b"", 198.7, None),
        (b"\7", 198.7, None),
        (255, 198.7, None),
    ],
)
def test_the_reference_of_exif(reference: Any, metres: float, meant: str | None) -> None:
    gps = {6: R(1987, 10)} | ({} if reference is None else {5: reference})
    assert first(gps, {}) == Height("EXIF", metres, meant)
    if isinstance(reference, str):
        properties = {"exif:GPSAltitude": "1987/10", "exif:GPSAltitudeRef": reference}
        assert first({}, properties) == Height("exif:GPSAltitude", metres, meant)


@pytest.mark.parametrize(("reference", "metres"), [(b"\0", 198.7), (b"\1", -198.7)])
def test_since_exif_3_it_is_the_ellipsoid(reference: bytes, metres: float) -> None:
    assert first({5: reference, 6: R(1987, 10)}, {}, "0300") == Height("EXIF", metres, "ellipsoid")
    # Without the tag nothing is said.
    assert first({6: R(1987, 10)}, {}, "0300") == Height("EXIF", 198.7, None)


@pytest.mark.parametrize(
    ("gps", "properties", "height"),
    [
        ({}, {"drone-dji:AbsoluteAltitude": "+198.60"}, 198.6),
        ({5: 0, 6: R(198, 1)}, {"drone-dji:AbsoluteAltitude": "+198.60"}, 198.6),
        ({}, {"drone-skydio:AbsoluteAltitude": "-3.5"}, -3.5),
        ({}, {"sensefly:AltitudeAMSL": "283.5"}, 283.5),
        ({}, {"exif:GPSAltitude": "1987/10"}, 198.7),
        ({}, {"exif:GPSAltitude": "1987/10", "exif:GPSAltitudeRef": "1"}, -198.7),
        # What cannot be right gives way to what can.
        ({5: 0, 6: R(1987, 10)}, {"drone-dji:AbsoluteAltitude": "+4294967.00"}, 198.7),
        ({5: 0, 6: R(0, 0)}, {"exif:GPSAltitude": "12"}, 12.0),
        # A sign besides the reference.
        ({5: 1, 6: R(-35, 10)}, {}, -3.5),
        ({5: 0, 6: R(-35, 10)}, {}, -3.5),
        ({}, {}, None),
        ({}, {"drone-dji:AbsoluteAltitude": "north"}, None),
    ],
)
def test_the_first_height_that_can_be_right(
    gps: dict[int, Any], properties: dict[str, str], height: float | None
) -> None:
    found = first(gps, properties)
    assert (found.metres if found else None) == height


@pytest.mark.parametrize(
    ("properties", "metres"),
    [
        ({"drone-dji:RelativeAltitude": "+39.80"}, 39.8),
        ({"drone-skydio:RelativeAltitude": "12"}, 12.0),
        ({"a:RelativeAltitude": "1", "drone-dji:RelativeAltitude": "2"}, 2.0),
        # Above the ground below, which is another height.
        ({"Camera:AboveGroundAltitude": "40"}, None),
        ({}, None),
    ],
)
def test_above_take_off(properties: dict[str, str], metres: float | None) -> None:
    assert heights.above_take_off(properties) == metres
