"""What the camera wrote about a photo: place, time, direction, lens."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from spaceport_app.photos import xmp
from spaceport_app.photos.model import Finding, Orientation, Position

_MILLIMETRES = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
_DIAGONAL_35MM = math.hypot(36.0, 24.0)
_TIME = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)")


@dataclass(frozen=True)
class Metadata:
    """Metadata of one photo.

    Parameters
    ----------
    focal_mm : float or None
        Focal length in millimetres, which tells zoom steps of one camera apart.
    zoom : float
        Digital zoom, 1 where there is none.
    focal_px : float or None
        Focal length in pixels of the stored size, a first guess that may be 30 % off.
    properties : mapping
        The XMP of the photo by ``prefix:name``, as `spaceport_app.photos.xmp.parse` gives it.
    """

    make: str = ""
    model: str = ""
    serial: str = ""
    lens: str = ""
    focal_mm: float | None = None
    zoom: float = 1.0
    focal_px: float | None = None
    taken_at: str | None = None
    position: Position | None = None
    orientation: Orientation | None = None
    findings: tuple[Finding, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


def read(source: Image.Image) -> Metadata:
    """Return the metadata of an opened photo from its EXIF block and its XMP packet.

    Damaged blocks count as missing ones; nothing is raised.
    """
    main, exif, gps = _blocks(source)
    packet = source.info.get("xmp", b"")
    if isinstance(packet, str):
        packet = packet.encode("utf-8")
    properties = xmp.parse(packet) if isinstance(packet, bytes) else {}
    position, reason = _position(gps, properties)
    make = _text(main.get(Base.Make)) or properties.get("tiff:Make", "")
    return Metadata(
        make=make,
        model=_text(main.get(Base.Model)) or properties.get("tiff:Model", ""),
        serial=_text(exif.get(Base.BodySerialNumber))
        or properties.get("drone-dji:CameraSerialNumber", "")
        or properties.get("Camera:RigCameraIndex", ""),
        lens=_text(exif.get(Base.LensModel)),
        focal_mm=_positive(exif.get(Base.FocalLength)),
        zoom=max(_positive(exif.get(Base.DigitalZoomRatio)) or 1.0, 1.0),
        focal_px=_focal_px(source.size, exif, properties),
        taken_at=_taken_at(main, exif),
        position=position,
        orientation=_orientation(properties),
        findings=() if position else (Finding("no_gps", reason),),
        properties=properties,
    )


def _blocks(
    source: Image.Image,
) -> tuple[Mapping[int, Any], Mapping[int, Any], Mapping[int, Any]]:
    try:
        main = source.getexif()
        return main, main.get_ifd(IFD.Exif), main.get_ifd(IFD.GPSInfo)
    except Exception:  # Pillow raises almost anything on damaged EXIF blocks.
        return {}, {}, {}


def _number(value: Any) -> float | None:
    if isinstance(value, tuple):
        value = value[0] if value else None
    if isinstance(value, bytes):
        value = value[0] if value else None
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def _positive(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return " ".join(str(value).replace("\0", " ").split()) if value is not None else ""


def _taken_at(main: Mapping[int, Any], exif: Mapping[int, Any]) -> str | None:
    found = next(
        (
            (match, tag)
            for block, tag in (
                (exif, Base.DateTimeOriginal),
                (exif, Base.DateTimeDigitized),
                (main, Base.DateTime),
            )
            if (match := _TIME.search(_text(block.get(tag))))
        ),
        None,
    )
    if found is None:
        return None
    match, tag = found
    year, month, day, hour, minute, second = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31 and year != "0000"):
        return None
    subsecond_tag = {
        Base.DateTimeOriginal: Base.SubsecTimeOriginal,
        Base.DateTimeDigitized: Base.SubsecTimeDigitized,
        Base.DateTime: Base.SubsecTime,
    }[tag]
    digits = _text(exif.get(subsecond_tag))
    fraction = f".{digits}" if digits.isdigit() else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}"


def _focal_px(
    size: tuple[int, int], exif: Mapping[int, Any], properties: Mapping[str, str]
) -> float | None:
    """Return the focal length in pixels from the best source there is, or None."""
    width, height = size
    # Resized photos keep the size at capture in these tags.
    captured = _positive(exif.get(Base.ExifImageWidth)) or float(width)
    calibrated = xmp.number(properties, "drone-dji:CalibratedFocalLength")
    candidates: list[float] = []
    if calibrated:
        candidates.append(calibrated * width / captured)
    equivalent = _positive(exif.get(Base.FocalLengthIn35mmFilm))
    if equivalent:
        candidates.append(equivalent * _full_diagonal(width, height) / _DIAGONAL_35MM)
    focal = _positive(exif.get(Base.FocalLength))
    resolution = _positive(exif.get(Base.FocalPlaneXResolution))
    unit = _MILLIMETRES.get(int(_number(exif.get(Base.FocalPlaneResolutionUnit)) or 2))
    if focal and resolution and unit:
        candidates.append(focal * resolution / unit * width / captured)
    perspective = xmp.number(properties, "Camera:PerspectiveFocalLength")
    if perspective and properties.get("Camera:PerspectiveFocalLengthUnits", "mm") == "mm":
        pitch = xmp.number(properties, "Camera:FocalPlaneXResolution")
        if pitch:
            candidates.append(perspective * pitch * width / captured)
    # Anything between a fisheye and a long telephoto; the rest are wrong tags.
    longest = max(width, height)
    return next((c for c in candidates if 0.3 * longest < c < 20.0 * longest), None)


def _full_diagonal(width: int, height: int) -> float:
    """Return the diagonal in pixels of the whole sensor that a photo was cut from.

    The equivalent focal length belongs to the whole sensor. Wide formats such as 16:9 keep its
    width and cut its height, and the sensors of drones are 4:3.
    """
    long, short = max(width, height), min(width, height)
    if long / short > 1.6:
        short = round(long * 3 / 4)
    return math.hypot(long, short)


def _position(gps: Mapping[int, Any], properties: Mapping[str, str]) -> tuple[Position | None, str]:
    """Return the position, or None and the reason why there is none."""
    latitude, reason = _coordinate(gps, GPS.GPSLatitude, GPS.GPSLatitudeRef, "N", "S")
    longitude, reason_east = _coordinate(gps, GPS.GPSLongitude, GPS.GPSLongitudeRef, "E", "W")
    reason = reason or reason_east
    place = _plausible(latitude, longitude)
    if place is None and latitude is not None and longitude is not None:
        reason = f"The GPS position {latitude:g}, {longitude:g} cannot be right."
    if place is None:
        place = _xmp_place(properties)
    if place is None:
        return None, reason or "The photo has no GPS position."
    altitude = xmp.number(
        properties,
        "drone-dji:AbsoluteAltitude",
        "sensefly:AltitudeWGS84",
        "sensefly:AltitudeAMSL",
    )
    if altitude is None:
        altitude = _number(gps.get(GPS.GPSAltitude))
        # Reference 1 means below sea level; some cameras write a sign besides.
        if altitude is not None and _number(gps.get(GPS.GPSAltitudeRef)) == 1:
            altitude = -abs(altitude)
    if altitude is not None and not -1000.0 < altitude < 20000.0:
        altitude = None
    horizontal, vertical = _accuracy(gps, properties)
    return (
        Position(
            *place,
            altitude,
            xmp.number(properties, "drone-dji:RelativeAltitude"),
            horizontal,
            vertical,
        ),
        "",
    )


def _coordinate(
    gps: Mapping[int, Any], tag: int, ref_tag: int, positive: str, negative: str
) -> tuple[float | None, str]:
    parts = gps.get(tag)
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None, ""
    try:
        degree, minute, second = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None, "The GPS position in the photo is damaged."
    # Some writers leave the last parts as 0/0, which reads as NaN: those are not known, but
    # the degrees then say too little to be of use.
    value = degree + minute / 60.0 + second / 3600.0
    if not math.isfinite(value):
        return None, "The GPS position in the photo is damaged."
    letter = _text(gps.get(ref_tag)).upper()[:1]
    if letter not in (positive, negative):
        return None, f"The GPS position does not say {positive} or {negative}."
    return (value if letter == positive else -value), ""


def _plausible(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    if latitude is None or longitude is None:
        return None
    if not (-90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0):
        return None
    # Receivers without a fix write zeros.
    if abs(latitude) < 1e-6 and abs(longitude) < 1e-6:
        return None
    return latitude, longitude


def _xmp_place(properties: Mapping[str, str]) -> tuple[float, float] | None:
    for north, east in (
        ("drone-dji:GpsLatitude", "drone-dji:GpsLongitude"),
        # DJI misspelt the name in several firmwares.
        ("drone-dji:GpsLatitude", "drone-dji:GpsLongtitude"),
        ("drone-dji:Latitude", "drone-dji:Longitude"),
        ("exif:GPSLatitude", "exif:GPSLongitude"),
    ):
        if north in properties and east in properties:
            place = _plausible(xmp.degrees(properties[north]), xmp.degrees(properties[east]))
            if place is not None:
                return place
    return None


def _accuracy(
    gps: Mapping[int, Any], properties: Mapping[str, str]
) -> tuple[float | None, float | None]:
    rtk = [
        value
        for name in ("drone-dji:RtkStdLon", "drone-dji:RtkStdLat")
        if (value := xmp.number(properties, name)) and value > 0
    ]
    horizontal = (
        max(rtk)
        if rtk
        else xmp.number(properties, "sensefly:GPSXYAccuracy", "Camera:GPSXYAccuracy")
        or _positive(gps.get(GPS.GPSHPositioningError))
    )
    vertical = xmp.number(
        properties, "drone-dji:RtkStdHgt", "sensefly:GPSZAccuracy", "Camera:GPSZAccuracy"
    )
    return (
        horizontal if horizontal and horizontal > 0 else None,
        vertical if vertical and vertical > 0 else None,
    )


def _orientation(properties: Mapping[str, str]) -> Orientation | None:
    """Return where the camera looked, 0 degrees pitch at the horizon and -90 straight down."""
    for yaw_name, pitch_name, roll_name in (
        ("drone-dji:GimbalYawDegree", "drone-dji:GimbalPitchDegree", "drone-dji:GimbalRollDegree"),
        (
            "drone-parrot:CameraYawDegree",
            "drone-parrot:CameraPitchDegree",
            "drone-parrot:CameraRollDegree",
        ),
    ):
        yaw, pitch = xmp.number(properties, yaw_name), xmp.number(properties, pitch_name)
        if yaw is not None and pitch is not None:
            return Orientation(yaw, pitch, xmp.number(properties, roll_name) or 0.0)
    for prefix, roll_sign in (("sensefly", -1.0), ("Camera", 1.0)):
        yaw = xmp.number(properties, f"{prefix}:Yaw", f"{prefix}:Heading")
        pitch = xmp.number(properties, f"{prefix}:Pitch", f"{prefix}:PitchAngle")
        roll = xmp.number(properties, f"{prefix}:Roll", f"{prefix}:RollAngle") or 0.0
        if yaw is not None and pitch is not None:
            # These dialects count the pitch from straight down. Some gimbal cameras write the
            # Camera names with the horizon's zero, and no camera looks 45 degrees backwards.
            from_horizon = pitch if pitch < -45.0 else pitch - 90.0
            return Orientation(yaw, from_horizon, roll_sign * roll)
    return None
