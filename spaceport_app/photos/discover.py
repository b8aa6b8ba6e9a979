"""Which files of what was dropped are photos, and what each is called."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from spaceport_app import inside, portable
from spaceport_app.errors import StageError
from spaceport_app.photos import unread, zips
from spaceport_app.photos.decode import PHOTO_SUFFIXES
from spaceport_app.photos.model import Finding, LeftOut

_JUNK = frozenset(
    {"__macosx", "thumbs.db", "desktop.ini", "$recycle.bin", "system volume information", "@eadir"}
)
_PROJECT_SUFFIX = ".spaceport"

Counted = Callable[[int, int], None]


@dataclass(frozen=True)
class Found:
    """A file that should be a photo: its unique name and absolute path."""

    name: str
    path: Path


@dataclass(frozen=True)
class Discovery:
    """Files that should be photos, in name order, and what was left out already."""

    found: tuple[Found, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class _Source:
    """Files below one root; `label` goes in front of their names where names collide."""

    label: str
    root: Path
    files: tuple[Path, ...]


def discover(
    sources: tuple[Path, ...], extracted: Path, maximum_zip_bytes: int, counted: Counted
) -> Discovery:
    """Find the photos among files, folders and zips.

    Folders are searched to the bottom. Hidden files, thumbnails of systems and Spaceport's own
    project folders are skipped silently. Zips are unpacked below `extracted`. Pipes, devices and
    the like are left out and never opened.

    Parameters
    ----------
    sources : tuple of Path
        What a person dropped.
    extracted : Path
        Folder that zips are unpacked into, one folder a zip.
    maximum_zip_bytes : int
        Unpacked bytes above which a zip is refused.
    counted : callable
        Called with zip entries done and in all, while a zip is unpacked.

    Raises
    ------
    StageError
        ``not_found`` or ``no_permission`` for a source that is not there or not readable;
        ``disk_full`` where a zip cannot fit.
    OSError
        If `extracted` cannot be written.
    """
    groups: list[_Source] = []
    left_out: list[LeftOut] = []
    loose: dict[Path, list[Path]] = {}
    seen: set[Path] = set()
    folders = portable.Free()
    for source in sources:
        path = source.absolute()
        _check(path)
        # Dropping a folder and a file in it, or the same thing twice, is no mistake.
        real = path.resolve()
        if real in seen:
            continue
        seen.add(real)
        if path.is_dir():
            files, more = _walk(path)
            groups.append(_Source(path.name or "disk", path, files))
            left_out.extend(more)
        elif not path.is_file():
            left_out.append(_not_regular(path.name, path))
        elif path.suffix.lower() == ".zip":
            folder = extracted / folders.take(portable.name(path.stem))
            files, refused = zips.extract(path, folder, maximum_zip_bytes, is_junk, counted)
            groups.append(_Source(path.stem, folder, files))
            left_out.extend(refused)
        elif path.suffix.lower() in PHOTO_SUFFIXES:
            loose.setdefault(path.parent, []).append(path)
        else:
            left_out.append(LeftOut(path.name, path, unread.finding(path.suffix)))
    groups.extend(_Source(root.name, root, tuple(files)) for root, files in loose.items())
    return Discovery(_named(_once(groups)), tuple(left_out))


def holds_pictures(source: Path, most: int = 20_000) -> bool:
    """Return whether a look at names finds a picture or a zip, readable for us or not.

    A quick look before anything is made of what was dropped; it stops at the first one, and
    takes a folder of more than `most` files for one that holds some.

    Raises
    ------
    StageError
        ``not_found`` or ``no_permission`` if `source` itself cannot be read.
    """
    _check(source)
    if not source.is_dir():
        return _is_picture(source.name)
    seen = 0
    for _, folders, names in os.walk(source):
        folders[:] = [name for name in folders if not is_junk(name)]
        if any(_is_picture(name) for name in names if not is_junk(name)):
            return True
        seen += len(names) + len(folders)
        if seen > most:
            return True
    return False


def _is_picture(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    return suffix == ".zip" or suffix in PHOTO_SUFFIXES | unread.OTHER_PICTURES | unread.RAW


def is_junk(name: str) -> bool:
    """Return whether a file or folder of this name is silently skipped."""
    lower = name.lower()
    return name.startswith(".") or lower in _JUNK or lower.endswith(_PROJECT_SUFFIX)


def _check(path: Path) -> None:
    try:
        path.stat()
        if path.is_dir():
            with os.scandir(path):
                pass
        elif path.is_file():
            with inside.open_regular(path):
                pass
    except PermissionError as error:
        raise StageError(
            "no_permission",
            f"You have no permission to read {path}.",
            "Ask its owner for access, or copy the photos to a folder of your own.",
        ) from error
    except OSError as error:
        raise StageError(
            "not_found",
            f"There is no {path}.",
            "Check the spelling, and that the disk or card is connected.",
        ) from error


def _walk(root: Path) -> tuple[tuple[Path, ...], list[LeftOut]]:
    """Return the photos below `root` in name order, and files that look like more."""
    files: list[Path] = []
    others: list[Path] = []
    left_out: list[LeftOut] = []
    visited: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            status = folder.stat()
            # Links may lead back up; each folder is read once, by whatever way.
            identity = (status.st_dev, status.st_ino)
            if identity in visited:
                continue
            visited.add(identity)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            code = "no_permission" if isinstance(error, PermissionError) else "unreadable"
            name = folder.relative_to(root).as_posix()
            message = f"The folder cannot be read ({error.strerror})."
            left_out.append(LeftOut(name, folder, Finding(code, message)))
            continue
        for entry in entries:
            if is_junk(entry.name):
                continue
            path = folder / entry.name
            suffix = path.suffix.lower()
            kind = _kind(path)
            if stat.S_ISDIR(kind):
                waiting.append(path)
            elif suffix in PHOTO_SUFFIXES and kind and not stat.S_ISREG(kind):
                left_out.append(_not_regular(path.relative_to(root).as_posix(), path))
            elif suffix in PHOTO_SUFFIXES:
                files.append(path)
            elif suffix == ".zip" or suffix in unread.OTHER_PICTURES | unread.RAW:
                others.append(path)
    for path in unread.missed(others, files):
        name = path.relative_to(root).as_posix()
        left_out.append(LeftOut(name, path, unread.finding(path.suffix)))
    return tuple(files), left_out


def _kind(path: Path) -> int:
    """Return the mode of what a path leads to; 0 where nothing is there or may be looked at."""
    try:
        return path.stat().st_mode
    except OSError as error:
        return stat.S_IFLNK if error.errno == errno.ELOOP else 0


def _not_regular(name: str, path: Path) -> LeftOut:
    return LeftOut(name, path, unread.NOT_REGULAR)


def _once(groups: list[_Source]) -> list[_Source]:
    """Drop files that an earlier source holds already."""
    seen: set[Path] = set()
    result = []
    for group in groups:
        kept: list[Path] = []
        for path in group.files:
            real = path.resolve()
            if real not in seen:
                seen.add(real)
                kept.append(path)
        result.append(replace(group, files=tuple(kept)))
    return result


def _named(groups: list[_Source]) -> tuple[Found, ...]:
    """Give each file a name of its own, in name order.

    Where two sources share any name, all their files get the source's folder in front, so that
    each flight stays together in name order.
    """
    plain = [[_name(path, group.root) for path in group.files] for group in groups]
    owners: dict[str, set[int]] = {}
    for index, names in enumerate(plain):
        for name in names:
            owners.setdefault(name.casefold(), set()).add(index)
    colliding = {index for who in owners.values() if len(who) > 1 for index in who}
    labels = _labels(groups, colliding)
    free = portable.Free()
    found: list[Found] = []
    for index, (group, names) in enumerate(zip(groups, plain, strict=True)):
        front = f"{labels[index]}/" if index in colliding else ""
        found.extend(
            Found(free.take(front + name), path)
            for name, path in zip(names, group.files, strict=True)
        )
    return tuple(sorted(found, key=lambda item: item.name))


def _labels(groups: list[_Source], colliding: set[int]) -> dict[int, str]:
    """Return a label for each colliding source, numbered where folders are named alike."""
    wanted = {index: unicodedata.normalize("NFC", groups[index].label) for index in colliding}
    counts = Counter(label.casefold() for label in wanted.values())
    numbers: Counter[str] = Counter()
    labels = {}
    for index in sorted(colliding):
        label = wanted[index]
        key = label.casefold()
        numbers[key] += 1
        labels[index] = f"{label} {numbers[key]}" if counts[key] > 1 else label
    return labels


def _name(path: Path, root: Path) -> str:
    return unicodedata.normalize("NFC", path.relative_to(root).as_posix())
