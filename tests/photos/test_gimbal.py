from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from PIL.TiffImagePlugin import IFDRational as R

from spaceport_app.photos import gimbal
from spaceport_app.photos.exif import Blocks
from spaceport_app.photos.gimbal import Angles
from spaceport_app.photos.model import Orientation

SKYDIO = "drone-skydio:CameraOrientationNED/drone-skydio:"


def angles(
    properties: dict[str, str], make: str = "", model: str = "", **blocks: Any
) -> Angles | None:
    return gimbal.read(Blocks(**blocks), properties, make, model)


def camera(pitch: float, make: str = "", prefix: str = "Camera", **more: str) -> Angles | None:
    names = {"Camera": "", "drone-dji": "Gimbal"}
    ending = "Degree" if prefix == "drone-dji" else ""
    stem = f"{prefix}:{names[prefix]}"
    return angles({f"{stem}Yaw{ending}": "10", f"{stem}Pitch{ending}": f"{pitch}"} | more, make)


def flight(pitches: Sequence[float], make: str = "", prefix: str = "Camera") -> list[float | None]:
    """Return the pitches above the horizon that a flight's are read as."""
    settled = gimbal.settle([camera(pitch, make, prefix) for pitch in pitches])
    return [o.pitch if o else None for o in settled]


@pytest.mark.parametrize(
    ("properties", "make", "orientation"),
    [
        (
            {
                "drone-dji:GimbalYawDegree": "+45.00",
                "drone-dji:GimbalPitchDegree": "-89.90",
                "drone-dji:GimbalRollDegree": "+0.00",
                "drone-dji:FlightYawDegree": "+60.00",
            },
            "DJI",
            Orientation(45.0, -89.9, 0.0),
        ),
        (
            {"drone-dji:GimbalYawDegree": "-131.70", "drone-dji:GimbalPitchDegree": "+20"},
            "Hasselblad",
            Orientation(-131.7, 20.0, 0.0),
        ),
        (
            {
                "drone-parrot:CameraYawDegree": "1",
                "drone-parrot:CameraPitchDegree": "-60",
                "drone-parrot:CameraRollDegree": "2",
                "Camera:Yaw": "1",
                "Camera:Pitch": "30",
            },
            "Parrot",
            Orientation(1.0, -60.0, 2.0),
        ),
        (
            {SKYDIO + "Yaw": "1", SKYDIO + "Pitch": "-60", SKYDIO + "Roll": "2"},
            "Skydio",
            Orientation(1.0, -60.0, 2.0),
        ),
        (
            {"sensefly:Yaw": "311.5", "sensefly:Pitch": "2.5", "sensefly:Roll": "-7.25"},
            "senseFly",
            Orientation(311.5, -87.5, 7.25),
        ),
        (
            {"Camera:Yaw": "12050/100", "Camera:Pitch": "300/100", "Camera:Roll": "-1.5"},
            "Parrot",
            Orientation(120.5, -87.0, -1.5),
        ),
        # Fixed wings bank: the specification holds for makers who keep to it.
        ({"Camera:Yaw": "1", "Camera:Pitch": "-30"}, "Parrot", Orientation(1.0, -120.0, 0.0)),
        # Upside down past straight down, as the roll says.
        (
            {
                "drone-dji:GimbalYawDegree": "190",
                "drone-dji:GimbalPitchDegree": "-90",
                "drone-dji:GimbalRollDegree": "+180.00",
            },
            "DJI",
            Orientation(190.0, -90.0, 180.0),
        ),
        (
            {
                "drone-dji:GimbalYawDegree": "725",
                "drone-dji:GimbalPitchDegree": "-90.3",
                "drone-dji:GimbalRollDegree": "359",
            },
            "DJI",
            Orientation(5.0, -90.3, -1.0),
        ),
    ],
)
def test_makers(properties: dict[str, str], make: str, orientation: Orientation) -> None:
    assert gimbal.settle([angles(properties, make)]) == [orientation]


@pytest.mark.parametrize(
    ("make", "prefix", "written", "read"),
    [
        # As Pix4D specifies it: straight down, oblique and to the horizon.
        ("MicaSense", "Camera", [0.4, -3.0, 2.0], [-89.6, -93.0, -88.0]),
        ("", "Camera", [0.4, 45.0, 90.0], [-89.6, -45.0, 0.0]),
        ("Xaircraft", "Camera", [-12.0, 9.0, 1.0], [-102.0, -81.0, -89.0]),
        # The same names with degrees from the horizon.
        ("Acme", "Camera", [-90.0, -30.0, -10.0], [-90.0, -30.0, -10.0]),
        ("Acme", "Camera", [-30.0, -31.0, -29.0], [-30.0, -31.0, -29.0]),
        # Autel: each flight in one of the two.
        ("Autel Robotics", "Camera", [0.2, 45.0, 60.0], [-89.8, -45.0, -30.0]),
        ("Autel Robotics", "Camera", [10.0, 12.0, 0.5], [-80.0, -78.0, -89.5]),
        ("Autel Robotics", "Camera", [-30.0, -44.0, -46.0], [-30.0, -44.0, -46.0]),
        ("Autel Robotics", "Camera", [-20.0, 5.0, -3.0], [-20.0, 5.0, -3.0]),
        ("Autel Robotics", "Camera", [0.5, -1.0, 0.0], [None, None, None]),
        ("Autel Robotics", "drone-dji", [-90.0, -45.0, 3.0], [-90.0, -45.0, 3.0]),
        # It counts down, or from elsewhere: not known.
        ("Autel Robotics", "drone-dji", [90.0, 45.0, 60.0], [None, None, None]),
        ("Acme", "Camera", [-80.0, 80.0, 0.0], [None, None, None]),
    ],
)
def test_a_whole_flight_has_one_zero(
    make: str, prefix: str, written: list[float], read: list[float | None]
) -> None:
    assert flight(written, make, prefix) == pytest.approx(read)


def test_photos_are_not_read_one_by_one() -> None:
    # Alone, -30 and -60 would have another zero each.
    assert flight([-30.0, -60.0], "Acme") == [-30.0, -60.0]
    assert flight([10.0], "Acme") == [-80.0]
    assert flight([10.0, -60.0], "Acme") == [10.0, -60.0]


def test_cameras_are_settled_each_on_its_own() -> None:
    mixed = [camera(-30.0, "Autel Robotics"), None, camera(1.0, "MicaSense"), camera(-5.0, "DJI")]
    assert [o and o.pitch for o in gimbal.settle(mixed)] == [-30.0, None, -89.0, -95.0]


def test_only_what_cannot_be_told_is_said() -> None:
    unknown = camera(0.5, "Autel Robotics")
    assert [f.code for f in gimbal.unsettled(unknown, None)] == ["orientation_unknown"]
    assert gimbal.unsettled(None, None) == ()
    assert gimbal.unsettled(unknown, Orientation(0.0, -90.0, 0.0)) == ()


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"),
    [
        ("+0.00", "+0.00", "+0.00"),
        ("1", None, "1"),
        (None, "-90", "0"),
        ("1", "-900", "0"),
        ("x", "1", "1"),
    ],
)
def test_angles_that_say_nothing(yaw: str | None, pitch: str | None, roll: str) -> None:
    written = {"Yaw": yaw, "Pitch": pitch, "Roll": roll}
    names = {f"drone-dji:Gimbal{name}Degree": value for name, value in written.items() if value}
    assert angles(names, "DJI") is None


def test_the_tags_of_exif() -> None:
    gps = {16: "T", 17: R(275, 1)}
    found = angles({}, "Phone", gps=gps, exif={0x9405: R(-125, 10)})
    assert gimbal.settle([found]) == [Orientation(275.0, -12.5, 0.0)]
    magnetic = angles({}, "Phone", gps=gps | {16: "M"}, exif={0x9405: R(-125, 10)})
    assert magnetic is None
    assert angles({}, "Phone", gps=gps) is None
