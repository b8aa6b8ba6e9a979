"""Pictures of a project opened as what Spaceport writes, and as nothing else.

Pillow knows some fifty formats, and starts Ghostscript for one of them. A picture in a project of
somebody else may be any of them, whatever its name. Photos, which come from anywhere, are known
by their first bytes instead (`spaceport_app.photos.decode`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from spaceport_app import inside

FORMATS = ("JPEG", "PNG")
"""What views, working copies, previews and measured pictures are, as Pillow calls it."""
MOST_PIXELS = 150_000_000
"""Largest picture where no other size is on record: that of a camera of 150 megapixels."""


class PictureError(ValueError):
    """A file that is no picture of a project, is damaged, or is not as large as it should be."""


@contextmanager
def opened(path: Path, size: tuple[int, int] | None = None) -> Iterator[Image.Image]:
    """Open a picture of a project for the time of a ``with`` block; links are not followed.

    Parameters
    ----------
    path : Path
    size : tuple of int, optional
        Width and height that it must have. Without, it may have up to `MOST_PIXELS`.

    Raises
    ------
    PictureError
        If it is none, is damaged (inside the block as well), or has another size.
    OSError
        If it cannot be read.
    """
    try:
        with (
            inside.open_regular(path, follow=False) as file,
            Image.open(file, formats=FORMATS) as image,
        ):
            if size is not None and image.size != size:
                raise PictureError(f"{path.name} is {image.size}, not {size}")
            if size is None and image.width * image.height > MOST_PIXELS:
                raise PictureError(f"{path.name} is {image.size}")
            yield image
    except MemoryError as error:
        raise PictureError(f"{path.name} takes more memory than there is") from error
    except (inside.OutsideError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError(str(error)) from error
