"""What lies in folders, by content: the only proof that nothing of the person was touched."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

Mark = tuple[str, str]
"""Kind of a file (file, link, folder, other) and its content."""


def of(folder: Path) -> dict[str, Mark]:
    """Return everything below `folder` by path in it; links are not followed."""
    return {path.relative_to(folder).as_posix(): mark(path) for path in _below(folder)}


def mark(path: Path) -> Mark:
    """Return kind and content of one path."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "link", str(path.readlink())
    if stat.S_ISDIR(mode):
        return "folder", ""
    if stat.S_ISREG(mode):
        with path.open("rb") as file:
            return "file", hashlib.file_digest(file, "sha256").hexdigest()
    return "other", ""


def changes(before: Mapping[str, Mark], after: Mapping[str, Mark]) -> list[str]:
    """Return what is gone, other or new, in words."""
    found = [
        f"{name} is gone" if name not in after else f"{name} is changed"
        for name, content in before.items()
        if after.get(name) != content
    ]
    return found + [f"{name} is new" for name in after if name not in before]


def missing(own: Mapping[str, Mark], places: list[Path]) -> list[str]:
    """Return the names of those files and links whose content lies nowhere in `places`."""
    there = {mark(path) for place in places for path in _below(place)}
    return [
        name
        for name, content in own.items()
        if content[0] in ("file", "link") and content not in there
    ]


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        for name in sorted(folders + names):
            yield Path(root, name)
