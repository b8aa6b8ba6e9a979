"""Names that come out of a file, or from somebody else: only what really lies inside a folder.

A project, bundle or zip of somebody else may name ``../../.ssh/id_rsa``, ``//host/share/x`` or a
link. None of them may be read, served, written or removed on their word.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

_SYMLINK_TAG = 0xA000000C
_JUNCTION_TAG = 0xA0000003
_LONGEST_NAME = 255
# Windows lets nobody make them, and opens a device where they are named.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"]
)


class OutsideError(ValueError):
    """A name leads out of its folder, through a link, or to what is no regular file."""


def is_link(path: Path) -> bool:
    """Whether `path` itself is a symbolic link or, on Windows, a junction; False if it is gone."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return False
    tag = getattr(status, "st_reparse_tag", 0)
    return stat.S_ISLNK(status.st_mode) or tag in (_SYMLINK_TAG, _JUNCTION_TAG)


def plain_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a relative name with forward slashes that is safe on every system.

    Raises
    ------
    OutsideError
        If it is empty, absolute, has a drive, a stream, ``..``, a NUL, a part that is too long
        or, on Windows, the name of a device or an ending that Windows drops.
    """
    if not name or "\0" in name:
        raise OutsideError("a name is empty or holds a NUL")
    pure = PureWindowsPath(name) if sys.platform == "win32" else PurePosixPath(name)
    parts = pure.parts
    if pure.is_absolute() or pure.drive or pure.root or ".." in parts or not parts:
        raise OutsideError("a name leads out of its folder")
    if not all(is_possible(part) for part in parts):
        raise OutsideError("a name is none that a file can have here")
    if sys.platform == "win32" and any(_odd_on_windows(part) for part in parts):
        raise OutsideError("a name means something else on Windows")
    return parts


def is_device(name: str) -> bool:
    """Whether Windows takes a name for a device, whatever its ending: ``nul``, ``COM1.jpg``."""
    return name.partition(".")[0].rstrip(" ").lower() in _DEVICES


def is_possible(part: str) -> bool:
    """Whether this system can be asked for a file of such a name: others are too long for it."""
    try:
        length = len(part if sys.platform == "win32" else os.fsencode(part))
    except UnicodeEncodeError:
        return False
    return length <= _LONGEST_NAME and "\0" not in part


def _odd_on_windows(part: str) -> bool:
    return ":" in part or part[-1:] in (".", " ") or is_device(part)


def path(folder: Path, name: str) -> Path:
    """Return where the file `name` lies in `folder`; it need not be there.

    Parameters
    ----------
    folder : Path
        Neither it nor what lies between it and the file may be a link.
    name : str
        Relative, with forward slashes, as files of a project and bundles have it.

    Raises
    ------
    OutsideError
        If the name leads out of the folder, or a link stands on the way or in its place.
    """
    found = folder
    parts = plain_parts(name)
    if is_link(found):
        raise OutsideError(f"{found.name} is a link")
    for part in parts:
        found = found / part
        if is_link(found):
            raise OutsideError(f"{found.name} is a link")
    return found


def open_regular(path: Path, *, follow: bool = True) -> BinaryIO:
    """Open a file to read, unless it is a pipe, a device, a folder or, if so wanted, a link.

    Opening never waits, as it would for a pipe that nobody writes to.

    Raises
    ------
    OutsideError
        If it is no regular file.
    OSError
        If it is not there or cannot be read; ``ELOOP`` for a link that is not to be followed.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_NONBLOCK", 0)
    if not follow:
        flags |= getattr(os, "O_NOFOLLOW", 0)
        if is_link(path):
            raise OutsideError(f"{path.name} is a link")
    # Asked by name first: to open a device may already do something.
    if not stat.S_ISREG(path.stat().st_mode):
        raise OutsideError(f"{path.name} is no regular file")
    number = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OutsideError(f"{path.name} is no regular file")
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def is_of_system(error: Exception) -> bool:
    """Whether the system did not give a file that is there: that says nothing about the file.

    Pillow raises OSError without a number for what is damaged.
    """
    number = error.errno if isinstance(error, OSError) else None
    return number is not None and number not in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)


def read_regular(path: Path, most_bytes: int, *, follow: bool = True) -> bytes:
    """Return the content of a regular file that holds at most `most_bytes`.

    Raises
    ------
    OutsideError
        If it is no regular file, or larger.
    OSError
        If it is not there or cannot be read.
    """
    with open_regular(path, follow=follow) as file:
        # As much room is taken at once as is asked for.
        data = file.read(min(os.fstat(file.fileno()).st_size, most_bytes) + 1)
    if len(data) > most_bytes:
        raise OutsideError(f"{path.name} is larger than {most_bytes / 1e6:.0f} MB")
    return data
