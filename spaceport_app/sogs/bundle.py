"""A bundle in memory: the textures and meta.json that make up one compressed scene."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app import records, room
from spaceport_app.errors import StageError
from spaceport_app.sogs.textures import bad_bundle
from spaceport_app.splats.model import Floats, Splats

Load = Callable[[str], bytes]
"""Gives the bytes of one file of a bundle by its name."""

META = "meta.json"
_LONGEST_NAME = 100
_LONGEST_SHOWN = 20

# Positions, scales, rotations and opacities in float32, and the textures of colours and labels.
_BYTES_A_GAUSSIAN = 44 + 20
_BLOCK = 1 << 14
# Positions of 16 bits an axis do not shrink to a thousandth, except in a scene of one place.
_FEW_GAUSSIANS = 1_000_000
_MOST_GAUSSIANS_A_BYTE = 1000


@dataclass(frozen=True)
class Bundle:
    """An encoded scene.

    Parameters
    ----------
    files : mapping of str to bytes
        Textures and meta.json by file name.
    order : intp array, shape (N,)
        Stored Gaussian i was number ``order[i]`` of the scene that was encoded.
    """

    files: Mapping[str, bytes]
    order: npt.NDArray[np.intp]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(len(data) for data in self.files.values())


def encode_meta(meta: dict[str, Any]) -> bytes:
    """Return meta.json as compact UTF-8."""
    return json.dumps(meta, separators=(",", ":"), allow_nan=False).encode("utf-8")


def parse_meta(data: bytes) -> dict[str, Any]:
    """Parse meta.json.

    Raises
    ------
    StageError
        ``bad_bundle`` if it is no JSON object.
    """
    try:
        meta = records.parse(data)
    except records.RecordError as error:
        raise bad_bundle(f"{META} is no JSON: {error}") from error
    if not isinstance(meta, dict):
        raise bad_bundle(f"{META} is no JSON object")
    return meta


def check_encodable(splats: Splats) -> None:
    """Refuse scenes that no bundle can hold.

    Raises
    ------
    StageError
        ``no_gaussians`` for an empty scene, ``not_finite`` where values are NaN or infinite.
    """
    if len(splats) == 0:
        raise StageError(
            "no_gaussians",
            "The scene has no Gaussians.",
            "Train again, or choose another file.",
        )
    bad = ~splats.finite
    if bad.any():
        raise StageError(
            "not_finite",
            f"{int(bad.sum()):,} of {len(splats):,} Gaussians hold values that are no numbers, "
            f"the first is number {int(np.argmax(bad)) + 1:,}.",
            "Remove them from the file, or train again.",
        )


def count_of(value: object, what: str, largest: int = 16_383**2) -> int:
    """Return a count from meta.json, at least 1.

    Raises
    ------
    StageError
        ``bad_bundle`` if it is no whole number from 1 to `largest`.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= largest:
        raise bad_bundle(f"{what} is not a number from 1 to {largest:,}")
    return value


def numbers_of(value: object, what: str, count: int) -> npt.NDArray[np.float64]:
    """Return `count` finite numbers from meta.json.

    Raises
    ------
    StageError
        ``bad_bundle`` if there are more or fewer, or any is not finite.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list) or len(value) != count:
        raise bad_bundle(f"{what} is not a list of {count} numbers")
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in value):
        raise bad_bundle(f"{what} holds something that is no number")
    if not all(math.isfinite(v) for v in value):
        raise bad_bundle(f"{what} holds a number that is not finite")
    return np.array(value, np.float64)


def section(meta: Mapping[str, Any], name: str, files: int) -> dict[str, Any]:
    """Return one part of meta.json after checking that it names its files.

    Raises
    ------
    StageError
        ``bad_bundle`` if it is missing, or names paths instead of plain file names.
    """
    part = meta.get(name)
    if not isinstance(part, dict):
        raise bad_bundle(f"{META} has no part {name}")
    names = part.get("files")
    if not isinstance(names, list) or len(names) != files:
        raise bad_bundle(f"{name} does not name {files} files")
    for entry in names:
        if not isinstance(entry, str) or not is_plain_name(entry):
            raise bad_bundle(f"{name} names a file that is no plain file name")
    return part


def is_plain_name(name: str) -> bool:
    """Whether `name` is a file name without any folder, and fit to be shown."""
    plain = 0 < len(name) <= _LONGEST_NAME and name.isprintable()
    return plain and name not in (".", "..") and not set(name) & set("/\\:")


def shown(value: object) -> str:
    """Return a value of meta.json as a message may repeat it: no text of any length or marks."""
    if isinstance(value, int | float):
        return str(value)
    plain = isinstance(value, str) and len(value) <= _LONGEST_SHOWN and value.isalnum()
    return str(value) if plain else "something else"


def check_room(count: int, coefficients: int) -> None:
    """Make sure that a scene of `count` Gaussians fits into memory before any of it is decoded.

    Raises
    ------
    StageError
        ``not_enough_memory``.
    """
    each = _BYTES_A_GAUSSIAN + 12 * (1 + coefficients)
    room.require(each * count, f"The bundle of {count:,} Gaussians")


def check_plausible(count: int, held: int) -> None:
    """Refuse a bundle whose positions take fewer bytes than those of any scene could.

    Raises
    ------
    StageError
        ``bad_bundle``.
    """
    if count > max(_FEW_GAUSSIANS, _MOST_GAUSSIANS_A_BYTE * held):
        raise bad_bundle(f"it names {count:,} Gaussians, and their positions take {held:,} bytes")


def harmonics(dc: Floats, palette: tuple[Floats, npt.NDArray[np.uint16]] | None = None) -> Floats:
    """Join colours (N, 3) and, of a palette (M, K, 3), the entries (N,) to (N, 1 + K, 3)."""
    if palette is None:
        return np.ascontiguousarray(dc[:, None], np.float32)
    entries, labels = palette
    found = np.empty((len(dc), 1 + entries.shape[1], 3), np.float32)
    found[:, 0] = dc
    for start in range(0, len(dc), _BLOCK):
        found[start : start + _BLOCK, 1:] = entries[labels[start : start + _BLOCK]]
    return found
