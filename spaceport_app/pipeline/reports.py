"""What stages measured, as those who tell of it read it: typed, and unknown where it is odd.

A report comes out of ``project.json``, which may be of any version or damaged: a value that does
not fit counts as not measured, and the rest is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from msgspec import Meta

from spaceport_app import records

Count: TypeAlias = Annotated[int, Meta(ge=0, le=10**15)]
Amount: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e15)]
Number: TypeAlias = Annotated[float, Meta(ge=-1e9, le=1e9)]


@dataclass(frozen=True)
class LeftOut:
    """A photo that was left out of the import, and a sentence why."""

    name: str
    message: str


@dataclass(frozen=True)
class CameraPhotos:
    """A camera and the number of its photos."""

    name: str
    photos: Count


@dataclass(frozen=True)
class CameraFocal:
    """A camera and its focal length as it was found."""

    name: str
    focal_px: Amount


@dataclass(frozen=True)
class HeldOut:
    """A photo that was not trained with, and how alike its rendering is, if it is not the same."""

    name: str
    psnr_db: Number | None = None


@dataclass(frozen=True)
class Imported:
    """Report of the import stage."""

    photos: Count | None = None
    used: Count | None = None
    megapixels: Amount | None = None
    cameras: tuple[CameraPhotos, ...] = ()
    gps_photos: Count = 0
    area_hectares: Amount | None = None
    relative_altitude_min_m: Number | None = None
    relative_altitude_max_m: Number | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Placed:
    """Report of the sfm stage."""

    photos: Count | None = None
    registered: Count | None = None
    points: Count | None = None
    reprojection_error_px: Amount | None = None
    horizontal_rmse_m: Amount | None = None
    vertical_rmse_m: Amount | None = None
    reason: str = ""
    cameras: dict[str, CameraFocal] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Trained:
    """Report of the train stage; `held_out` counts the photos, where it is known."""

    gaussians: Count | None = None
    iterations: Count | None = None
    engine: str = ""
    image_size_px: Count | None = None
    sh_degree: Annotated[int, Meta(ge=0, le=3)] | None = None
    psnr_db: Number | None = None
    ssim: Number | None = None
    held_out: tuple[str, ...] | Count = ()
    views: tuple[HeldOut, ...] = ()

    @property
    def held_out_photos(self) -> int:
        """How many photos were not trained with; 0 where nobody knows."""
        return self.held_out if isinstance(self.held_out, int) else len(self.held_out)


@dataclass(frozen=True)
class Edited:
    """What edits there were: a crop, as its numbers, and the strength against floaters."""

    crop: dict[str, Any] | None = None
    floaters: int | None = None


@dataclass(frozen=True)
class Compressed:
    """Report of the compress stage."""

    bytes: Count | None = None
    ply_bytes: Count | None = None
    file_bytes: dict[str, Amount] = field(default_factory=dict)
    ratio: Amount | None = None
    sh_degree: Annotated[int, Meta(ge=0, le=3)] = 0
    position_rms_m: Amount | None = None
    rotation_rms_degrees: Amount | None = None
    opacity_rms: Amount | None = None
    held_out_psnr_db: Number | None = None
    held_out_ssim: Number | None = None
    edited: Edited | None = None
    edited_away: Count = 0
    edited_psnr_db: Number | None = None
    edited_ssim: Number | None = None


@dataclass(frozen=True)
class Exported:
    """Report of the export stage."""

    file_bytes: dict[str, Count] = field(default_factory=dict)
    orientation: str = ""


Reports: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What stages told, by their names."""


def imported(reports: Reports) -> Imported:
    """Return what the import told."""
    return records.fitting(reports.get("import"), Imported)


def placed(reports: Reports) -> Placed:
    """Return what the sfm stage told."""
    return records.fitting(reports.get("sfm"), Placed)


def trained(reports: Reports) -> Trained:
    """Return what training told."""
    return records.fitting(reports.get("train"), Trained)


def compressed(reports: Reports) -> Compressed:
    """Return what the compress stage told."""
    return records.fitting(reports.get("compress"), Compressed)


def exported(reports: Reports) -> Exported:
    """Return what the export told."""
    return records.fitting(reports.get("export"), Exported)
