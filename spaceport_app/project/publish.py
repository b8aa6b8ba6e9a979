"""Folders of results that are on disk either old or new, never mixed.

Only what a record of the project lists is ever removed; what a person has put into a result folder,
or changed there, is kept beside it as NAME.kept-1. Links are taken away and never followed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from spaceport_app import atomic, removing
from spaceport_app.inside import OutsideError, is_link, plain_parts
from spaceport_app.project import layout
from spaceport_app.project.model import StageRun

_log = logging.getLogger(__name__)


def inventory(folder: Path) -> dict[str, int]:
    """Return the bytes of every file below `folder`, by path inside it."""
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in _files(folder)}


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below `folder`, by path inside it."""
    return {path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)}


def sync(folder: Path) -> None:
    """Have the system write a folder with all its files to the disk now, against a power cut.

    Raises
    ------
    OSError
        If the disk is full.
    """
    for path in _files(folder):
        # Windows flushes only what is open for writing.
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    for root, _, _ in os.walk(folder):
        atomic.sync_folder(Path(root))


def resized(folder: Path, run: StageRun) -> list[str]:
    """Return those files of a run that are gone from `folder` or have another size now.

    What else lies there is nobody's harm.
    """
    return [name for name, size in run.files.items() if _size(folder, name) != size]


def changed(folder: Path, run: StageRun) -> list[str]:
    """Return those files of a run that are gone from `folder` or have another content now.

    Reads them all: about a second for each gigabyte.

    Raises
    ------
    OSError
        If the system cannot read now what is there: that says nothing about it.
    """
    return [name for name in run.files if not _unchanged(folder, name, run)]


def swap(partial: Path, folder: Path) -> list[Path]:
    """Put `partial` in the place of `folder`; the old one is moved aside and stays there.

    A call again after a kill at any point ends in the same state.

    Returns
    -------
    list of Path
        Where anything else that had one of the names is kept now.

    Raises
    ------
    OSError
        If a folder cannot be renamed.
    """
    kept: list[Path] = []
    old = layout.aside(folder)
    if is_link(folder):
        removing.remove(folder)
    if folder.exists():
        # Of an interrupted publication nothing lies aside any more: it is cleared before.
        if old.exists() or is_link(old):
            kept.append(_keep(old))
        folder.rename(old)
    partial.rename(folder)
    atomic.sync_folder(folder.parent)
    return kept


def put_back(folder: Path) -> bool:
    """Bring back the old result where the new one never came; True if it did."""
    old = layout.aside(folder)
    if folder.exists() or is_link(folder) or is_link(old) or not old.is_dir():
        return False
    old.rename(folder)
    _log.warning("brought back %s after an interrupted publication", folder.name)
    return True


def clear_aside(folder: Path, run: StageRun | None) -> Path | None:
    """Remove what lies aside of `folder` as far as `run` lists it, and keep the rest beside.

    Parameters
    ----------
    run : StageRun or None
        The run that published it; without one nothing of it is Spaceport's.

    Returns
    -------
    Path or None
        Where the rest is now, None where there is none.
    """
    old = layout.aside(folder)
    if is_link(old):
        removing.remove(old)
        return None
    if not old.exists():
        return None
    if old.is_dir() and run is not None:
        for name in run.files:
            with contextlib.suppress(OSError):
                if _unchanged(old, name, run):
                    (old / name).unlink()
        _drop_empty(old)
        if not old.exists():
            return None
    return _keep(old)


def remove(folder: Path) -> None:
    """Remove a folder of Spaceport's with all it holds, if it is there.

    It gets another name first, so that a kill halfway leaves nothing that looks whole.
    """
    if is_link(folder):
        removing.remove(folder)
    if not folder.exists():
        return
    doomed = layout.removing(folder)
    removing.remove(doomed)
    folder.rename(doomed)
    removing.remove(doomed)


def take_aside(folder: Path) -> Path | None:
    """Keep a folder beside that has a name of Spaceport's but is not; None if none is there."""
    if is_link(folder):
        removing.remove(folder)
    return _keep(folder) if folder.exists() else None


def without_links(folder: Path) -> None:
    """Take away `folder` if it is a link, and every link below it: writing there stays there."""
    if is_link(folder):
        removing.remove(folder)
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(root, name)
            if is_link(path):
                _log.warning("took away the link %s", path.name)
                removing.remove(path)


def _keep(path: Path) -> Path:
    kept = layout.kept(path)
    path.rename(kept)
    _log.warning("kept what is not Spaceport's as %s", kept.name)
    return kept


def _drop_empty(folder: Path) -> None:
    for root, _, _ in os.walk(folder, topdown=False):
        if not any(Path(root).iterdir()):
            Path(root).rmdir()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path


def _unchanged(folder: Path, name: str, run: StageRun) -> bool:
    if _size(folder, name) != run.files[name]:
        return False
    digest = run.digests.get(name)
    try:
        # Results of older versions have no digests.
        return digest is None or _digest(folder / name) == digest
    except OSError as error:
        # Gone just now, or on a part of the disk that is broken.
        if error.errno in (errno.ENOENT, errno.EIO):
            return False
        raise


def _size(folder: Path, name: str) -> int | None:
    """Return the bytes of a regular file that lies in `folder` by its own, None for all else."""
    try:
        parts = plain_parts(name)
        ways = [folder.joinpath(*parts[: n + 1]) for n in range(len(parts))]
        if any(is_link(way) for way in ways) or not ways[-1].is_file():
            return None
        return ways[-1].stat().st_size
    except (OSError, OutsideError):
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
