from __future__ import annotations

import io
import math
import zlib
from dataclasses import astuple
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from spaceport_app.photos import metadata
from spaceport_app.photos.decode import decode
from spaceport_app.photos.metadata import Metadata
from spaceport_app.photos.model import Orientation, Position

from .conftest import exif, xmp_packet

DJI = "http://www.dji.com/drone-dji/1.0/"
SENSEFLY = "http://ns.sensefly.com/Camera/1.0/"
PIX4D = "http://pix4d.com/camera/1.0"
BEACH = (46.842607083, -91.994559889)


def read(size: tuple[int, int] = (160, 90), xmp: bytes = b"", **about: Any) -> Metadata:
    data = io.BytesIO()
    Image.new("RGB", size).save(data, "JPEG", exif=exif(**about), xmp=xmp)
    return metadata.read(Image.open(data))


def test_plain_exif() -> None:
    found = read(
        place=BEACH,
        altitude=198.3,
        model="FC300S",
        time="2016:06:23 16:31:59",
        t37521="07",
        t37386=3.6,
        t42033="ABC123\0",
    )
    assert found.position is not None
    assert found.position.latitude == pytest.approx(BEACH[0], abs=1e-9)
    assert found.position.longitude == pytest.approx(BEACH[1], abs=1e-9)
    assert found.position.altitude == pytest.approx(198.3)
    assert (found.make, found.model, found.serial) == ("DJI", "FC300S", "ABC123")
    assert found.taken_at == "2016-06-23T16:31:59.07"
    assert found.focal_mm == pytest.approx(3.6)
    assert found.orientation is None and found.findings == ()


def test_southern_eastern_and_below_the_sea() -> None:
    found = read(place=(-33.8568, 151.2153), altitude=-3.5)
    assert found.position is not None
    assert found.position.latitude == pytest.approx(-33.8568, abs=1e-9)
    assert found.position.longitude == pytest.approx(151.2153, abs=1e-9)
    assert found.position.altitude == pytest.approx(-3.5)


@pytest.mark.parametrize("form", ["attributes", "elements"])
def test_dji(form: str) -> None:
    values = {
        "AbsoluteAltitude": "+198.31",
        "RelativeAltitude": "+39.80",
        "GimbalRollDegree": "+0.00",
        "GimbalYawDegree": "+45.00",
        "GimbalPitchDegree": "-89.90",
        "FlightYawDegree": "+46.00",
        "RtkFlag": "50",
        "RtkStdLon": "0.01123",
        "RtkStdLat": "0.01204",
        "RtkStdHgt": "0.02501",
    }
    found = read(place=BEACH, altitude=12.0, xmp=xmp_packet(DJI, "drone-dji", values, form))
    assert found.position is not None
    assert astuple(found.position) == pytest.approx((*BEACH, 198.31, 39.8, 0.01204, 0.02501))
    assert found.orientation == Orientation(45.0, -89.9, 0.0)


def test_dji_position_from_xmp_where_exif_has_none() -> None:
    for names in (("GpsLatitude", "GpsLongtitude"), ("GpsLatitude", "GpsLongitude")):
        values = {names[0]: "+47.5", names[1]: "-8.25", "AbsoluteAltitude": "+400.5"}
        found = read(xmp=xmp_packet(DJI, "drone-dji", values, "attributes"))
        assert found.position == Position(47.5, -8.25, 400.5)
        assert found.findings == ()


def test_dji_calibrated_focal_length_follows_a_resize() -> None:
    packet = xmp_packet(DJI, "drone-dji", {"CalibratedFocalLength": "3666.67"}, "attributes")
    assert read((548, 365), xmp=packet, t40962=5480).focal_px == pytest.approx(366.667)


@pytest.mark.parametrize("form", ["attributes", "elements"])
@pytest.mark.parametrize(
    "names", [("Yaw", "Pitch", "Roll"), ("Heading", "PitchAngle", "RollAngle")]
)
def test_sensefly(form: str, names: tuple[str, str, str]) -> None:
    values = dict(zip(names, ("311.5", "2.5", "-7.25"), strict=True)) | {
        "AltitudeAMSL": "283.5",
        "GPSXYAccuracy": "2.75",
        "GPSZAccuracy": "4.5",
    }
    found = read(place=(41.0353, -83.3062), xmp=xmp_packet(SENSEFLY, "sensefly", values, form))
    assert found.position is not None
    assert found.position.altitude == 283.5
    assert found.position.horizontal_accuracy == 2.75
    assert found.position.vertical_accuracy == 4.5
    # Counted from straight down there, and with the other sign for the roll.
    assert found.orientation == Orientation(311.5, -87.5, 7.25)


@pytest.mark.parametrize("form", ["attributes", "elements"])
def test_camera_dialect_of_parrot_micasense_and_sentera(form: str) -> None:
    values = {
        "Yaw": "120.5",
        "Pitch": "3.0",
        "Roll": "-1.5",
        "GPSXYAccuracy": "1.33",
        "RigCameraIndex": "2",
    }
    found = read(place=BEACH, altitude=80.0, xmp=xmp_packet(PIX4D, "Camera", values, form))
    assert found.orientation == Orientation(120.5, -87.0, -1.5)
    assert found.position is not None and found.position.horizontal_accuracy == 1.33
    assert found.serial == "2"


def test_camera_dialect_with_the_horizon_as_zero() -> None:
    packet = xmp_packet(PIX4D, "Camera", {"Yaw": "10", "Pitch": "-90"}, "attributes")
    assert read(xmp=packet).orientation == Orientation(10.0, -90.0, 0.0)


@pytest.mark.parametrize(
    ("gps", "words"),
    [
        ({}, "no GPS"),
        ({0: b"\2\3\0\0"}, "no GPS"),
        ({1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}, "cannot be right"),
        ({1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (8.0, 0.0, 0.0)}, "cannot be right"),
        ({1: "N", 2: (45.0, 0.0, 0.0), 3: "E", 4: (190.0, 0.0, 0.0)}, "cannot be right"),
        ({2: (45.0, 0.0, 0.0), 3: "E", 4: (8.0, 0.0, 0.0)}, "N or S"),
        ({1: "N", 2: (45.0, 0.0, 0.0), 4: (8.0, 0.0, 0.0)}, "E or W"),
        (
            {1: "N", 2: (45.0, IFDRational(0, 0), 0.0), 3: "E", 4: (8.0, 0.0, 0.0)},
            "damaged",
        ),
    ],
)
def test_gps_that_cannot_be_right_is_no_gps(gps: dict[int, Any], words: str) -> None:
    found = read(gps=gps)
    assert found.position is None
    assert [finding.code for finding in found.findings] == ["no_gps"]
    assert words in found.findings[0].message


def test_an_altitude_that_cannot_be_right_is_none() -> None:
    found = read(place=BEACH, altitude=4294967.0)
    assert found.position is not None and found.position.altitude is None


def test_focal_length_from_the_35mm_equivalent_and_the_whole_sensor() -> None:
    # 20 mm on the diagonal of 36x24 mm; a 4:3 sensor of 4000x3000 pixels has 5000 on its own.
    assert read((400, 300), t41989=20).focal_px == pytest.approx(20 * 500 / math.hypot(36, 24))
    # 16:9 from the same sensor has the same width and so the same focal length in pixels.
    assert read((400, 225), t41989=20).focal_px == pytest.approx(20 * 500 / math.hypot(36, 24))
    assert read((360, 240), t41989=36).focal_px == pytest.approx(360.0)
    assert read((240, 360), t41989=36).focal_px == pytest.approx(360.0)


@pytest.mark.parametrize(
    ("unit", "resolution"), [(2, 7285.974489795918), (3, 7285.974489795918 / 2.54), (None, 7285.97)]
)
def test_focal_length_from_the_sensor_pitch(unit: int | None, resolution: float) -> None:
    tags: dict[str, Any] = {"t37386": 4.3, "t41486": resolution, "t40962": 1600}
    if unit:
        tags["t41488"] = unit
    assert read((800, 600), **tags).focal_px == pytest.approx(1233.45 / 2, abs=0.05)


def test_focal_lengths_that_cannot_be_right_are_skipped() -> None:
    assert read((400, 300), t41989=0).focal_px is None
    assert read((400, 300), t41989=4000).focal_px is None
    assert read((400, 300), t37386=4.3, t41486=0).focal_px is None
    assert read((400, 300), t37386=IFDRational(0, 0)).focal_mm is None


@pytest.mark.parametrize("time", ["0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday"])
def test_times_that_say_nothing(time: str) -> None:
    assert read(time=time).taken_at is None


def test_damaged_exif_counts_as_none() -> None:
    data = io.BytesIO()
    Image.new("RGB", (16, 16)).save(data, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff\x10\x00")
    found = metadata.read(Image.open(data))
    assert (found.make, found.position, found.taken_at) == ("", None, None)


def compressed_tiff() -> bytes:
    """A TIFF that is decoded by libtiff, with EXIF blocks, which Pillow itself cannot write."""
    pixels = zlib.compress(bytes(16 * 16 * 3))
    tags = ImageFileDirectory_v2()
    tags[256] = tags[257] = tags[278] = 16
    tags[258], tags[259], tags[262], tags[277] = (8, 8, 8), 8, 2, 3
    tags[271] = "Sony"
    tags[273], tags[279] = 0, len(pixels)
    tags[34665] = {37386: 3.6}
    tags[34853] = {1: "N", 2: (46.0, 30.0, 0.0), 3: "W", 4: (92.0, 0.0, 0.0)}
    data = io.BytesIO()
    tags.save(data)
    return data.getvalue() + pixels


def test_compressed_tiffs_keep_their_metadata() -> None:
    found = metadata.read(decode(compressed_tiff()).source)
    assert found.make == "Sony" and found.focal_mm == pytest.approx(3.6)
    assert found.position is not None
    assert (found.position.latitude, found.position.longitude) == (46.5, -92.0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_other_formats_carry_metadata_too(kind: str) -> None:
    data = io.BytesIO()
    block = exif(place=BEACH, make="Sony", t37386=3.6).tobytes()
    Image.new("RGB", (16, 16)).save(data, kind, exif=block)
    found = metadata.read(decode(data.getvalue()).source)
    assert found.make == "Sony"
    assert found.position is not None and found.position.latitude == pytest.approx(BEACH[0])
    assert found.focal_mm == pytest.approx(3.6)
