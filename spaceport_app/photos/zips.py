"""Photos out of zip files, without trusting the zip.

Guards: entries that climb out of the folder, links, encrypted entries, and bombs, whose sizes
are counted while unpacking and not believed from the directory.
"""

from __future__ import annotations

import lzma
import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.photos import unread
from spaceport_app.photos.decode import PHOTO_SUFFIXES
from spaceport_app.photos.model import Finding, LeftOut

MAXIMUM_ENTRIES = 50_000
MAXIMUM_RATIO = 200.0
"""Photos are compressed already: a blank 16-bit TIFF reaches about 1000, a real one under 10."""

_FREE_RATIO_BYTES = 1 << 20
_BLOCK = 1 << 20
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
_DRIVE = re.compile(r"^[A-Za-z]:")
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)

Junk = Callable[[str], bool]
Counted = Callable[[int, int], None]


@dataclass(frozen=True)
class Entry:
    """One photo in a zip: its place in the zip and the path it unpacks to."""

    info: zipfile.ZipInfo
    path: PurePosixPath


class _BombError(Exception):
    """The whole zip is refused; the text says why."""


class _DamagedError(Exception):
    """One entry cannot be unpacked."""


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
    try:
        file = zipfile.ZipFile(archive)
    except PermissionError:
        refused = _refused(archive, "no_permission", "You have no permission to read the zip.")
        return (), (refused,)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        return (), (_refused(archive, "bad_zip", f"The zip is damaged ({error})."),)
    try:
        with file:
            entries, left_out = _entries(file, archive, is_junk)
            if file.infolist() and not entries and not left_out:
                left_out.append(_refused(archive, "unsupported", "The zip holds no photos."))
            _check_size(entries, archive, folder, maximum_bytes)
            paths = _unpack(file, entries, folder, archive, maximum_bytes, left_out, counted)
    except _BombError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return (), (_refused(archive, "zip_bomb", str(error)),)
    return paths, tuple(left_out)


def _refused(archive: Path, code: str, message: str, entry: str = "") -> LeftOut:
    name = f"{archive.name}/{entry}" if entry else archive.name
    return LeftOut(name, archive, Finding(code, message))


def _entries(
    file: zipfile.ZipFile, archive: Path, is_junk: Junk
) -> tuple[list[Entry], list[LeftOut]]:
    infos = file.infolist()
    if len(infos) > MAXIMUM_ENTRIES:
        raise _BombError(f"The zip has {len(infos)} entries; at most {MAXIMUM_ENTRIES} are read.")
    entries: list[Entry] = []
    left_out: list[LeftOut] = []
    others: list[PurePosixPath] = []
    taken: set[str] = set()
    for info in infos:
        name = _name(info)
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if info.is_dir() or not parts:
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
        path = free_name("/".join(portable_name(part) for part in parts), taken)
        entries.append(Entry(info, PurePosixPath(path)))
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


def portable_name(part: str) -> str:
    """Return a file name that every system can hold."""
    part = _FORBIDDEN.sub("_", part).rstrip(". ") or "_"
    return f"_{part}" if _RESERVED.match(part) else part


def free_name(name: str, taken: set[str]) -> str:
    """Return `name`, with a number in front of its last part where it is taken, and take it.

    Names that differ only in case count as one: they cannot lie in one folder on Windows.
    """
    front, slash, last = name.rpartition("/")
    result, number = name, 1
    while result.casefold() in taken:
        number += 1
        result = f"{front}{slash}{number}_{last}"
    taken.add(result.casefold())
    return result


def _check_size(entries: list[Entry], archive: Path, folder: Path, maximum_bytes: int) -> None:
    total = sum(entry.info.file_size for entry in entries)
    if total > maximum_bytes:
        raise _BombError(_too_large(maximum_bytes))
    free = resources.free_disk_bytes(folder)
    if total > free:
        raise StageError(
            "disk_full",
            f"{archive.name} unpacks to {total / 1e9:.1f} GB, and only {free / 1e9:.1f} GB of "
            "disk are free.",
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
    for done, entry in enumerate(entries):
        counted(done, len(entries))
        target = folder.joinpath(*entry.path.parts)
        try:
            written += _unpack_one(file, entry, target, written, maximum_bytes)
        except _DamagedError:
            target.unlink(missing_ok=True)
            left_out.append(
                _refused(archive, "unreadable", "The zip entry is damaged.", str(entry.path))
            )
            continue
        paths.append(target)
    counted(len(entries), len(entries))
    return tuple(paths)


def _unpack_one(
    file: zipfile.ZipFile, entry: Entry, target: Path, written: int, maximum_bytes: int
) -> int:
    """Unpack one entry after `written` bytes of others and return its bytes, counted."""
    limit = max(_FREE_RATIO_BYTES, int(entry.info.compress_size * MAXIMUM_RATIO))
    count = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        for block in _blocks(file, entry):
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


def _blocks(file: zipfile.ZipFile, entry: Entry) -> Iterator[bytes]:
    """Yield the unpacked bytes; what fails here is the zip's fault and not the disk's."""
    try:
        with file.open(entry.info) as source:
            while block := source.read(_BLOCK):
                yield block
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise _DamagedError from error
