"""Where the camera looked, from the angles that makers write, each counted from its own zero.

The pitch is counted from the horizon (0, and -90 straight down) or from straight down (0, and 90
at the horizon). Whose it is decides where the maker keeps to one, and else what the photos of one
camera show together: one photo alone says too little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from PIL.ExifTags import GPS

from spaceport_app.photos import exif, xmp
from spaceport_app.photos.model import Finding, Orientation

UNKNOWN = Finding(
    "orientation_unknown",
    "The camera angles in the photo can be read in two ways and are not used.",
)

_CAMERA_ELEVATION = 0x9405

# No camera of a drone is tilted further back than this, or further up.
_STEEPEST = 45.0
# A flight whose photos all look this far behind straight down is none.
_BACKWARDS = -20.0
# A gimbal that holds straight down strays less.
_STEADY = 2.0


Names: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Dialect:
    """The names one maker gives the angles, and what they count from.

    Parameters
    ----------
    names : tuple of tuples of str
        Names of yaw, pitch and roll, the first that is there counts.
    from_vertical : bool
        Whether the pitch is 0 straight down, as specified.
    roll_sign : float
        -1 where the roll counts anticlockwise.
    makers : tuple of str
        Words in the names of the makers who keep to it. Empty where all do.
    """

    names: Names
    from_vertical: bool = False
    roll_sign: float = 1.0
    makers: tuple[str, ...] = ()


def _gimbal(prefix: str, stem: str) -> Names:
    return _named(prefix, *((f"{stem}{axis}Degree",) for axis in ("Yaw", "Pitch", "Roll")))


def _named(prefix: str, *names: tuple[str, ...]) -> Names:
    yaw, pitch, roll = (tuple(f"{prefix}:{name}" for name in several) for several in names)
    return yaw, pitch, roll


_NED = "drone-skydio:CameraOrientationNED/drone-skydio"
_PLAIN = (("Yaw", "Heading"), ("Pitch", "PitchAngle"), ("Roll", "RollAngle"))

DJI = Dialect(_gimbal("drone-dji", "Gimbal"), makers=("dji", "hasselblad"))
"""In the north-east-down frame of the Earth (DJI support, dji-sdk/Mobile-SDK-Android#984): the
gimbal's yaw is not relative to the aircraft's. Autel writes the same names."""
PARROT = Dialect(_gimbal("drone-parrot", "Camera"))
SKYDIO = Dialect(_named(_NED, ("Yaw",), ("Pitch",), ("Roll",)))
SENSEFLY = Dialect(_named("sensefly", *_PLAIN), from_vertical=True, roll_sign=-1.0)
PIX4D = Dialect(_named("Camera", *_PLAIN), from_vertical=True, makers=("parrot", "sensefly"))
"""Specification: Pix4D, "Specifications of XMP Camera Tags", and "Yaw, Pitch, Roll and Omega,
Phi, Kappa angles": 0 is straight down. Autel's EVO Lite 640T writes these names with degrees
below the horizon, other Autels as specified (Theta-Limited/OpenAthenaIOS#62)."""
STANDARD = Dialect(((), (), ()))
"""Exif 2.31, CameraElevationAngle and GPSImgDirection."""

_DIALECTS = (DJI, PARROT, SKYDIO, SENSEFLY, PIX4D)


@dataclass(frozen=True)
class Angles:
    """The angles of one photo as they are written, in degrees.

    Parameters
    ----------
    dialect : Dialect
        Whose names they have.
    make, model : str
        Of the camera, in small letters: photos that share both share the zero.
    """

    dialect: Dialect
    make: str
    model: str
    yaw: float
    pitch: float
    roll: float


def read(
    blocks: exif.Blocks, properties: Mapping[str, str], make: str, model: str
) -> Angles | None:
    """Return the angles that a photo gives, or None where it gives none.

    Three zeros are none: cameras that do not know write them (dji-sdk/Mobile-SDK-Android#1233,
    Mobile-SDK-Android-V5#772), and that all three are zero by chance is one photo in thousands.
    """
    for dialect in _DIALECTS:
        yaw, pitch, roll = (xmp.number(properties, *names) for names in dialect.names)
        found = _angles(dialect, make, model, yaw, pitch, roll)
        if found:
            return found
    if exif.text(blocks.gps.get(GPS.GPSImgDirectionRef)).upper() == "T":
        return _angles(
            STANDARD,
            make,
            model,
            exif.number(blocks.gps.get(GPS.GPSImgDirection)),
            exif.number(blocks.exif.get(_CAMERA_ELEVATION)),
            None,
        )
    return None


def _angles(
    dialect: Dialect,
    make: str,
    model: str,
    yaw: float | None,
    pitch: float | None,
    roll: float | None,
) -> Angles | None:
    if yaw is None or pitch is None or not (yaw or pitch or roll):
        return None
    if abs(yaw) > 3600.0 or abs(pitch) > 180.0 or abs(roll or 0.0) > 360.0:
        return None
    return Angles(dialect, make.lower(), model.lower(), yaw, pitch, roll or 0.0)


def settle(flight: Sequence[Angles | None]) -> list[Orientation | None]:
    """Return where the cameras of a flight looked, decided for all photos of a camera at once.

    None where a photo has no angles, and where their zero cannot be told: see `unsettled`.
    """
    zeros = _zeros(flight)
    return [_orientation(a, zeros[_camera(a)]) if a else None for a in flight]


def unsettled(angles: Angles | None, orientation: Orientation | None) -> tuple[Finding, ...]:
    """Return what to tell of a photo that has angles of which the zero cannot be told."""
    return (UNKNOWN,) if angles is not None and orientation is None else ()


def _camera(angles: Angles) -> tuple[Dialect, str, str]:
    return angles.dialect, angles.make, angles.model


def _zeros(flight: Sequence[Angles | None]) -> dict[tuple[Dialect, str, str], float | None]:
    pitches: dict[tuple[Dialect, str, str], list[float]] = {}
    for angles in flight:
        if angles:
            pitches.setdefault(_camera(angles), []).append(angles.pitch)
    return {camera: _zero(camera[0], camera[1], p) for camera, p in pitches.items()}


def _zero(dialect: Dialect, make: str, pitches: Sequence[float]) -> float | None:
    """Return the pitch above the horizon that is written as 0: 0 or -90, None if unknown."""
    usual = -90.0 if dialect.from_vertical else 0.0
    if dialect not in (DJI, PIX4D) or any(maker in make for maker in dialect.makers):
        return usual
    low, high = min(pitches), max(pitches)
    if dialect is DJI:
        # Above the horizon by that much is a sign that counts down, or another zero.
        return None if high > _STEEPEST else usual
    if low < -_STEEPEST:
        return None if high > _STEEPEST else 0.0
    if high > _STEEPEST:
        return usual
    if "autel" in make:
        if low < -_STEADY:
            return 0.0
        return usual if high > _STEADY else None
    return 0.0 if median(pitches) < _BACKWARDS else usual


def _orientation(angles: Angles, zero: float | None) -> Orientation | None:
    """Return the direction of one photo.

    Drones that tilt past straight down write a roll of 180 and turn the yaw. Here the roll turns
    about the viewing direction, so that this needs no care: straight down, 180 degrees of either
    are the same.
    """
    if zero is None:
        return None
    yaw = angles.yaw if abs(angles.yaw) <= 360.0 else angles.yaw % 360.0
    roll = angles.roll * angles.dialect.roll_sign
    if abs(roll) > 180.0:
        roll = (roll + 180.0) % 360.0 - 180.0
    return Orientation(yaw, angles.pitch + zero, roll)
