"""What a training's quality.json says about how its pictures are to be looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


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
    return path.name == "splats.ply" and (path.parent / "quality.json").is_file()


def read(path: Path) -> Trained:
    """Return what the quality.json beside a file says; the defaults where there is none."""
    try:
        data = json.loads((path.parent / "quality.json").read_text(encoding="utf-8"))
        size = data.get("image_size_px")
        red, green, blue = (float(v) for v in data.get("background", (0.0, 0.0, 0.0)))
        antialiased = data.get("antialiased") is True
        a, b, c = (float(v) for v in data.get("vignette", (0.0, 0.0, 0.0)))
        return Trained(int(size) if size else None, antialiased, (red, green, blue), (a, b, c))
    except (OSError, ValueError, TypeError, AttributeError):
        return Trained()
