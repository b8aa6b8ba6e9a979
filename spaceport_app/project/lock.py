"""One run a project: a lock that the operating system frees when its process ends."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from spaceport_app import inside, records, removing
from spaceport_app.inside import is_link
from spaceport_app.project.errors import ProjectError, unwritable

FILE = ".lock"
# The holder writes its name into the first bytes; the locked byte lies behind them, because
# Windows lets nobody read a locked range.
_LOCKED_BYTE = 1 << 20
_INSTANT_S = 0.05
_MOST_BYTES = 4096

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[str]) -> None:
        os.lseek(file.fileno(), _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _free(file: IO[str]) -> None:
        os.lseek(file.fileno(), _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

    def _try(file: IO[str]) -> None:
        # Nothing is shared here: another who looks holds it for an instant.
        with contextlib.suppress(OSError):
            _take(file)
            return
        time.sleep(_INSTANT_S)
        _take(file)

else:
    import fcntl

    def _take(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _free(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)

    def _try(file: IO[str]) -> None:
        # Shared: all may look at once, and nobody takes another's look for work.
        fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)


@dataclass(frozen=True)
class _Holder:
    pid: int
    host: str
    since: str


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of a project folder.

    The lock belongs to the open file: a process that is killed frees it, and a leftover
    file locks nothing. It is not inherited by child processes.

    Raises
    ------
    ProjectError
        ``project_locked``, naming process and host of the holder, ``no_permission`` or
        ``disk_full``.
    """
    path = folder / FILE
    try:
        if is_link(path):
            removing.remove(path)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise unwritable(folder, error) from error
    with file:
        _take_soon(file, folder, path)
        holder = {"pid": os.getpid(), "host": platform.node(), "since": _now()}
        # Past the buffer of Python, which would be written once more when the file is closed.
        try:
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), json.dumps(holder).encode("utf-8"))
        except OSError:
            # A full disk must not keep anybody from looking; only the name is lost.
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), 0)
        try:
            yield
        finally:
            # Closing is not enough: a process that another thread is just starting has a copy
            # of the open file until its program is loaded.
            _free(file)


def _take_soon(file: IO[str], folder: Path, path: Path) -> None:
    # `is_held` holds the lock for an instant; that must not turn a run away.
    for attempt in range(6):
        try:
            _take(file)
            return
        except OSError as error:
            if attempt == 5:
                raise _locked(folder, path) from error
            time.sleep(_INSTANT_S)


def is_held(folder: Path) -> bool:
    """Whether a process works on the project now."""
    path = folder / FILE
    if not path.exists():
        return False
    try:
        with path.open("r+", encoding="utf-8") as file:
            _try(file)
            _free(file)
    except PermissionError:
        return sys.platform == "win32"
    except OSError:
        return True
    return False


def _locked(folder: Path, path: Path) -> ProjectError:
    who = "another process"
    with contextlib.suppress(OSError, ValueError):
        holder = records.decode(inside.read_regular(path, _MOST_BYTES), _Holder)
        who = f"process {holder.pid} on {holder.host}, since {holder.since}"
    return ProjectError(
        "project_locked",
        f"{folder} is in use by {who}.",
        "Wait until it is done, or stop that process, and try again.",
    )


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
