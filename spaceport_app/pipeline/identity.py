"""Who a result is: a digest that stays the same while the content does."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from spaceport_app.events import JsonValue


def of_json(value: JsonValue) -> str:
    """Return the SHA-256 of a JSON value, independent of the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def of_folder(folder: Path) -> str:
    """Return the SHA-256 of all files below `folder`, their relative names and bytes."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode("utf-8", "surrogatepass") + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def of_sources(sources: tuple[Path, ...], skipped: Callable[[str], bool]) -> JsonValue:
    """Return what is known of source files without reading them.

    Every file below the sources with its size and time of change in nanoseconds; a source that
    is gone and a pipe or device are listed without them. `skipped` tells the names of files and
    folders that nobody reads.
    """
    files: list[JsonValue] = []
    for source in sources:
        if not source.is_dir():
            files.append(_of_file(source))
            continue
        for root, folders, names in os.walk(source):
            folders[:] = sorted(name for name in folders if not skipped(name))
            kept = sorted(name for name in names if not skipped(name))
            files.extend(_of_file(Path(root, name)) for name in kept)
    return files


def _of_file(path: Path) -> JsonValue:
    try:
        status = path.stat()
    except OSError:
        return [str(path)]
    if not stat.S_ISREG(status.st_mode):
        return [str(path)]
    return [str(path), status.st_size, status.st_mtime_ns]
