"""Photos made on the spot: textured ground seen by a flat camera, and sets of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from spaceport_app.photos.model import Orientation, Origin, Photo, PhotoSet, Position

Pixels = npt.NDArray[np.uint8]


def texture(size: int, seed: int) -> Pixels:
    """Return noise with detail of all sizes, (size, size, 3)."""
    random = np.random.default_rng(seed)
    total = np.zeros((size, size, 3))
    for cells in (8, 24, 72, 216, 648):
        layer = Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8))
        total += np.asarray(layer.resize((size, size), Image.Resampling.BICUBIC), float)
    total -= total.min()
    return (total / total.max() * 255).astype(np.uint8)


def save(path: Path, pixels: Pixels, **settings: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **settings)
    return path


def photo(
    path: Path,
    name: str | None = None,
    camera: str = "one",
    focal_px: float | None = 400.0,
    position: Position | None = None,
    orientation: Orientation | None = None,
) -> Photo:
    with Image.open(path) as image:
        width, height = image.size
    return Photo(
        name=name or path.name,
        path=path,
        size_bytes=path.stat().st_size,
        modified_ns=path.stat().st_mtime_ns,
        sha256="0" * 64,
        width=width,
        height=height,
        camera=camera,
        make="",
        model="",
        focal_px=focal_px,
        taken_at=None,
        position=position,
        orientation=orientation,
        sharpness=100.0,
        brightness=0.5,
    )


def of(*photos: Photo, origin: Origin | None = None) -> PhotoSet:
    return PhotoSet(tuple(sorted(photos, key=lambda p: p.name)), (), origin)
