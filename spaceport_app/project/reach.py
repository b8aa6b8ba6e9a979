"""Where a project may look for its photos: beside it, and where a person has agreed to.

A project of somebody else can name any place as that of its photos: a folder of this computer, or
one of another, which Windows tells who is asking as soon as the place is looked at. So a place
that lies neither in the project nor beside it is not touched before a person says yes. The yes
holds for that project and that place; it is remembered on this computer, not in the project, and
goes with the project when it is moved or copied here.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import ntpath
import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import platformdirs

from spaceport_app import inside, records
from spaceport_app.project.errors import ProjectError

if TYPE_CHECKING:
    from spaceport_app.project.project import Project

CODE = "photos_elsewhere"

_log = logging.getLogger(__name__)

_SLASHES = r"[\\/]"
# \\?\C:\ and \\.\C:\ are drives of this computer, \\?\UNC\ is none.
_NETWORK = re.compile(rf"{_SLASHES}{{2}}(?![?.]{_SLASHES}[A-Za-z]:({_SLASHES}|$))")
_NT = re.compile(rf"{_SLASHES}\?\?{_SLASHES}(?![A-Za-z]:)")
_PHOTOS = ("photos", "photos.json")


@dataclass(frozen=True)
class _Item:
    path: str


@dataclass(frozen=True)
class _Listed:
    photos: tuple[_Item, ...]
    left_out: tuple[_Item, ...]


def is_network(path: str | PurePath) -> bool:
    r"""Whether a path names another computer, as in ``\\host\share``, on whatever system.

    Drives that were given a letter count as of this computer: a person has connected them.
    """
    text = str(path)
    return _NETWORK.match(text) is not None or _NT.match(text) is not None


def beside(project: Path, relative: str, *, agreed: bool = False) -> Path | None:
    """Return what lies at a relative path in the folder that holds a project, if it is there.

    Where nobody has agreed, nothing is looked at through a link, nor in the home folder, which
    holds more than somebody has put beside the project.
    """
    parts = PurePath(relative).parts
    if not parts or is_network(relative) or PurePath(relative).is_absolute() or ".." in parts:
        return None
    place = project.absolute().parent
    if not agreed and place == Path.home():
        return None
    for part in parts:
        place = place / part
        if not agreed and place.is_symlink():
            return None
    return place if place.exists() else None


def agree(project: Project, places: Iterable[Path]) -> None:
    """Take a person's yes to look at places for the photos of a project, and remember it."""
    new = {_key(project, place) for place in places} - _remembered() - _of_this_process()
    if not new:
        return
    _of_this_process().update(new)
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="ascii") as lines:
            lines.write("".join(f"{key}\n" for key in sorted(new)))
    except OSError as error:
        # It holds for this process at least.
        _log.info("the agreement to a place cannot be remembered: %s", error.strerror)


def agreed(project: Project, place: Path) -> bool:
    """Whether a person has agreed on this computer to look at a place for this project."""
    key = _key(project, place)
    return key in _remembered() or key in _of_this_process()


def unasked(project: Project, *, listed: bool = True) -> tuple[Path, ...]:
    """Return the places of a project's photos that nobody has agreed to; none is touched.

    `listed` tells whether those count in which the list of photos says that they lie, besides
    those that the project was made of.
    """
    found: dict[Path, None] = {}
    known = [project.folder.absolute()]
    for source in project.document.sources:
        place = source.path
        if agreed(project, place):
            known.append(place)
        elif (near := _near(project, place, source.relative)) is not None:
            known += [near, place]
        else:
            found[place] = None
    for folder in _folders(project) if listed else ():
        inside = any(folder.is_relative_to(place) for place in (*known, *found))
        if not inside and not any(agreed(project, one) for one in (folder, *folder.parents)):
            found[folder] = None
    return tuple(found)


def require(project: Project, *, listed: bool = True) -> None:
    """Make sure that the places of a project's photos may be looked at; see `unasked`.

    Raises
    ------
    ProjectError
        ``photos_elsewhere``, if a person has not agreed to all of them.
    """
    places = unasked(project, listed=listed)
    if places:
        raise ProjectError(
            CODE,
            f"The photos of this project lie in {named(places)}. Nobody has agreed to look there.",
            "If you know that place, open the project in the window and say yes, or use "
            f"{shlex.join(['spaceport', 'run', '--trust-sources', '-o', str(project.folder)])}",
        )


def named(places: tuple[Path, ...]) -> str:
    """Return places in words."""
    more = f" and {len(places) - 2} more places" if len(places) > 2 else ""
    return " and ".join(str(place) for place in places[:2]) + more


def _near(project: Project, place: Path, relative: str) -> Path | None:
    near = beside(project.folder, relative)
    if near is not None:
        return near
    parent = project.folder.absolute().parent
    if place.is_absolute() and place.is_relative_to(parent) and ".." not in place.parts:
        return beside(project.folder, place.relative_to(parent).as_posix())
    return None


def _folders(project: Project) -> tuple[Path, ...]:
    """Return the folders outside of a project in which the list of its photos says they lie."""
    file = project.folder.absolute().joinpath(*_PHOTOS)
    try:
        status = file.stat()
    except OSError:
        return ()
    return _listed(file, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=8)
def _listed(file: Path, changed_ns: int, size: int) -> tuple[Path, ...]:
    try:
        found = records.decode(inside.read_regular(file, records.MOST_BYTES), _Listed)
        paths = [item.path for item in (*found.photos, *found.left_out)]
        # A path for each of thousands of photos would take its time.
        named = {(ntpath if is_network(path) else os.path).dirname(path) for path in paths}
    except (OSError, ValueError):
        # Whoever reads the photos tells what is wrong with their list.
        return ()
    folders = []
    for folder in sorted(named):
        if is_network(folder):
            folders.append(Path(folder))
        elif PurePath(folder).is_absolute() or ".." in PurePath(folder).parts:
            folders.append(Path(os.path.normpath(file.parent / folder)))
    return tuple(folders)


def _key(project: Project, place: Path) -> str:
    # Who sends a project does not know when one of here was made.
    words = f"{project.document.created}\0{place}"
    return hashlib.sha256(words.encode(errors="surrogateescape")).hexdigest()


@functools.cache
def _of_this_process() -> set[str]:
    """Return what was agreed to since the start, where it cannot be written down."""
    return set()


def _remembered() -> frozenset[str]:
    file = _file()
    try:
        status = file.stat()
    except OSError:
        return frozenset()
    return _lines(file, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=1)
def _lines(file: Path, changed_ns: int, size: int) -> frozenset[str]:
    try:
        return frozenset(file.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return frozenset()


def _file() -> Path:
    return Path(platformdirs.user_state_dir("spaceport", appauthor=False)) / "agreed.txt"
