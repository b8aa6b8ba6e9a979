"""Where things lie among the engines of a user."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from spaceport_app import removing
from spaceport_app.engine_setup.recipes import Package

PARTIAL = ".partial"
"""Ending of a file that is not whole, and of a folder that is being made."""
_DOWNLOADS = "downloads"

_log = logging.getLogger(__name__)


def downloads(home: Path) -> Path:
    """Return the folder of what is fetched, until an engine is made of it."""
    return home / _DOWNLOADS


def target(home: Path, package: Package) -> Path:
    """Return where a package goes; it has this name when it is whole and checked."""
    return downloads(home) / package.file


def fetched(home: Path, packages: Iterable[Package]) -> int:
    """Return the bytes of these packages that an earlier try has left."""
    total = 0
    for package in packages:
        whole = target(home, package)
        for path in (whole, whole.with_name(whole.name + PARTIAL)):
            try:
                total += min(path.stat().st_size, package.bytes or 0)
            except OSError:
                continue
            break
    return total


def free_name(home: Path, name: str) -> str:
    """Return a name for a new engine; one that is set up again gets a number."""
    number, chosen = 1, name
    while (home / chosen).exists():
        number += 1
        chosen = f"{name}-{number}"
    return chosen


def remove(folder: Path) -> None:
    """Remove a folder, in one step for whoever looks: it first gets a name that nobody reads.

    Raises
    ------
    OSError
        If it cannot be removed: on Windows while a process uses it.
    """
    if not folder.exists():
        return
    aside = folder
    if not folder.name.endswith(PARTIAL):
        aside = folder.with_name(f".{folder.name}.{os.getpid()}{PARTIAL}")
        folder.replace(aside)
    removing.remove(aside)


def remove_leftovers(home: Path) -> None:
    """Remove folders that a kill has left half made or half removed; whoever calls holds the lock.

    What cannot be removed stays for the next time.
    """
    for folder in home.glob(f".*{PARTIAL}"):
        try:
            if folder.is_dir():
                removing.remove(folder)
            else:
                folder.unlink()
        except OSError as error:
            _log.warning("%s cannot be removed: %s", folder, error)
