"""Small pictures of photos, decoded at the smallest size that will do."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

from spaceport_app.photos import decode
from spaceport_app.photos.model import Finding


def small_picture(path: Path, side: int, upright: bool = True) -> Image.Image:
    """Return a photo in RGB with a longer side of at most `side` pixels.

    Turned as its EXIF orientation says where `upright`, else as it is stored.

    Raises
    ------
    UndecodableError
        If the file is no photo, is damaged, or cannot be read.
    """
    try:
        return _fitted(decode.open_small(path, side), side, upright)
    except (SyntaxError, ValueError, OSError, MemoryError) as error:
        finding = Finding("unreadable", "The file is damaged or cut short.")
        raise decode.UndecodableError(finding) from error


def _fitted(image: Image.Image, side: int, upright: bool) -> Image.Image:
    image.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=1.5)
    turned = ImageOps.exif_transpose(image) if upright else image
    return turned if turned.mode == "RGB" else turned.convert("RGB")
