from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
from PIL.TiffImagePlugin import IFDRational as R

from spaceport_app.photos import gps
from spaceport_app.photos.exif import Blocks
from spaceport_app.photos.gps import Located

from .conftest import ExifTool, MakePhoto, xmp_packet

BEACH = (46.842777583, -91.994299389)
DJI = "http://www.dji.com/drone-dji/1.0/"


def degrees(value: float, step: float = 1e-4) -> tuple[R, R, R]:
    """Return degrees, minutes and seconds cut to a step in seconds."""
    parts = max(round(1 / step), 1)
    seconds = math.floor(abs(value) * 3600 / step + 1e-6) * max(round(step), 1)
    whole, rest = divmod(seconds, 3600 * parts)
    minutes, rest = divmod(rest, 60 * parts)
    return R(whole, 1), R(minutes, 1), R(rest, parts)


def block(
    place: tuple[float, float], step: float = 1e-4, refs: tuple[Any, Any] | None = None
) -> dict[int, Any]:
    north, east = refs or ("N" if place[0] >= 0 else "S", "E" if place[1] >= 0 else "W")
    found = {2: degrees(place[0], step), 4: degrees(place[1], step)}
    return {**found, **({1: north} if north else {}), **({3: east} if east else {})}


def dji(place: tuple[float, float], digits: int = 9) -> dict[str, str]:
    return {
        "drone-dji:GpsLatitude": f"{place[0]:+.{digits}f}",
        "drone-dji:GpsLongitude": f"{place[1]:+.{digits}f}",
    }


def read(block: dict[int, Any] | None = None, properties: dict[str, str] | None = None) -> Located:
    return gps.read(Blocks(gps=block or {}), properties or {})


def metres(found: Located, place: tuple[float, float]) -> float:
    assert found.position is not None
    north = (found.position.latitude - place[0]) * 111_320
    east = (found.position.longitude - place[1]) * 111_320 * math.cos(math.radians(place[0]))
    return math.hypot(north, east)


def moved(place: tuple[float, float], north_m: float, east_m: float = 0.0) -> tuple[float, float]:
    shrunk = math.cos(math.radians(place[0]))
    return place[0] + north_m / 111_320, place[1] + east_m / 111_320 / shrunk


@pytest.mark.parametrize(
    ("own", "other", "source", "told"),
    [
        # Only one of them.
        (block(BEACH), {}, "EXIF", False),
        ({}, dji(BEACH), "XMP (drone-dji)", False),
        # EXIF rounded to minutes, seconds, or degrees; XMP exact.
        (block(BEACH, 1), dji(BEACH), "XMP (drone-dji)", False),
        (block(BEACH, 60), dji(BEACH), "XMP (drone-dji)", False),
        (block(BEACH, 3600), dji(BEACH), "XMP (drone-dji)", False),
        (block(BEACH, 0.1), dji(BEACH), "XMP (drone-dji)", False),
        # EXIF finer than a property of three digits.
        (block(BEACH, 1e-2), dji(BEACH, 3), "EXIF", False),
        # Both exact: one source for a whole flight.
        (block(BEACH, 1e-4), dji(BEACH), "EXIF", False),
        # Corrected after the flight, in EXIF.
        (block(moved(BEACH, 1.5), 1e-5), dji(BEACH), "EXIF", True),
        # Whole seconds beyond what they round.
        (block(moved(BEACH, 100), 1), dji(BEACH), "XMP (drone-dji)", True),
        (block(moved(BEACH, 0, 60), 1), dji(BEACH), "XMP (drone-dji)", True),
        # No fix in one of them.
        (block((0.0, 0.0)), dji(BEACH), "XMP (drone-dji)", False),
        (block(BEACH), dji((0.0, 0.0)), "EXIF", False),
        (
            {1: "N", 2: (R(95, 1),) * 3, 3: "E", 4: (R(8, 1),) * 3},
            dji(BEACH),
            "XMP (drone-dji)",
            False,
        ),
    ],
)
def test_the_finer_position_is_used(
    own: dict[int, Any], other: dict[str, str], source: str, told: bool
) -> None:
    found = read(own, other)
    assert found.places[0].source == source
    assert [finding.code for finding in found.findings] == ["gps_disagrees"] * told
    if not told:
        assert metres(found, BEACH) < max(1.5 * found.places[0].step_m, 0.01)


def test_what_is_told_of_two_positions() -> None:
    finding = read(block(moved(BEACH, 0, 60), 1), dji(BEACH)).findings[0]
    assert finding.message == (
        "The GPS positions in XMP (drone-dji) and EXIF are 80 m apart; that in XMP (drone-dji) is "
        "used, as it is finer."
    )
    corrected = read(block(moved(BEACH, 1.5), 1e-5), dji(BEACH)).findings[0]
    assert "1.5 m apart; that in EXIF is used, as programs that correct" in corrected.message


def test_a_flight_is_as_exact_as_its_finest_source() -> None:
    """30 photos over 300 m: whole seconds cost 18 m, the drone's own digits nothing."""
    chance = random.Random(14)
    squares, cut = 0.0, 0.0
    for _ in range(30):
        place = moved(BEACH, chance.uniform(-150, 150), chance.uniform(-150, 150))
        own = block(place, 1)
        found = read(own, dji(place, 7))
        assert not found.findings
        squares += metres(found, place) ** 2
        cut += metres(read(own), place) ** 2
    assert math.sqrt(squares / 30) < 0.02
    assert math.sqrt(cut / 30) > 10


@pytest.mark.parametrize(
    "properties",
    [
        {"drone-dji:GpsLatitude": "+46.842777583", "drone-dji:GpsLongtitude": "-91.994299389"},
        {"drone-dji:Latitude": "46.842777583", "drone-dji:Longitude": "-91.994299389"},
        {"drone-skydio:Latitude": "46.842777583", "drone-skydio:Longitude": "-91.994299389"},
        {"maker:GPSLatitude": "46.842777583", "maker:GPSLongitude": "-91.994299389"},
        {"exif:GPSLatitude": "46,50.56665498N", "exif:GPSLongitude": "91,59.65796334W"},
        {"exif:GPSLatitude": "46,50,33.999299N", "exif:GPSLongitude": "91,59,39.4778W"},
        {
            "exif:GPSLatitude": "46.842777583",
            "exif:GPSLongitude": "91.994299389",
            "exif:GPSLatitudeRef": "N",
            "exif:GPSLongitudeRef": "West",
        },
    ],
)
def test_names_of_makers(properties: dict[str, str]) -> None:
    assert metres(read({}, properties), BEACH) < 0.001


@pytest.mark.parametrize("refs", [(None, None), ("", "\0"), ("N", None)])
def test_a_missing_letter_is_told_by_the_other_position(refs: tuple[Any, Any]) -> None:
    found = read(block(BEACH, 1e-5, refs), dji(BEACH, 6))
    assert found.places[0].source == "EXIF" and metres(found, BEACH) < 0.001
    alone = read(block(BEACH, 1e-5, refs))
    assert alone.position is None
    assert "does not say" in alone.findings[0].message


def test_a_sign_in_the_number() -> None:
    south = {**block(BEACH), 1: "S", 2: (R(-33, 1), R(51, 1), R(24, 1))}
    found = read(south)
    assert found.position is not None
    assert found.position.latitude == pytest.approx(-33.8566666667)


def test_the_height_follows_a_corrected_position() -> None:
    heights = {"drone-dji:AbsoluteAltitude": "+198.60"}
    own = {5: b"\0", 6: R(20110, 100)}
    agree = read(block(BEACH, 1e-5) | own, dji(BEACH) | heights).position
    corrected = read(block(moved(BEACH, 2), 1e-5) | own, dji(BEACH) | heights).position
    assert agree is not None and agree.altitude == 198.6
    assert corrected is not None and corrected.altitude == 201.1


def test_across_the_180th_meridian() -> None:
    found = read(block((-17.0, 179.99999), 1e-4), dji((-17.0, -179.99999)))
    assert [f.message[:60] for f in found.findings] == [
        "The GPS positions in EXIF and XMP (drone-dji) are 2.1 m apar"
    ]


@pytest.mark.parametrize("place", [BEACH, (-33.8568, 151.2153), (0.5, -0.25)])
@pytest.mark.parametrize("form", ["attributes", "elements"])
def test_an_independent_reader_finds_the_same(
    place: tuple[float, float],
    form: str,
    tmp_path: Path,
    make_photo: MakePhoto,
    exiftool: ExifTool,
) -> None:
    from PIL import Image

    from spaceport_app.photos import metadata

    values = {"GpsLatitude": f"{place[0]:+.9f}", "GpsLongitude": f"{place[1]:+.9f}"}
    packet = xmp_packet(DJI, "drone-dji", values, form)
    path = make_photo(tmp_path / "a.jpg", size=(64, 48), place=place, altitude=-12.5, xmp=packet)
    told = exiftool("-a", "-G1", path)[0]
    with Image.open(path) as image:
        found = metadata.read(image)
    by_source = {p.source: (p.latitude, p.longitude) for p in found.places}
    assert by_source["EXIF"] == pytest.approx(
        (told["Composite:GPSLatitude"], told["Composite:GPSLongitude"]), abs=1e-9
    )
    assert by_source["XMP (drone-dji)"] == (
        float(told["XMP-drone-dji:GPSLatitude"]),
        float(told["XMP-drone-dji:GPSLongitude"]),
    )
    assert found.position is not None
    assert found.position.altitude == told["Composite:GPSAltitude"] == -12.5
