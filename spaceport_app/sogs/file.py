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
import numpy.typing as npt

from spaceport_app import inside, removing
from spaceport_app.errors import StageError
from spaceport_app.events import Report, ignore
from spaceport_app.sogs import parts, version1, version2
from spaceport_app.sogs.archive import read_archive, write_archive
from spaceport_app.sogs.bundle import (
    META,
    Bundle,
    Load,
    encode_meta,
    is_plain_name,
    numbers_of,
    parse_meta,
    shown,
)
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.sogs.textures import bad_bundle
from spaceport_app.splats.model import Splats

FORMATS = ("sog", "sog-folder", "sogs")
"""Formats that `write` makes."""

OFFSET = "offset"
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
    if not path.exists():
        raise bad_bundle(f"{path.name} does not exist")
    if _is_json(path):
        return _folder(path.parent, path.name)
    return read_archive(path)


def decode(load: Load) -> Splats:
    """Decode the bundle whose files `load` gives, whichever version it is.

    Raises
    ------
    StageError
        ``bad_bundle`` if it breaks the specification or is of an unknown version.
    """
    meta = parse_meta(load(META))
    if version_of(meta) == 1:
        return _finite(version1.decode, meta, load)
    return _finite(version2.decode, meta, load)


def version_of(meta: Mapping[str, Any]) -> int:
    """Return the version of a bundle, 1 or 2, by its meta.json.

    Raises
    ------
    StageError
        ``unknown_version`` if it is newer; ``streamed_sog`` or ``gsplat_folder`` if it is no
        meta.json of a bundle but one of these; ``bad_bundle`` if it is of none of them.
    """
    version = meta.get("version")
    if is_streamed(meta):
        raise StageError(
            "streamed_sog",
            "It is a streamed SOG (lod-meta.json), which holds several levels of detail.",
            "Name the folder of one of its parts, such as 0_0: each is a SOG by itself, and the "
            "first number is the level, 0 the finest.",
        )
    if is_gsplat(meta):
        raise StageError(
            "gsplat_folder",
            "It is a folder of PNG pictures by gsplat, and no SOG.",
            "Name the folder itself.",
        )
    if version is None or (version == 1 and not isinstance(version, bool)):
        return 1
    if version == 2:
        return 2
    if isinstance(version, int) and not isinstance(version, bool) and version > 2:
        raise StageError(
            "unknown_version",
            f"It is SOG of version {shown(version)}, newer than Spaceport reads (1 and 2).",
            "Export it as version 2 with the program that wrote it, or use a newer Spaceport.",
        )
    raise bad_bundle(f"{META} is of SOG version {shown(version)}, which there is not")


def begins_as_json(head: bytes) -> bool:
    """Whether a file that begins with `head` may be a meta.json, and is no zip."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def is_streamed(meta: Mapping[str, Any]) -> bool:
    """Whether it is the lod-meta.json of a streamed SOG (PlayCanvas, "Streamed SOG", version 1)."""
    return "tree" in meta and "filenames" in meta


def is_gsplat(meta: Mapping[str, Any]) -> bool:
    """Whether it is the meta.json of gsplat's ``PngCompression``: no part of it names files."""
    parts = [meta.get(name) for name in ("means", "opacities")]
    return all(isinstance(one, dict) and "files" not in one for one in parts)


def offset_of(meta: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Return what a meta.json says was taken off the positions, (3,) in the axes of the file.

    Spaceport writes it as ``extras.offset``, which readers of the specification pass over.
    """
    extras = meta.get("extras")
    value = extras.get(OFFSET) if isinstance(extras, dict) else None
    return np.zeros(3) if value is None else numbers_of(value, "offset of extras", 3)


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
    return says_antialiased(parse_meta(load(META)))


def says_antialiased(meta: Mapping[str, Any]) -> bool:
    """Whether a meta.json says so; older writers have ``antialias`` instead of ``model``."""
    return meta.get("model") == "antialiased" or meta.get("antialias") is True


def write(
    path: Path,
    splats: Splats,
    format: str = "sog",
    options: CompressOptions | None = None,
    report: Report = ignore,
    *,
    antialiased: bool = False,
    offset: npt.NDArray[np.float64] | None = None,
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
    offset : float64 array, shape (3,), optional
        What was taken off the positions, to be kept in meta.json.

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
    if offset is not None and offset.any():
        bundle = _with_offset(bundle, offset)
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


def _with_offset(bundle: Bundle, offset: npt.NDArray[np.float64]) -> Bundle:
    meta = parse_meta(bundle.files[META])
    meta["extras"] = {OFFSET: offset.tolist()}
    return Bundle({**bundle.files, META: encode_meta(meta)}, bundle.order)


def _is_json(path: Path) -> bool:
    """Whether a file is a meta.json, whatever it is called: zips begin otherwise."""
    if path.suffix.lower() == ".json":
        return True
    try:
        with inside.open_regular(path) as file:
            return begins_as_json(file.read(64))
    except inside.OutsideError as error:
        raise bad_bundle(f"{path.name} is no regular file") from error


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
