"""The photo list on disk: ``photos.json``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spaceport_app import atomic
from spaceport_app.errors import StageError
from spaceport_app.photos.model import (
    Finding,
    LeftOut,
    Orientation,
    Origin,
    Photo,
    PhotoSet,
    Position,
)

FILE_NAME = "photos.json"
SCHEMA = 1

_REMEDY = "Run the import stage again."


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
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        schema = document["schema"]
        if schema > SCHEMA:
            raise StageError(
                "bad_photo_list",
                f"{path.name} was written by a newer Spaceport.",
                "Open the project with that version, or run the import stage again.",
            )
        return PhotoSet(
            photos=tuple(_photo(item, folder) for item in document["photos"]),
            left_out=tuple(
                LeftOut(item["name"], folder / item["path"], Finding(**item["reason"]))
                for item in document["left_out"]
            ),
            origin=Origin(**document["origin"]) if document["origin"] else None,
        )
    except FileNotFoundError as error:
        raise StageError("no_photo_list", "The project has no photos yet.", _REMEDY) from error
    except OSError as error:
        raise StageError(
            "bad_photo_list", f"{path.name} cannot be read ({error.strerror}).", _REMEDY
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StageError("bad_photo_list", f"{path.name} is damaged.", _REMEDY) from error


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


def _photo(item: dict[str, Any], folder: Path) -> Photo:
    values = dict(item)
    # An absolute path on the right replaces the folder on the left.
    values["path"] = folder / item["path"]
    values["findings"] = tuple(Finding(**finding) for finding in item["findings"])
    values["position"] = Position(**item["position"]) if item["position"] else None
    values["orientation"] = Orientation(**item["orientation"]) if item["orientation"] else None
    return Photo(**values)
