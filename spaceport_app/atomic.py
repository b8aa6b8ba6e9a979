"""Files that are either old or new on disk, never half written."""

from __future__ import annotations

import errno
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

_ENDING = ".partial"
# Of a process: far more digits than any system has.
_LONGEST_ID = 12


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it over `path` at the end.

    On an exception the temporary file is removed and `path` stays as it was.

    Raises
    ------
    OSError
        If the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_ENDING}")
    # It may be a link that somebody has laid there.
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        # Windows flushes only what is open for writing.
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_temporary(path: Path, name: str) -> bool:
    """Whether `path` has the name of a temporary file that stands for the file `name`."""
    front, _, writer = path.name.removesuffix(_ENDING).rpartition(".")
    ours = path.name.endswith(_ENDING) and front == f".{name}"
    return ours and writer.isdecimal() and len(writer) < _LONGEST_ID


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove the temporary files of the file `name` whose processes were killed in writing it."""
    for path in folder.glob(f".*{_ENDING}"):
        if is_temporary(path, name) and path.is_file():
            writer = path.name.removesuffix(_ENDING).rpartition(".")[2]
            if not psutil.pid_exists(int(writer)):
                path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the system write to the disk now what `folder` lists, against a power cut.

    Windows writes its folders by itself and lets nobody ask for it.
    """
    if sys.platform == "win32":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        # Some network file systems cannot do it for folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(number)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step: readers see the old file or the new one."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Any, *, indent: int | None = 2) -> None:
    """Write `value` as strict JSON in one step; numbers that JSON lacks become null.

    Text is kept readable, and escaped only where it is no valid Unicode, as the names of files
    may be on Linux: so every name comes back as it was.
    """
    plain = without_odd_numbers(value)
    text = json.dumps(plain, indent=indent, ensure_ascii=False, allow_nan=False)
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        data = json.dumps(plain, indent=indent, allow_nan=False).encode("ascii")
    write_bytes(path, data + b"\n")


def without_odd_numbers(value: Any) -> Any:
    """Return `value` with None for numbers that JSON lacks, and lists for tuples."""
    if isinstance(value, Mapping):
        return {key: without_odd_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_odd_numbers(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
