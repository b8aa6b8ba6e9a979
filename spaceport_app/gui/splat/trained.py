"""What a training's quality.json says about how its pictures are to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spaceport_app.errors import StageError
from spaceport_app.splats import measured


@dataclass(frozen=True)
class Trained:
    """How training compared renderings with photos.

    Parameters
    ----------
    image_size : int or None
        Larger side in pixels of the photos compared with; None if that is not known.
    antialiased : bool
    background : tuple of float
        Colour behind everything, 0 to 1.
    vignette : tuple of float
        Coefficients of the lens that took the photos: see `spaceport_app.splats.vignette`.
    """

    image_size: int | None = None
    antialiased: bool = False
    background: tuple[float, float, float] = (0.0, 0.0, 0.0)
    vignette: tuple[float, float, float] = (0.0, 0.0, 0.0)


def is_result(path: Path) -> bool:
    """Whether it is what a project's training wrote: east, north, up, and quality.json beside."""
    return path.name == "splats.ply" and (path.parent / measured.FILE).is_file()


def read(path: Path) -> Trained:
    """Return what the quality.json beside a file says.

    One that is damaged is no reason to show nothing: then as without one, the defaults.
    """
    try:
        found = measured.read(path.parent)
    except StageError:
        return Trained()
    look = found.look
    return Trained(found.image_size, look.antialiased, look.background, look.vignette.coefficients)
