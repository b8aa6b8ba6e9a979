"""The .sog file: a ZIP with a bundle's files at its root, stored and without surprises."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from spaceport_app import atomic, unzip
from spaceport_app.inside import OutsideError
from spaceport_app.sogs.bundle import META, Load, is_plain_name
from spaceport_app.sogs.textures import bad_bundle
from spaceport_app.unzip import DamagedZipError, UnsupportedZipError

_LARGEST_FILE = 1 << 30
_LARGEST_ARCHIVE = (1 << 32) - 1
_MOST_FILES = 64
_DATE = (1980, 1, 1, 0, 0, 0)


def write_archive(path: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` as a .sog: meta.json first, entries stored, same bytes every time.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; an older file stays.
    """
    names = sorted(files, key=lambda name: (name != META, name))
    with (
        atomic.replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED, allowZip64=False) as archive,
    ):
        for name in names:
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])


def read_archive(path: Path) -> Load:
    """Open a .sog and return a function that gives its files.

    Raises
    ------
    StageError
        ``bad_bundle`` if it is no ZIP, is cut short, or holds too many or too large files.
    OSError
        If the file cannot be read.
    """
    try:
        with unzip.opened(path) as archive:
            entries = archive.infolist()
    except OutsideError as error:
        raise bad_bundle(f"{path.name} is no regular file") from error
    except UnsupportedZipError as error:
        raise bad_bundle(f"{path.name} is not read: {error}") from error
    except DamagedZipError as error:
        raise bad_bundle(f"{path.name} is no complete .sog file") from error
    if len(entries) > _MOST_FILES:
        raise bad_bundle(f"{path.name} holds {len(entries):,} files")
    infos = {entry.filename: entry for entry in entries}
    sizes = {name: entry.file_size for name, entry in infos.items()}
    if len(infos) < len(entries):
        raise bad_bundle(f"{path.name} holds two files of one name")
    if sum(sizes.values()) > min(_LARGEST_ARCHIVE, 64 * path.stat().st_size + 4096):
        raise bad_bundle(f"{path.name} would unpack to {sum(sizes.values()):,} bytes")
    prefix = _folder_of_meta(sizes, path)

    def load(name: str) -> bytes:
        full = prefix + name
        if not is_plain_name(name) or full not in sizes:
            raise bad_bundle(f"{name} is missing from {path.name}")
        if sizes[full] > _LARGEST_FILE:
            raise bad_bundle(f"{name} in {path.name} is too large")
        try:
            with unzip.opened(path) as archive:
                return unzip.read(archive, infos[full])
        except (UnsupportedZipError, OutsideError) as error:
            raise bad_bundle(f"{name} in {path.name} is not read: {error}") from error
        except DamagedZipError as error:
            raise bad_bundle(f"{name} in {path.name} is damaged") from error

    return load


def _folder_of_meta(sizes: Mapping[str, int], path: Path) -> str:
    """Return the folder inside the archive that holds meta.json, as some tools zip a folder."""
    found = sorted((name for name in sizes if name == META or name.endswith(f"/{META}")), key=len)
    if not found:
        raise bad_bundle(f"{path.name} holds no {META}")
    return found[0][: -len(META)]
