"""The Stanford PLY container: named tables of numbers, nothing about what they mean.

Specification: Greg Turk, "The PLY Polygon File Format", 1994.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from spaceport_app import atomic, inside, room
from spaceport_app.errors import StageError

_TYPES = {
    "char": "i1",
    "int8": "i1",
    "uchar": "u1",
    "uint8": "u1",
    "short": "i2",
    "int16": "i2",
    "ushort": "u2",
    "uint16": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}
_NAMES = {
    "i1": "char",
    "u1": "uchar",
    "i2": "short",
    "u2": "ushort",
    "i4": "int",
    "u4": "uint",
    "f4": "float",
    "f8": "double",
}
_HEADER_LIMIT = 1 << 20
_LINES = 4096
_LONGEST_LINE = 1 << 16

Table = npt.NDArray[np.void]


def read_vertices(path: Path) -> Table:
    """Read the ``vertex`` element of a PLY file, ASCII or binary of either byte order.

    Returns
    -------
    structured array, shape (N,)
        One field a property, in file order.

    Raises
    ------
    StageError
        ``bad_ply`` if it is no PLY file, is cut short or has no vertices;
        ``not_enough_memory``.
    OSError
        If the file cannot be read.
    """
    with _regular(path) as file:
        order, elements, header_bytes = _read_header(file.read(_HEADER_LIMIT), path)
        file.seek(header_bytes)
        for name, count, fields in elements:
            if any(kind == "list" for _, kind in fields):
                raise _bad(path, f"has a list in element {name} before its vertices")
            table = _read_table(file, order, count, fields, path)
            if name == "vertex":
                return table
    raise _bad(path, "has no vertices")


def write_vertices(path: Path, table: Table, comments: tuple[str, ...] = ()) -> None:
    """Write a structured array as the ``vertex`` element of a binary little-endian PLY.

    Raises
    ------
    OSError
        If the file cannot be written; an older file at `path` is then kept.
    """
    names = table.dtype.names or ()
    lines = ["ply", "format binary_little_endian 1.0", *(f"comment {c}" for c in comments)]
    lines.append(f"element vertex {len(table)}")
    for name in names:
        lines.append(f"property {_NAMES[table.dtype[name].str[1:]]} {name}")
    lines.append("end_header\n")
    packed = np.dtype([(name, "<" + table.dtype[name].str[1:]) for name in names])
    with atomic.replacing(path) as temporary, temporary.open("wb") as file:
        file.write("\n".join(lines).encode("ascii"))
        file.write(table.astype(packed).tobytes())


def _bad(path: Path, what: str) -> StageError:
    return StageError("bad_ply", f"{path.name} {what}.", "Export it again as PLY and retry.")


def _read_header(
    start: bytes, path: Path
) -> tuple[str, list[tuple[str, int, list[tuple[str, str]]]], int]:
    if not start.startswith((b"ply\n", b"ply\r\n")):
        raise _bad(path, "is not a PLY file")
    marker = start.find(b"end_header")
    end = start.find(b"\n", marker)
    if marker < 0 or end < 0:
        raise _bad(path, "has no complete PLY header")
    order = ""
    elements: list[tuple[str, int, list[tuple[str, str]]]] = []
    try:
        for line in start[:marker].decode("latin-1").splitlines()[1:]:
            words = line.split()
            if not words or words[0] in ("comment", "obj_info"):
                continue
            if words[0] == "format":
                order = {"ascii": "a", "binary_little_endian": "<", "binary_big_endian": ">"}[
                    words[1]
                ]
            elif words[0] == "element":
                elements.append((words[1], _count(words[2]), []))
            elif words[0] == "property" and words[1] == "list":
                elements[-1][2].append((words[4], "list"))
            elif words[0] == "property":
                elements[-1][2].append((words[2], _TYPES[words[1]]))
    except (KeyError, IndexError, ValueError) as error:
        raise _bad(path, "has a PLY header that cannot be read") from error
    if not order:
        raise _bad(path, "does not name its PLY format")
    if any(len(dict(fields)) < len(fields) for _, _, fields in elements):
        raise _bad(path, "names a property twice")
    return order, elements, end + 1


def _count(word: str) -> int:
    count = int(word)
    if count < 0:
        raise ValueError("a negative number of rows")
    return count


def _read_table(
    file: BinaryIO, order: str, count: int, fields: list[tuple[str, str]], path: Path
) -> Table:
    # A row takes at least a byte, and in words each number a digit and what parts it from the
    # next: so a wrong header asks for no memory that the file never fills.
    least = max(1, 2 * len(fields) - 1) if order == "a" else 1
    if least * count > path.stat().st_size:
        raise _bad(path, "is cut short")
    kinds = [(name, kind if order == "a" else order + kind) for name, kind in fields]
    dtype = np.dtype(kinds)
    # Once as it is read, and once more as what the caller makes of it.
    room.require(2 * dtype.itemsize * count, f"{path.name} with {count:,} rows")
    if order == "a":
        return _read_lines(file, count, dtype, path)
    wanted = dtype.itemsize * count
    if wanted > path.stat().st_size:
        raise _bad(path, "is cut short")
    data = file.read(wanted)
    if len(data) < wanted:
        raise _bad(path, "is cut short")
    return np.frombuffer(data, dtype=dtype, count=count)


def _read_lines(file: BinaryIO, count: int, dtype: np.dtype[np.void], path: Path) -> Table:
    """Read rows of numbers in words, some at a time: as words they take ten times the room."""
    table = np.empty(count, dtype)
    for start in range(0, count, _LINES):
        end = min(start + _LINES, count)
        rows = [tuple(file.readline(_LONGEST_LINE).split()) for _ in range(start, end)]
        try:
            table[start:end] = np.array(rows, dtype=dtype)
        # An integer may be out of its type's range.
        except (ValueError, OverflowError) as error:
            raise _bad(path, "is cut short or damaged") from error
    return table


def _regular(path: Path) -> BinaryIO:
    try:
        return inside.open_regular(path)
    except inside.OutsideError as error:
        raise _bad(path, "is no regular file") from error
