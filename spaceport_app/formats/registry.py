"""All formats of splats that are read, and the one door to them."""

from __future__ import annotations

from pathlib import Path

from spaceport_app import inside
from spaceport_app.errors import StageError
from spaceport_app.formats import compressed_ply, gsplat_png, ply, sog, splat, spz
from spaceport_app.formats.model import Format, Found, Read
from spaceport_app.formats.values import usable

FORMATS: tuple[Format, ...] = (
    compressed_ply.FORMAT,
    ply.FORMAT,
    spz.FORMAT,
    gsplat_png.FORMAT,
    sog.FORMAT,
    # Last, since it has no mark of its own.
    splat.FORMAT,
)
"""In the order in which they are asked whether a file is theirs."""

REMEDY = "Name a .ply, .sog, .spz or .splat file, a SOG folder or its meta.json."
_HEAD = 1 << 16


def recognised(path: Path) -> Format | None:
    """Return the format of a file or folder by its content, or None.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    found = _found(path)
    if found is None:
        return None
    return next((one for one in FORMATS if one.recognises(found)), None)


def read(path: Path) -> Read:
    """Read splats of any program, whatever the file is called.

    Raises
    ------
    StageError
        ``not_found``, ``unknown_file`` if it holds none that are known, ``nothing_usable``, or
        what the reader of its format raises.
    OSError
        If it cannot be read.
    """
    if not path.exists():
        raise StageError("not_found", f"There is no {path}.", "Check the spelling.")
    format = recognised(path)
    if format is None:
        raise _unknown(path)
    return usable(format.read(path), path.name)


def _found(path: Path) -> Found | None:
    if path.is_dir():
        return Found(path, b"", 0)
    try:
        with inside.open_regular(path) as file:
            return Found(path, file.read(_HEAD), path.stat().st_size)
    except inside.OutsideError:
        return None


def _unknown(path: Path) -> StageError:
    if path.is_dir():
        return StageError("unknown_file", f"{path} is no folder of splats.", REMEDY)
    if path.is_file() and not path.stat().st_size:
        return StageError("unknown_file", f"{path.name} is empty.", "Export or download it again.")
    return StageError("unknown_file", f"{path.name} holds no splats that Spaceport knows.", REMEDY)
