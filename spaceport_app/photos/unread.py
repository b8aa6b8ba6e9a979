"""Pictures that Spaceport does not read, and what to do with them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import TypeVar

from spaceport_app.photos.model import Finding

OTHER_PICTURES = frozenset({".webp", ".bmp", ".gif", ".avif", ".jxl", ".jp2", ".psd"})
RAW = frozenset({".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf", ".pef", ".srw"})

NOT_REGULAR = Finding("unreadable", "This is no regular file.")
"""About a pipe, a socket, a device or a link that leads to one or to nowhere."""

AnyPath = TypeVar("AnyPath", bound=PurePath)


def missed(pictures: Iterable[AnyPath], photos: Iterable[AnyPath]) -> list[AnyPath]:
    """Return the unread `pictures` that a person would miss beside `photos`.

    Drones write a RAW file beside each JPEG: nothing is missing then.
    """
    developed = {photo.with_suffix("") for photo in photos}
    return [
        picture
        for picture in pictures
        if not (picture.suffix.lower() in RAW and picture.with_suffix("") in developed)
    ]


def finding(suffix: str) -> Finding:
    """Return why a file with this suffix is left out."""
    kind = suffix.lower()
    if kind == ".zip":
        return Finding("not_opened", "Zips within folders are not opened; add the zip itself.")
    if kind in RAW:
        return Finding("unsupported", "RAW photos are not read; save them as JPEG or TIFF.")
    return Finding(
        "unsupported", f"{kind or 'Such'} files are not read; save the photo as JPEG, PNG or TIFF."
    )
