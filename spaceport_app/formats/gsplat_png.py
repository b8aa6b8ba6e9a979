"""The folder of PNG pictures that gsplat's ``PngCompression`` writes.

Layout of gsplat 1.5 (``gsplat/compression/png_compression.py``): every part a square picture of
values between limits in meta.json; positions of 16 bits in two pictures, as
``sign(x) ln(1 + |x|)``; harmonics above degree 0 as a palette in an .npz.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from spaceport_app import inside, room, unzip
from spaceport_app.errors import StageError
from spaceport_app.formats.model import Doubles, Format, Found, Raw
from spaceport_app.formats.names import unused
from spaceport_app.sogs.bundle import META, count_of, numbers_of, parse_meta
from spaceport_app.sogs.file import is_gsplat
from spaceport_app.sogs.quantize import decode_positions
from spaceport_app.splats.model import Floats

_PARTS = {"means": 3, "scales": 3, "quats": 4, "opacities": 1, "sh0": 3}
_HARMONICS = "shN"
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_COEFFICIENTS = {0: 0, 3: 3, 8: 8, 15: 15, 24: 15}
_LARGEST_META = 1 << 22
_LARGEST_FILE = 1 << 30
_BYTES_A_GAUSSIAN = 400
_MOST_BITS = 8
_MOST_ENTRIES = 1 << 16
_LONGEST_HEADER = 4096


def recognises(found: Found) -> bool:
    """Whether it is such a folder, or its meta.json."""
    folder = found.path if found.path.is_dir() else found.path.parent
    if not found.path.is_dir() and found.path.name != META:
        return False
    if not (folder / "means_l.png").is_file():
        return False
    try:
        return is_gsplat(_meta(folder))
    except (StageError, OSError):
        return False


def read(path: Path) -> Raw:
    """Read such a folder, or the one that a meta.json lies in.

    Raises
    ------
    StageError
        ``bad_gsplat_folder`` if a part is missing, damaged or too small; ``not_enough_memory``.
    OSError
        If a file cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    try:
        meta = _meta(folder)
        n = _count(meta)
        room.require(_BYTES_A_GAUSSIAN * n, f"{folder.name} with {n:,} Gaussians")
        values = {name: _part(folder, meta, name, n, _PARTS[name]) for name in _PARTS}
        sh = np.concatenate((values["sh0"][:, None], _harmonics(folder, meta, n)), axis=1)
    except inside.OutsideError as error:
        raise _bad(str(error)) from error
    except StageError as error:
        if error.code != "bad_bundle":
            raise
        raise _bad(error.message.split(": ", 1)[-1].rstrip(".")) from error
    others = tuple(name for name in meta if name not in _PARTS and name != _HARMONICS)
    return Raw(
        "PNG folder of gsplat",
        values["means"].astype(np.float32),
        values["scales"].astype(np.float32),
        values["quats"].astype(np.float32),
        values["opacities"][:, 0].astype(np.float32),
        np.ascontiguousarray(sh, np.float32),
        unused=others,
        notes=unused(others),
    )


def _meta(folder: Path) -> dict[str, Any]:
    return parse_meta(inside.read_regular(folder / META, _LARGEST_META, follow=False))


def _count(meta: Mapping[str, Any]) -> int:
    shape = _of(meta, "means").get("shape")
    return count_of(shape[0] if isinstance(shape, list) and shape else None, "shape of means")


def _of(meta: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = meta.get(name)
    if not isinstance(part, dict):
        raise _bad(f"{META} has no part {name}")
    return part


def _part(folder: Path, meta: Mapping[str, Any], name: str, n: int, channels: int) -> Doubles:
    """Return the values (n, channels) of one part."""
    part = _of(meta, name)
    lows, highs = (_limits(part, name, end, channels) for end in ("mins", "maxs"))
    with np.errstate(over="ignore", invalid="ignore"):
        if name == "means":
            low, high = (_picture(folder / f"means_{end}.png", n, channels) for end in "lu")
            cells = low | (high.astype(np.uint16) << np.uint16(8))
            return decode_positions(cells, lows, highs).astype(np.float64)
        return lows + (highs - lows) * (_picture(folder / f"{name}.png", n, channels) / 255.0)


def _limits(part: Mapping[str, Any], name: str, end: str, channels: int) -> Doubles:
    value = part.get(end)
    # Of parts with an axis of length 1, as colours have, the limits are lists in a list.
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    return numbers_of(value, f"{end} of {name}", channels)


def _picture(path: Path, n: int, channels: int) -> npt.NDArray[np.uint8]:
    """Return the first n pixels of a picture, (n, channels), 0 to 255."""
    try:
        data = inside.read_regular(path, _LARGEST_FILE, follow=False)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if picture.mode != _MODES[channels] or picture.width * picture.height != n:
                raise _bad(f"{path.name} is {picture.width} x {picture.height} {picture.mode}")
            return np.asarray(picture, np.uint8).reshape(n, channels)
    except FileNotFoundError as error:
        raise _bad(f"{path.name} is missing") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        if inside.is_of_system(error):
            raise
        raise _bad(f"{path.name} is damaged") from error
    except Image.DecompressionBombError as error:
        raise _bad(f"{path.name} is too large") from error


def _harmonics(folder: Path, meta: Mapping[str, Any], n: int) -> Floats:
    """Return the harmonics above degree 0, (n, K, 3)."""
    if meta.get(_HARMONICS) is None:
        return np.empty((n, 0, 3), np.float32)
    part = _of(meta, _HARMONICS)
    shape = part.get("shape")
    whole = shape[1] if isinstance(shape, list) and len(shape) == 3 else None
    if not isinstance(whole, int) or whole not in _COEFFICIENTS or shape != [n, whole, 3]:
        raise _bad(f"{_HARMONICS} has a shape that no harmonics have")
    if whole == 0:
        return np.empty((n, 0, 3), np.float32)
    palette, labels = _npz(folder / f"{_HARMONICS}.npz", 3 * whole, n)
    if len(palette) == 0 or int(labels.max()) >= len(palette):
        raise _bad(f"{_HARMONICS}.npz points beyond its palette")
    low, high = (
        float(numbers_of(part.get(end), f"{end} of shN", 1)[0]) for end in ("mins", "maxs")
    )
    bits = count_of(part.get("quantization"), "quantization of shN", _MOST_BITS)
    entries = low + (high - low) * (palette / float((1 << bits) - 1))
    kept = entries.reshape(-1, whole, 3)[:, : _COEFFICIENTS[whole]].astype(np.float32)
    found: Floats = kept[labels]
    return found


def _npz(path: Path, columns: int, n: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """Return the palette (M, columns) and the labels (n,) of an .npz, of those sizes alone."""
    try:
        with unzip.opened(path) as archive:
            palette = _array(archive, "centroids.npy", np.dtype(np.uint8), _MOST_ENTRIES * columns)
            labels = _array(archive, "labels.npy", np.dtype(np.uint16), n)
    except FileNotFoundError as error:
        raise _bad(f"{path.name} is missing") from error
    except (unzip.ZipError, KeyError, ValueError, EOFError, SyntaxError) as error:
        raise _bad(f"{path.name} is damaged") from error
    labels = labels.reshape(-1)
    if palette.shape[1:] != (columns,) or len(labels) != n:
        raise _bad(f"{path.name} holds arrays of another shape")
    return palette, labels


def _array(archive: zipfile.ZipFile, name: str, kind: np.dtype[Any], most: int) -> npt.NDArray[Any]:
    """Return one array of an .npz; NumPy's own reader takes the room that a header asks for."""
    info = archive.getinfo(name)
    if info.file_size > most * kind.itemsize + _LONGEST_HEADER:
        raise ValueError("more than there can be")
    data = io.BytesIO(unzip.read(archive, info))
    if np.lib.format.read_magic(data) != (1, 0):
        raise ValueError("an array of another version")
    shape, columns_first, found = np.lib.format.read_array_header_1_0(data)
    if found != kind:
        raise ValueError("an array of another type")
    values = np.frombuffer(data.read(), kind, math.prod(shape))
    return values.reshape(shape, order="F" if columns_first else "C")


def _bad(what: str) -> StageError:
    return StageError(
        "bad_gsplat_folder",
        f"The PNG folder of gsplat cannot be read: {what}.",
        "Export it again as .ply.",
    )


FORMAT = Format("PNG folder of gsplat", (META,), recognises, read)
