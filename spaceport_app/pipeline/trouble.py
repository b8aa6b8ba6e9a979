"""Any exception of a stage as a sentence for a person."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

from spaceport_app.errors import StageError
from spaceport_app.events import Failed

_log = logging.getLogger(__name__)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
# Native code and SQLite tell a full disk in words only.
_FULL_WORDS = ("no space left on device", "disk is full", "disk full", "disk quota exceeded")
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")


def disk_full(folder: Path) -> Failed:
    """Return the failure for a disk without room."""
    return Failed(
        "disk_full",
        f"The disk of {folder} is full.",
        "Free some space and run again; finished work is kept.",
    )


def out_of_memory() -> Failed:
    """Return the failure for a process that got no more memory."""
    return Failed(
        "out_of_memory",
        "The memory of this computer did not suffice.",
        "Close other programs, or choose a lower preset, and run again.",
    )


def explain(error: BaseException, folder: Path, log: Path) -> Failed:
    """Return what to tell a person about `error`; the log at `log` holds the rest.

    Parameters
    ----------
    folder : Path
        The project folder, named where disk or permissions are the trouble.
    """
    if isinstance(error, StageError):
        return Failed(error.code, error.message, error.remedy)
    chain = _chain(error)
    for cause in chain:
        words = str(cause).lower()
        number = cause.errno if isinstance(cause, OSError) else None
        if number in _FULL or any(phrase in words for phrase in _FULL_WORDS):
            return disk_full(folder)
        if isinstance(cause, MemoryError) or any(phrase in words for phrase in _MEMORY_WORDS):
            return out_of_memory()
        if isinstance(cause, OSError) and number in _FORBIDDEN:
            return Failed(
                "no_permission",
                f"{cause.filename or folder} may not be read or written.",
                "Check the permissions of the file or folder and run again.",
            )
        if isinstance(cause, FileNotFoundError) and cause.filename:
            return Failed(
                "file_missing",
                f"{cause.filename} is not there.",
                "Put the file back, or run the stage that makes it again.",
            )
    for cause in chain:
        if isinstance(cause, OSError) and cause.errno is not None:
            return Failed(
                "file_error",
                f"{cause.filename or folder}: {cause.strerror or os.strerror(cause.errno)}.",
                "Check the disk and its connection, and run again; finished work is kept.",
            )
    return Failed(
        "internal",
        f"Something went wrong inside Spaceport: {type(error).__name__}: {_short(error)}",
        f"Run again; if it stays, send the log {log} with a report.",
    )


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:197] + "..." if len(text) > 200 else text
