"""The results of earlier steps out of one zip, without trusting the zip.

Callers of the original start a later step with an archive of the step before: the objects below
``colmap/ID/`` and ``3dgs/ID/``, each with its ``manifest.json``, or simply the folders ``sfm`` and
``splats`` of a project.
"""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from spaceport_app import resources, unzip
from spaceport_app.cloud import layout, wire
from spaceport_app.cloud.backend.api.names import check, check_all
from spaceport_app.cloud.backend.manifest import Entry, Manifest
from spaceport_app.errors import StageError
from spaceport_app.inside import OutsideError
from spaceport_app.photos.zips import MAXIMUM_ENTRIES, MAXIMUM_RATIO
from spaceport_app.unzip import DamagedZipError, UnsupportedZipError

_FREE_RATIO_BYTES = 1 << 20
_ENCRYPTED_FLAG = 0x1
_FILES = "files"


def unpack(archive: Path, name: str, folders: Collection[str], project: Path) -> None:
    """Unpack what lies in some folders of a project, each file checked where a manifest lists it.

    Parameters
    ----------
    archive : Path
        The zip.
    name : str
        What a person calls it.
    folders : collection of str
        Folders and files of the project that are taken; anything else is left in the zip.
    project : Path
        Where they go.

    Raises
    ------
    StageError
        ``bad_archive``, ``bad_name``, ``zip_bomb``, ``input_missing`` or ``input_damaged``.
    """
    try:
        with unzip.opened(archive) as file:
            infos = _entries(file, name)
            manifests = _manifests(file, infos, name)
            wanted = _wanted(infos, manifests, folders, name)
            _check_size(wanted.values(), name, project)
            for path, info in wanted.items():
                _write(file, info, project / path, _digest(manifests, info, path), name)
    except DamagedZipError as error:
        raise StageError(
            "bad_archive", f"{name} cannot be unpacked: {error}.", "Make the archive again."
        ) from error
    except (UnsupportedZipError, OutsideError) as error:
        raise StageError(
            "bad_archive", f"{name} is not read: {error}.", "Make a zip of plain files."
        ) from error


def _entries(file: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    found = file.infolist()
    if len(found) > MAXIMUM_ENTRIES:
        raise _bomb(name, f"has {len(found)} entries")
    infos = [info for info in found if not info.is_dir()]
    if any(info.header_offset < 0 for info in infos):
        raise _bad_archive(name, "its list of files leads outside it")
    try:
        check_all(info.orig_filename for info in infos)
    except ValueError as error:
        raise StageError(
            "bad_name", f"{name}: {error}", "Make the archive without such names."
        ) from error
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.flag_bits & _ENCRYPTED_FLAG:
            raise StageError(
                "bad_archive",
                f"{name} holds a link or an encrypted file ({info.orig_filename!a}).",
                "Make the archive of plain files.",
            )
    return {info.orig_filename: info for info in infos}


def _manifests(
    file: zipfile.ZipFile, infos: Mapping[str, zipfile.ZipInfo], name: str
) -> dict[str, Manifest]:
    """Return the lists of files in the zip by the folders that they lie in."""
    found = {}
    for path, info in infos.items():
        folder, _, last = path.rpartition("/")
        if last != layout.MANIFEST:
            continue
        if info.file_size > 64 << 20:
            raise _bomb(name, "has a manifest of over 64 MiB")
        try:
            found[folder] = Manifest.of(wire.read(unzip.read(file, info)))
            for entry in found[folder].files:
                check(entry.path)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise _damaged(name, path) from error
    return found


def _wanted(
    infos: Mapping[str, zipfile.ZipInfo],
    manifests: Mapping[str, Manifest],
    folders: Collection[str],
    name: str,
) -> dict[str, zipfile.ZipInfo]:
    """Return what is to be unpacked, by its path in the project."""
    wanted: dict[str, zipfile.ZipInfo] = {}
    for folder, manifest in manifests.items():
        for entry in manifest.files:
            if entry.path.partition("/")[0] not in folders:
                continue
            info = infos.get(_joined(folder, _FILES, entry.path)) or infos.get(
                _joined(folder, entry.path)
            )
            if info is None:
                raise StageError(
                    "input_missing",
                    f"{name} lists {entry.path}, and does not hold it.",
                    "Make the archive of the whole result of the step before.",
                )
            wanted[entry.path] = info
    if manifests:
        return wanted
    # Without a manifest: the folders themselves, at the top or in the one folder that is there.
    tops = {path.partition("/")[0] for path in infos}
    below = f"{next(iter(tops))}/" if len(tops) == 1 and not tops & set(folders) else ""
    for path, info in infos.items():
        inside = path.removeprefix(below)
        if inside.partition("/")[0] in folders:
            wanted[inside] = info
    return wanted


def _joined(*parts: str) -> str:
    return "/".join(part for part in parts if part)


def _digest(manifests: Mapping[str, Manifest], info: zipfile.ZipInfo, path: str) -> Entry | None:
    for folder, manifest in manifests.items():
        if info.orig_filename in (_joined(folder, _FILES, path), _joined(folder, path)):
            return next((entry for entry in manifest.files if entry.path == path), None)
    return None


def _check_size(wanted: Collection[zipfile.ZipInfo], name: str, project: Path) -> None:
    for info in wanted:
        if info.file_size > _FREE_RATIO_BYTES and (
            info.file_size > MAXIMUM_RATIO * max(1, info.compress_size)
        ):
            raise _bomb(name, f"unpacks {info.orig_filename!a} to over {MAXIMUM_RATIO:.0f} times")
    place = next(parent for parent in (project, *project.parents) if parent.is_dir())
    if sum(info.file_size for info in wanted) > resources.free_disk_bytes(place):
        raise _bomb(name, "unpacks to more than the disk holds")


def _write(
    file: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, entry: Entry | None, name: str
) -> None:
    """Unpack a file; its bytes are counted, not believed from the directory."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as unpacked:
        for block in unzip.blocks(file, info):
            size += len(block)
            if size > info.file_size:
                raise _bomb(name, f"holds more in {info.orig_filename!a} than it says")
            digest.update(block)
            unpacked.write(block)
    if entry is not None and (size, digest.hexdigest()) != (entry.size, entry.sha256):
        target.unlink()
        raise _damaged(name, entry.path)


def _bad_archive(name: str, why: str) -> StageError:
    return StageError(
        "bad_archive", f"{name} cannot be unpacked ({why}).", "Make the archive again."
    )


def _bomb(name: str, why: str) -> StageError:
    return StageError("zip_bomb", f"{name} {why}.", "Make a smaller archive of plain files.")


def _damaged(name: str, path: str) -> StageError:
    return StageError(
        "input_damaged", f"{path} in {name} is not what its manifest says.", "Make it again."
    )
