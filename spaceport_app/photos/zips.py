"""Photos out of zip files, without trusting the zip.

Guards: entries that climb out of the folder, links, encrypted entries, and bombs, whose sizes
are counted while unpacking and not believed from the directory.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from spaceport_app import portable, removing, resources, unzip
from spaceport_app.errors import StageError
from spaceport_app.inside import OutsideError
from spaceport_app.photos import unread
from spaceport_app.photos.decode import PHOTO_SUFFIXES
from spaceport_app.photos.model import Finding, LeftOut
from spaceport_app.quantities import size
from spaceport_app.unzip import DamagedZipError, UnsupportedZipError, ZipError

MAXIMUM_ENTRIES = 50_000
MAXIMUM_RATIO = 200.0
"""Photos are compressed already: a blank 16-bit TIFF reaches about 1000, a real one under 10."""

_FREE_RATIO_BYTES = 1 << 20
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
_DRIVE = re.compile(r"^[A-Za-z]:")
# Longest path of a file: Windows holds 259 characters without a setting, Linux 4,095 bytes and
# macOS 1,023.
_LONGEST_PATH = {"win32": 259, "darwin": 1023}.get(sys.platform, 4095)
# These are of the disk or of the whole folder; any other refusal is of one name.
_OF_THE_DISK = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.ENODEV,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
    }
)

Junk = Callable[[str], bool]
Counted = Callable[[int, int], None]


@dataclass(frozen=True)
class Entry:
    """One photo in a zip: its place in the zip and the path it unpacks to."""

    info: zipfile.ZipInfo
    path: PurePosixPath


class _BombError(Exception):
    """The whole zip is refused; the text says why."""


def extract(
    archive: Path, folder: Path, maximum_bytes: int, is_junk: Junk, counted: Counted
) -> tuple[tuple[Path, ...], tuple[LeftOut, ...]]:
    """Unpack the photos of a zip below `folder`.

    Parameters
    ----------
    archive, folder : Path
        The zip, and an empty or missing folder to unpack into.
    maximum_bytes : int
        Unpacked bytes in all, above which the zip is refused.
    is_junk : callable
        Says of a single name whether it is silently skipped.
    counted : callable
        Called with entries done and entries in all.

    Returns
    -------
    paths, left_out
        The unpacked photos, and entries or the whole zip that were left out with their reason.

    Raises
    ------
    StageError
        ``disk_full`` where the photos cannot fit.
    OSError
        If `folder` cannot be written.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(unzip.opened(archive))
        except (ZipError, OutsideError, OSError) as error:
            return (), (_unopened(archive, error),)
        try:
            entries, left_out = _entries(file, archive, folder, is_junk)
            if file.infolist() and not entries and not left_out:
                left_out.append(_refused(archive, "unsupported", "The zip holds no photos."))
            _check_size(entries, archive, folder, maximum_bytes)
            paths = _unpack(file, entries, folder, archive, maximum_bytes, left_out, counted)
        except _BombError as error:
            removing.try_to_remove(folder)
            return (), (_refused(archive, "zip_bomb", str(error)),)
    return paths, tuple(left_out)


def _unopened(archive: Path, error: Exception) -> LeftOut:
    if isinstance(error, PermissionError):
        return _refused(archive, "no_permission", "You have no permission to read the zip.")
    if isinstance(error, DamagedZipError):
        return _refused(archive, "bad_zip", "The zip is damaged or cut short.")
    if isinstance(error, UnsupportedZipError):
        return _refused(archive, "unsupported", f"The zip is not read: {error}.")
    if isinstance(error, OSError):
        words = error.strerror or type(error).__name__
        return _refused(archive, "unreadable", f"The zip cannot be read ({words}).")
    return LeftOut(archive.name, archive, unread.NOT_REGULAR)


def _refused(archive: Path, code: str, message: str, entry: str = "") -> LeftOut:
    name = f"{archive.name}/{entry}" if entry else archive.name
    return LeftOut(name, archive, Finding(code, message))


def _entries(
    file: zipfile.ZipFile, archive: Path, folder: Path, is_junk: Junk
) -> tuple[list[Entry], list[LeftOut]]:
    infos = file.infolist()
    if len(infos) > MAXIMUM_ENTRIES:
        raise _BombError(f"The zip has {len(infos)} entries; at most {MAXIMUM_ENTRIES} are read.")
    entries: list[Entry] = []
    left_out: list[LeftOut] = []
    others: list[PurePosixPath] = []
    # Counted in bytes everywhere, which are never fewer than what Windows counts.
    tree = portable.Tree(_LONGEST_PATH - len(os.fsencode(folder.absolute())) - 1)
    for info in infos:
        name = _name(info)
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.endswith("/") or not parts:
            continue
        if any(is_junk(part) for part in parts if part != ".."):
            continue
        suffix = PurePosixPath(parts[-1]).suffix.lower()
        if suffix == ".zip":
            inner = Finding("not_opened", "A zip within a zip is not opened; unpack it first.")
            left_out.append(LeftOut(f"{archive.name}/{name}", archive, inner))
        if suffix in unread.OTHER_PICTURES | unread.RAW:
            others.append(PurePosixPath(*parts))
        if suffix not in PHOTO_SUFFIXES:
            continue
        reason = _unsafe(name, parts, info)
        if reason is not None:
            left_out.append(LeftOut(f"{archive.name}/{name}", archive, reason))
            continue
        entries.append(Entry(info, PurePosixPath(tree.add(parts))))
    for other in unread.missed(others, [entry.path for entry in entries]):
        left_out.append(LeftOut(f"{archive.name}/{other}", archive, unread.finding(other.suffix)))
    return entries, left_out


def _name(info: zipfile.ZipInfo) -> str:
    """Return the entry's name with forward slashes, decoded the way it was meant."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG:
        # The macOS Finder writes UTF-8 without saying so, and zipfile then reads code page 437.
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name.split("\0")[0].replace("\\", "/"))


def _unsafe(name: str, parts: list[str], info: zipfile.ZipInfo) -> Finding | None:
    if name.startswith("/") or ".." in parts or _DRIVE.match(name):
        return Finding("unsafe_zip", "The zip entry points out of its folder.")
    if stat.S_ISLNK(info.external_attr >> 16):
        return Finding("unsafe_zip", "The zip entry is a link and not a photo.")
    if info.flag_bits & _ENCRYPTED_FLAG:
        return Finding("encrypted_zip", "The zip entry is protected by a password; unpack it.")
    return None


def _check_size(entries: list[Entry], archive: Path, folder: Path, maximum_bytes: int) -> None:
    total = sum(entry.info.file_size for entry in entries)
    if total > maximum_bytes:
        raise _BombError(_too_large(maximum_bytes))
    free = resources.free_disk_bytes(folder)
    if total > free:
        raise StageError(
            "disk_full",
            f"{archive.name} unpacks to {size(total)}, and only {size(free)} of disk are free.",
            "Free disk space or choose a project folder on another disk.",
        )


def _too_large(maximum_bytes: int) -> str:
    return f"The zip unpacks to more than {maximum_bytes / 1e9:g} GB, the limit in the options."


def _unpack(
    file: zipfile.ZipFile,
    entries: list[Entry],
    folder: Path,
    archive: Path,
    maximum_bytes: int,
    left_out: list[LeftOut],
    counted: Counted,
) -> tuple[Path, ...]:
    paths: list[Path] = []
    written = 0
    folder.mkdir(parents=True, exist_ok=True)
    for done, entry in enumerate(entries):
        counted(done, len(entries))
        target = folder.joinpath(*entry.path.parts)
        try:
            written += _unpack_one(file, entry, target, written, maximum_bytes)
        except (ZipError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
                raise
            with suppress(OSError):
                target.unlink(missing_ok=True)
            left_out.append(_not_unpacked(archive, entry, error))
            continue
        paths.append(target)
    counted(len(entries), len(entries))
    return tuple(paths)


def _not_unpacked(archive: Path, entry: Entry, error: ZipError | OSError) -> LeftOut:
    name = str(entry.path)
    if isinstance(error, UnsupportedZipError):
        message = f"The zip entry is not read: {error}. Unpack the zip first."
        return _refused(archive, "unsupported", message, name)
    if isinstance(error, DamagedZipError):
        return _refused(archive, "unreadable", "The zip entry is damaged.", name)
    words = getattr(error, "strerror", None) or type(error).__name__
    return _refused(archive, "unreadable", f"The zip entry cannot be unpacked ({words}).", name)


def _unpack_one(
    file: zipfile.ZipFile, entry: Entry, target: Path, written: int, maximum_bytes: int
) -> int:
    """Unpack one entry after `written` bytes of others and return its bytes, counted."""
    limit = max(_FREE_RATIO_BYTES, int(entry.info.compress_size * MAXIMUM_RATIO))
    count = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        for block in unzip.blocks(file, entry.info):
            count += len(block)
            if count > limit:
                raise _BombError(
                    f"An entry unpacks to more than {MAXIMUM_RATIO:.0f} times its size: no photo "
                    "does that."
                )
            if written + count > maximum_bytes:
                raise _BombError(_too_large(maximum_bytes))
            out.write(block)
    return count
