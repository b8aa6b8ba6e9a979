"""What ``quality.json`` beside trained Gaussians says: how they were measured, and with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeAlias

from msgspec import Meta

from spaceport_app.records import RecordFile
from spaceport_app.splats.evaluation import Look
from spaceport_app.splats.vignette import Vignette

FILE = "quality.json"


_Size: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]
_Share: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)]
_Decibel: TypeAlias = Annotated[float, Meta(ge=-1000.0, le=1000.0)]
_Coefficient: TypeAlias = Annotated[float, Meta(ge=-1000.0, le=1000.0)]


@dataclass(frozen=True)
class Pictured:
    """A held-out photo and its rendering, by their paths beside ``quality.json``."""

    name: str
    photo: str
    render: str
    psnr_db: float
    ssim: float


@dataclass(frozen=True)
class Measured:
    """How training compared held-out photos, so that others can compare alike.

    Parameters
    ----------
    image_size : int or None
        Larger side in pixels that photos were shrunk to; None for the size they have.
    look : Look
        How views were rendered.
    psnr_db : float or None
        Mean over the held-out photos; None without any.
    held_out : tuple of str
        Their names.
    pictures : tuple of Pictured
        Those of them whose pictures were kept.
    """

    image_size: int | None = None
    look: Look = field(default_factory=Look)
    psnr_db: float | None = None
    held_out: tuple[str, ...] = ()
    pictures: tuple[Pictured, ...] = ()


@dataclass(frozen=True)
class _View:
    name: str
    photo: str = ""
    render: str = ""
    psnr_db: _Decibel | None = None
    ssim: _Decibel | None = None


@dataclass(frozen=True)
class _Quality:
    image_size_px: _Size | None = None
    psnr_db: _Decibel | None = None
    antialiased: bool = False
    background: tuple[_Share, _Share, _Share] = (0.0, 0.0, 0.0)
    vignette: tuple[_Coefficient, _Coefficient, _Coefficient] = (0.0, 0.0, 0.0)
    views: tuple[_View, ...] = ()


_QUALITY = RecordFile(_Quality, "bad_quality", "Run the training stage again.")


def read(folder: Path) -> Measured:
    """Read the ``quality.json`` of a training.

    What is absent, the file or a number that older versions did not write, has its default. What
    is there must be right: wrong colours or sizes would make wrong measurements.

    Raises
    ------
    StageError
        ``bad_quality`` if it is damaged.
    """
    try:
        found = _QUALITY.read(folder / FILE)
    except FileNotFoundError:
        return Measured()
    return Measured(
        found.image_size_px or None,
        Look(found.background, found.antialiased, Vignette(found.vignette)),
        found.psnr_db,
        tuple(view.name for view in found.views),
        tuple(
            Pictured(view.name, view.photo, view.render, view.psnr_db, view.ssim)
            for view in found.views
            if view.photo and view.render and view.psnr_db is not None and view.ssim is not None
        ),
    )
