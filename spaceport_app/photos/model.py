"""The photos of one flight, as the later rooms know them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

from msgspec import Meta

_Latitude: TypeAlias = Annotated[float, Meta(ge=-90.0, le=90.0)]
_Longitude: TypeAlias = Annotated[float, Meta(ge=-180.0, le=180.0)]
_Metres: TypeAlias = Annotated[float, Meta(ge=-1e9, le=1e9)]
_Degrees: TypeAlias = Annotated[float, Meta(ge=-1e6, le=1e6)]
_Pixels: TypeAlias = Annotated[int, Meta(ge=1, le=10_000_000)]


@dataclass(frozen=True)
class Position:
    """Where a photo was taken, WGS84.

    Parameters
    ----------
    latitude, longitude : float
        Degrees, -90 to 90 and -180 to 180.
    altitude : float or None
        Metres as the camera wrote them; drones mix ellipsoid, sea level and barometer.
    relative_altitude : float or None
        Metres above take-off, where the drone says so.
    horizontal_accuracy, vertical_accuracy : float or None
        One standard deviation in metres, where the camera says so.
    """

    latitude: _Latitude
    longitude: _Longitude
    altitude: _Metres | None = None
    relative_altitude: _Metres | None = None
    horizontal_accuracy: _Metres | None = None
    vertical_accuracy: _Metres | None = None


@dataclass(frozen=True)
class Orientation:
    """Where the camera looked, degrees.

    `yaw` clockwise from true north, `pitch` 0 at the horizon and -90 straight down, `roll`
    clockwise about the viewing direction.
    """

    yaw: _Degrees
    pitch: _Degrees
    roll: _Degrees


@dataclass(frozen=True)
class Finding:
    """One thing found out about a photo: a stable code and a sentence for a person.

    Codes of photos: ``no_gps``, ``wrong_gps``, ``gps_disagrees``, ``orientation_unknown``,
    ``blurred``, ``dark``, ``overexposed``, ``duplicate``, ``near_duplicate``, ``small``,
    ``odd_size``, ``excluded``.
    Codes of files left out: ``unreadable``, ``too_large``, ``no_permission``, ``vanished``,
    ``unsupported``, ``heic_unsupported``, ``not_opened``, ``too_slow``,
    ``bad_zip``, ``unsafe_zip``, ``encrypted_zip``, ``zip_bomb``.
    """

    code: str
    message: str


@dataclass(frozen=True)
class Photo:
    """One readable photo.

    Parameters
    ----------
    name : str
        Unique in its set, with forward slashes, relative to the folder that was given:
        the name people see and by which every later room knows the photo.
    path : Path
        Absolute path of the file; it is read where it lies.
    sha256 : str
        Hex digest of the file's bytes.
    width, height : int
        Pixels as stored; the EXIF orientation is not applied.
    camera : str
        Key of the camera group: photos of one key share one set of intrinsics.
    focal_px : float or None
        First guess of the focal length in pixels of the stored size.
    taken_at : str or None
        ISO 8601 local time from EXIF, with fractions where the camera wrote them.
    sharpness : float
        Mean squared Laplacian of the luminance at a fixed size; larger is sharper.
    brightness : float
        Mean luminance, 0 to 1.
    findings : tuple of Finding
        What a person should know; empty for a photo without fault.
    used : bool
        Whether the later stages take it.
    detail : float
        Energy of the finest detail as a share of coarser detail, along the more blurred axis:
        what ``blurred`` is judged by.
    clipped : float
        Share of pixels that are fully black or fully white, 0 to 1.
    plain : bool
        Whether the file is 8-bit RGB or grey JPEG, PNG or TIFF, which any program reads alike;
        read the others with `spaceport_app.photos.decode.open_rgb`.
    """

    name: str
    path: Path
    size_bytes: Annotated[int, Meta(ge=0)]
    modified_ns: int
    sha256: str
    width: _Pixels
    height: _Pixels
    camera: str
    make: str
    model: str
    focal_px: Annotated[float, Meta(gt=0.0, le=1e9)] | None
    taken_at: str | None
    position: Position | None
    orientation: Orientation | None
    sharpness: float
    brightness: float
    findings: tuple[Finding, ...] = ()
    used: bool = True
    detail: float = 1.0
    clipped: float = 0.0
    plain: bool = True


@dataclass(frozen=True)
class LeftOut:
    """A dropped file that is no usable photo, and why."""

    name: str
    path: Path
    reason: Finding


@dataclass(frozen=True)
class Origin:
    """Origin of the local east-north-up frame: degrees and metres above the ellipsoid."""

    latitude: _Latitude
    longitude: _Longitude
    height: _Metres


@dataclass(frozen=True)
class PhotoSet:
    """All photos of a project in name order.

    `origin` is None where fewer than three used photos know where they were taken.
    """

    photos: tuple[Photo, ...]
    left_out: tuple[LeftOut, ...]
    origin: Origin | None

    @property
    def used(self) -> tuple[Photo, ...]:
        """The photos that the later stages take, in name order."""
        return tuple(photo for photo in self.photos if photo.used)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Keys of the camera groups among the used photos, sorted."""
        return tuple(sorted({photo.camera for photo in self.used}))
