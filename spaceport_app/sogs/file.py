"""Bundles on disk: .sog files, SOG folders and the older SOGS folders."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spaceport_app import inside, removing
from spaceport_app.errors import StageError
from spaceport_app.events import Report, ignore
from spaceport_app.sogs import parts, version1, version2
from spaceport_app.sogs.archive import read_archive, write_archive
from spaceport_app.sogs.bundle import META, Bundle, Load, is_plain_name, parse_meta, shown
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.sogs.textures import bad_bundle
from spaceport_app.splats.model import Splats

FORMATS = ("sog", "sog-folder", "sogs")
"""Formats that `write` makes."""

_LARGEST_META = 1 << 26
_BLOCK = 1 << 18
_LARGEST_FILE = 1 << 30
_FILES = frozenset(
    (
        META,
        *parts.POSITION_FILES,
        parts.QUATERNION_FILE,
        parts.SCALE_FILE,
        parts.COLOUR_FILE,
        *parts.PALETTE_FILES,
    )
)


def read(path: Path) -> Splats:
    """Read a .sog, a folder with a meta.json, or that meta.json, of either version.

    Raises
    ------
    StageError
        ``bad_bundle`` if it cannot be understood: the message says what is wrong with it.
    OSError
        If a file cannot be read.
    """
    return decode(open_bundle(path))


def open_bundle(path: Path) -> Load:
    """Return a function that gives the files of the bundle at `path`.

    Raises
    ------
    StageError
        ``bad_bundle`` if there is no bundle.
    """
    if path.is_dir():
        return _folder(path)
    if path.suffix.lower() == ".json":
        return _folder(path.parent, path.name)
    if not path.exists():
        raise bad_bundle(f"{path.name} does not exist")
    return read_archive(path)


def decode(load: Load) -> Splats:
    """Decode the bundle whose files `load` gives, whichever version it is.

    Raises
    ------
    StageError
        ``bad_bundle`` if it breaks the specification or is of an unknown version.
    """
    meta = parse_meta(load(META))
    version = meta.get("version")
    if version is None:
        return _finite(version1.decode, meta, load)
    if version == 2:
        return _finite(version2.decode, meta, load)
    raise StageError(
        "unknown_version",
        f"The bundle is of SOG version {shown(version)}, which Spaceport does not know.",
        "Convert it to version 2, or use a newer Spaceport.",
    )


def checked_files(load: Load) -> dict[str, bytes]:
    """Return all files of a bundle by name, once these very bytes have been decoded.

    Only what has a bundle's own names is among them: whatever else a meta.json of somebody else
    names, or a folder holds, is not passed on.

    Raises
    ------
    StageError
        ``bad_bundle`` if it breaks the specification, is of an unknown version, or calls its
        textures otherwise.
    """
    files: dict[str, bytes] = {}

    def keep(name: str) -> bytes:
        if name not in _FILES:
            raise bad_bundle(f"{META} names {_quoted(name)}, which no bundle holds")
        if name not in files:
            files[name] = load(name)
        return files[name]

    decode(keep)
    return files


def texture_names(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the textures that a meta.json names, those alone that a bundle's can be called."""
    found: dict[str, None] = {}
    for part in meta.values():
        names = part.get("files") if isinstance(part, dict) else None
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str) and name in _FILES and name != META:
                found[name] = None
    return tuple(found)


def is_antialiased(load: Load) -> bool:
    """Whether the bundle says that it was trained antialiased (``model`` in its meta.json).

    Raises
    ------
    StageError
        ``bad_bundle`` if its meta.json cannot be read.
    """
    return parse_meta(load(META)).get("model") == "antialiased"


def write(
    path: Path,
    splats: Splats,
    format: str = "sog",
    options: CompressOptions | None = None,
    report: Report = ignore,
    *,
    antialiased: bool = False,
) -> Bundle:
    """Encode `splats` and write them in one step: an older bundle at `path` stays until then.

    Parameters
    ----------
    path : Path
        The .sog file, or the folder for the two folder formats.
    splats : Splats
    format : str
        ``"sog"``, ``"sog-folder"`` (version 2) or ``"sogs"`` (version 1).
    options : CompressOptions, optional
    report : Report, optional
    antialiased : bool
        Whether the scene was trained antialiased; version 1 cannot say so.

    Returns
    -------
    Bundle
        What was written, with the order of its Gaussians.

    Raises
    ------
    StageError
        ``disk_full``, ``not_writable``, ``not_finite``, ``no_gaussians`` or
        ``too_many_gaussians``.
    """
    if format not in FORMATS:
        raise ValueError(f"Format must be one of {', '.join(FORMATS)}.")
    options = options or CompressOptions()
    if format == "sogs":
        bundle = version1.encode(splats, options, report)
    else:
        bundle = version2.encode(splats, options, report, antialiased=antialiased)
    if format == "sog":
        write_sog(path, bundle.files)
    else:
        write_folder(path, bundle.files)
    return bundle


def write_sog(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a bundle's files as a .sog.

    Raises
    ------
    StageError
        ``disk_full`` or ``not_writable``; an older file stays as it was.
    """
    with writing(path):
        write_archive(path, files)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a bundle's files into the folder `path`, replacing the bundle that is there.

    Raises
    ------
    StageError
        ``disk_full`` or ``not_writable``, or ``not_a_bundle`` if the folder holds anything
        but a bundle; what is there stays as it was.
    """
    if path.exists() and not path.is_dir():
        raise StageError(
            "not_a_bundle", f"{path.name} is a file.", "Choose another name for the folder."
        )
    if path.is_dir() and any(not _belongs_to_bundle(entry) for entry in path.iterdir()):
        raise StageError(
            "not_a_bundle",
            f"The folder {path.name} holds other files.",
            "Choose a new or empty folder for the bundle.",
        )
    with writing(path):
        fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        old = fresh.with_name(f"{fresh.name}.old")
        try:
            fresh.chmod(0o755)
            for name, data in files.items():
                with (fresh / name).open("wb") as part:
                    part.write(data)
                    part.flush()
                    os.fsync(part.fileno())
            if path.is_dir():
                path.rename(old)
            try:
                fresh.rename(path)
            except OSError:
                if old.is_dir():
                    old.rename(path)
                raise
        finally:
            removing.try_to_remove(fresh)
            removing.try_to_remove(old)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn failures to write `path` into errors that a person can mend.

    Raises
    ------
    StageError
        ``disk_full`` or ``not_writable``.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StageError(
                "disk_full",
                f"The disk is full, {path.name} was not written.",
                "Free some space and try again.",
            ) from error
        raise StageError(
            "not_writable",
            f"{path.name} cannot be written: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        ) from error


def _finite(
    decode: Callable[[Mapping[str, Any], Load], Splats], meta: Mapping[str, Any], load: Load
) -> Splats:
    """Decode, and refuse limits so wide that values leave the range of float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        splats = decode(meta, load)
    for values in (splats.means, splats.log_scales, splats.opacity_logits, splats.sh):
        starts = range(0, len(values), _BLOCK)
        if not all(np.isfinite(values[start : start + _BLOCK]).all() for start in starts):
            raise bad_bundle(f"{META} holds limits that no value can have")
    return splats


def _folder(folder: Path, meta: str = META) -> Load:
    def load(name: str) -> bytes:
        if not is_plain_name(name):
            raise bad_bundle(f"{META} names a file that is no plain file name")
        path = folder / (meta if name == META else name)
        # The folder is where the person says; what lies in it may be anybody's.
        try:
            limit = _LARGEST_META if name == META else _LARGEST_FILE
            return inside.read_regular(path, limit, follow=False)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise bad_bundle(f"{_quoted(name)} is missing from {folder.name}") from error
        except inside.OutsideError as error:
            raise bad_bundle(str(error)) from error

    return load


def _quoted(name: str) -> str:
    return name if name in _FILES else repr(name[:60])


def _belongs_to_bundle(path: Path) -> bool:
    return path.name in _FILES and (inside.is_link(path) or path.is_file())
