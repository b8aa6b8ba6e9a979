"""Folders of results that are on disk either old or new, never mixed."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

from spaceport_app import atomic

_log = logging.getLogger(__name__)


def aside(folder: Path) -> Path:
    """Where the old result lies for the moment in which the new one takes its place."""
    return folder.with_name(f".{folder.name}.old")


def inventory(folder: Path) -> dict[str, int]:
    """Return the bytes of every file below `folder`, by path inside it."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def damaged(folder: Path, files: Mapping[str, int]) -> list[str]:
    """Return those of `files` that are gone from `folder` or have another size now.

    What else lies there is nobody's harm.
    """
    return [name for name, size in files.items() if _size(folder / name) != size]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def swap(partial: Path, folder: Path) -> None:
    """Put `partial` in the place of `folder`; the old one is moved aside and stays there.

    A call again after a kill at any point ends in the same state.

    Raises
    ------
    OSError
        If a folder cannot be renamed.
    """
    old = aside(folder)
    if folder.exists():
        remove(old)
        folder.rename(old)
    partial.rename(folder)


def put_back(folder: Path) -> bool:
    """Bring back the old result where the new one never came; True if it did."""
    old = aside(folder)
    if folder.exists() or not old.exists():
        return False
    old.rename(folder)
    _log.warning("brought back %s after an interrupted publication", folder)
    return True


def remove(folder: Path) -> None:
    """Remove a folder with all it holds, if it is there.

    It gets another name first, so that a kill halfway leaves nothing that looks whole.
    """
    if not folder.exists():
        return
    doomed = folder.with_name(f"{folder.name}.removing")
    if doomed.exists():
        shutil.rmtree(doomed)
    folder.rename(doomed)
    shutil.rmtree(doomed)


def remove_leftovers(parent: Path) -> None:
    """Remove what an interrupted removal or writing has left in `parent`."""
    atomic.remove_leftovers(parent)
    for doomed in parent.glob(".*.removing"):
        shutil.rmtree(doomed, ignore_errors=True)
