"""Which names of files a job may have: they become paths on the machine that works on it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from spaceport_app.inside import is_device

MOST_BYTES, MOST_BYTES_A_FOLDER = 1024, 255
"""Of a whole name, and of one folder or file in it, as Linux has them."""

_DRIVE = re.compile(r"[A-Za-z]:")


def check(name: str) -> None:
    """Check that a name stays inside the folder it is put into, on any computer.

    Raises
    ------
    ValueError
        With one sentence for a person.
    """
    shown = ascii(name[:80])
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"The name {shown} is no valid Unicode.") from None
    if not name:
        raise ValueError("A file has no name.")
    if len(encoded) > MOST_BYTES:
        raise ValueError(f"The name {shown} has over {MOST_BYTES} bytes.")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise ValueError(f"The name {shown} has control characters.")
    if "\\" in name:
        raise ValueError(f"The name {shown} has a backslash; folders are parted by slashes.")
    if name.startswith("/") or _DRIVE.match(name):
        raise ValueError(f"The name {shown} does not start in the job's own folder.")
    for part in name.split("/"):
        if part in {"", ".", ".."}:
            raise ValueError(f"The name {shown} leads to another folder.")
        if is_device(part):
            raise ValueError(f"The name {shown} is that of a device on Windows.")
        if len(part.encode()) > MOST_BYTES_A_FOLDER:
            raise ValueError(f"A part of the name {shown} has over {MOST_BYTES_A_FOLDER} bytes.")


def folded(name: str) -> str:
    """Return what two names share that are one file on some file system.

    Canonical caseless matching of the Unicode standard, section 3.13, definition D145.
    """
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def check_all(names: Iterable[str]) -> None:
    """Check every name, and that no two would lie upon each other.

    The same name in two folders is two files.

    Raises
    ------
    ValueError
        With one sentence for a person.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        check(name)
        key = folded(name)
        if key in files:
            raise ValueError(f"{files[key]!a} and {name!a} are the same name on some computers.")
        files[key] = name
        while "/" in key:
            key = key.rpartition("/")[0]
            folders[key] = name
    for key in files.keys() & folders.keys():
        raise ValueError(f"{files[key]!a} is both a file and the folder of {folders[key]!a}.")
