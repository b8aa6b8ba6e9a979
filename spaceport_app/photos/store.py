"""The photo list on disk: ``photos.json``."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spaceport_app import atomic, inside
from spaceport_app.errors import StageError
from spaceport_app.photos.model import LeftOut, Photo, PhotoSet
from spaceport_app.records import RecordFile

FILE_NAME = "photos.json"
SCHEMA = 1

_REMEDY = "Run the import stage again."
_LIST = RecordFile(
    PhotoSet,
    "bad_photo_list",
    _REMEDY,
    SCHEMA,
    "Open the project with that version, or run the import stage again.",
)


@dataclass(frozen=True)
class Change:
    """A photo that is not what it was at import; `kind` is ``"changed"`` or ``"vanished"``."""

    name: str
    path: Path
    kind: str


def write(folder: Path, photoset: PhotoSet) -> Path:
    """Write the photo list into `folder` in one step and return its path.

    Paths within `folder`, which are photos from a zip, are kept relative to it, so that the
    folder can be renamed.

    Raises
    ------
    OSError
        If the folder cannot be written; an older list is then kept.
    """
    folder = folder.absolute()
    document = {
        "schema": SCHEMA,
        "origin": asdict(photoset.origin) if photoset.origin else None,
        "photos": [_with_path(asdict(photo), folder) for photo in photoset.photos],
        "left_out": [_with_path(asdict(item), folder) for item in photoset.left_out],
    }
    path = folder / FILE_NAME
    atomic.write_json(path, document, indent=1)
    return path


def read(folder: Path) -> PhotoSet:
    """Read the photo list of `folder`.

    Raises
    ------
    StageError
        ``no_photo_list`` if there is none, ``bad_photo_list`` if it cannot be understood.
    """
    folder = folder.absolute()
    try:
        found = _LIST.read(folder / FILE_NAME)
        return PhotoSet(
            photos=tuple(
                Photo(**{**vars(photo), "path": _place(folder, photo.path)})
                for photo in found.photos
            ),
            left_out=tuple(
                LeftOut(item.name, _place(folder, item.path), item.reason)
                for item in found.left_out
            ),
            origin=found.origin,
        )
    except FileNotFoundError as error:
        raise StageError("no_photo_list", "The project has no photos yet.", _REMEDY) from error
    except ValueError as error:
        raise StageError("bad_photo_list", f"{FILE_NAME} is damaged ({error}).", _REMEDY) from error


def changed(photoset: PhotoSet) -> tuple[Change, ...]:
    """Return the used photos whose files changed or vanished since the import, in name order.

    Size and time are looked at first; the bytes are only read again where the time differs but
    the size does not.
    """
    changes = []
    for photo in photoset.used:
        try:
            status = photo.path.stat()
            same = status.st_size == photo.size_bytes and (
                status.st_mtime_ns == photo.modified_ns or _sha256(photo.path) == photo.sha256
            )
        except OSError:
            changes.append(Change(photo.name, photo.path, "vanished"))
            continue
        if not same:
            changes.append(Change(photo.name, photo.path, "changed"))
    return tuple(changes)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_path(item: dict[str, Any], folder: Path) -> dict[str, Any]:
    path: Path = item["path"]
    inside = path.is_relative_to(folder)
    item["path"] = path.relative_to(folder).as_posix() if inside else str(path)
    return item


def _place(folder: Path, path: Path) -> Path:
    """Return where a photo lies: photos from a zip are in `folder`, others where they were read."""
    if not path.is_absolute():
        return folder.joinpath(*inside.plain_parts(path.as_posix()))
    if "\0" in str(path):
        raise ValueError("the path of a photo holds a NUL")
    return path
