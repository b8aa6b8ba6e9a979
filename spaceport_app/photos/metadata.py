"""What the camera wrote about a photo: place, time, direction, lens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from PIL.ExifTags import Base

from spaceport_app.photos import exif, gimbal, gps, heights, packets, times, xmp
from spaceport_app.photos.gimbal import Angles
from spaceport_app.photos.gps import Place
from spaceport_app.photos.heights import Height
from spaceport_app.photos.model import Finding, Orientation, Position

_MILLIMETRES = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
_DIAGONAL_35MM = math.hypot(36.0, 24.0)
# What an Autel writes for its maker in EXIF (Theta-Limited/OpenAthenaIOS#62).
_NO_MAKE = frozenset({"", "camera"})


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
    taken_at : str or None
        See `times.taken_at`.
    orientation : Orientation or None
        Where the camera looked as far as this photo alone says it; a flight is settled at once
        from the `angles` of all its photos.
    places : tuple of Place
        All positions that the file gives, the one that is used first.
    heights : tuple of Height
        All heights, the one that is used first.
    relative_altitude : float or None
        Metres above take-off, also where there is no position to keep it.
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
    angles: Angles | None = None
    places: tuple[Place, ...] = ()
    heights: tuple[Height, ...] = ()
    relative_altitude: float | None = None


def read(source: Image.Image) -> Metadata:
    """Return the metadata of an opened photo from its EXIF block and its XMP packets.

    Damaged blocks are read as far as they go; nothing is raised.
    """
    blocks = exif.read(source)
    properties = packets.properties(source, blocks)
    located = gps.read(blocks, properties)
    make = exif.text(blocks.main.get(Base.Make))
    if make.lower() in _NO_MAKE:
        make = properties.get("tiff:Make", make)
    model = exif.text(blocks.main.get(Base.Model)) or properties.get("tiff:Model", "")
    angles = gimbal.read(blocks, properties, make, model)
    tags = blocks.exif
    return Metadata(
        make=make,
        model=model,
        serial=exif.text(tags.get(Base.BodySerialNumber))
        or properties.get("drone-dji:CameraSerialNumber", "")
        or properties.get("exifEX:BodySerialNumber", "")
        or properties.get("Camera:RigCameraIndex", ""),
        lens=exif.text(tags.get(Base.LensModel)) or properties.get("exifEX:LensModel", ""),
        focal_mm=exif.positive(tags.get(Base.FocalLength)) or _above(properties, "FocalLength"),
        zoom=max(exif.positive(tags.get(Base.DigitalZoomRatio)) or 1.0, 1.0),
        focal_px=_focal_px(source.size, tags, properties),
        taken_at=times.taken_at(blocks, properties),
        position=located.position,
        orientation=gimbal.settle([angles])[0],
        findings=located.findings,
        properties=properties,
        angles=angles,
        places=located.places,
        heights=located.heights,
        relative_altitude=heights.above_take_off(properties),
    )


def _above(properties: Mapping[str, str], name: str) -> float | None:
    """Return the copy of an EXIF number in XMP, for files that lost their EXIF block."""
    value = xmp.number(properties, f"exif:{name}")
    return value if value is not None and value > 0 else None


def _focal_px(
    size: tuple[int, int], tags: Mapping[int, Any], properties: Mapping[str, str]
) -> float | None:
    """Return the focal length in pixels from the best source there is, or None."""
    width, height = size
    # Resized photos keep the size at capture in these tags.
    captured = exif.positive(tags.get(Base.ExifImageWidth)) or float(width)
    calibrated = xmp.number(properties, "drone-dji:CalibratedFocalLength")
    candidates: list[float] = []
    if calibrated:
        candidates.append(calibrated * width / captured)
    equivalent = exif.positive(tags.get(Base.FocalLengthIn35mmFilm)) or _above(
        properties, "FocalLengthIn35mmFilm"
    )
    if equivalent:
        candidates.append(equivalent * _full_diagonal(width, height) / _DIAGONAL_35MM)
    focal = exif.positive(tags.get(Base.FocalLength))
    resolution = exif.positive(tags.get(Base.FocalPlaneXResolution))
    unit = _MILLIMETRES.get(int(exif.number(tags.get(Base.FocalPlaneResolutionUnit)) or 2))
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
