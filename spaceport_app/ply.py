"""The Stanford PLY container: named tables of numbers, nothing about what they mean.

Specification: Greg Turk, "The PLY Polygon File Format", 1994.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

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
    # Of no specification, but written.
    "int64": "i8",
    "uint64": "u8",
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
_ORDERS = {"ascii": "a", "binary_little_endian": "<", "binary_big_endian": ">"}
_MAGIC = re.compile(rb"ply[ \t]*(\r\n|\n|\r)")
_END = re.compile(rb"[\r\n]end_header[ \t]*(\r\n|\n|\r)")
_HEADER_LIMIT = 1 << 20
_BLOCK = 1 << 20
_TEXT_BLOCK = 1 << 18
"""Bytes of words at once: as numbers of Python they take ten times the room."""
_LONGEST_SHOWN = 40

# What Microsoft's C library prints for numbers that are none (before 2015, and since).
_ODD_WORD = re.compile(rb"([+-]?)(?:1\.#)?(inf(?:inity)?|ind|qnan|snan|nan)0*(?:\(\w*\))?", re.I)

Table = npt.NDArray[np.void]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Property:
    """One property of an element.

    Parameters
    ----------
    name : str
    kind : str
        NumPy's code of its numbers without byte order, such as ``"f4"``.
    length : str
        For a list, the code of the count before it; else empty.
    """

    name: str
    kind: str
    length: str = ""


@dataclass(frozen=True)
class Element:
    """One table of a file: `count` rows of `properties`."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the properties, in file order."""
        return tuple(one.name for one in self.properties)

    @property
    def has_lists(self) -> bool:
        """Whether rows differ in length."""
        return any(one.length for one in self.properties)


@dataclass(frozen=True)
class Header:
    """What stands before the numbers.

    Parameters
    ----------
    order : str
        ``"<"`` or ``">"`` for binary of that byte order, ``"a"`` for words.
    elements : tuple of Element
    comments : tuple of str
        Without the word ``comment``.
    size : int
        Bytes of the header itself.
    """

    order: str
    elements: tuple[Element, ...]
    comments: tuple[str, ...]
    size: int

    def element(self, name: str) -> Element | None:
        """Return the first element of that name, or None."""
        return next((one for one in self.elements if one.name == name), None)


def is_ply(head: bytes) -> bool:
    """Whether a file that begins with `head` (8 bytes or more) is a PLY file."""
    return _MAGIC.match(head) is not None


def read_header(path: Path) -> Header:
    """Read the header of a PLY file.

    Raises
    ------
    StageError
        ``bad_ply`` if it is no PLY file or its header cannot be understood.
    OSError
        If the file cannot be read.
    """
    with _regular(path) as file:
        return _read_header(file.read(_HEADER_LIMIT), path)


def read_vertices(path: Path) -> Table:
    """Read the ``vertex`` element of a PLY file, ASCII or binary of either byte order.

    Returns
    -------
    structured array, shape (N,)
        One field a property, in file order and as the file declares it.

    Raises
    ------
    StageError
        ``bad_ply`` if it is no PLY file, is cut short or has no vertices;
        ``not_enough_memory``.
    OSError
        If the file cannot be read.
    """
    with _regular(path) as file:
        header = _read_header(file.read(_HEADER_LIMIT), path)
        vertex = header.element("vertex")
        if vertex is None:
            raise bad(path, "has no vertices")
        body = _body(file, header, path)
        for element in header.elements:
            if element is vertex:
                break
            body.skip(element)
        body.check(vertex)
        dtype = body.dtype(vertex, exact=True)
        # Once as it is read, and once more as what the caller makes of it.
        room.require(2 * dtype.itemsize * vertex.count, f"{path.name} with {vertex.count:,} rows")
        table = np.empty(vertex.count, dtype)
        start = 0
        for block in body.blocks(vertex, dtype):
            table[start : start + len(block)] = block
            start += len(block)
        return table


def blocks(path: Path, header: Header, wanted: Collection[str]) -> Iterator[tuple[Element, Table]]:
    """Yield the rows of the elements called `wanted`, in file order and some at a time.

    Of a file of words, floating point numbers are given in double precision whatever the file
    declares, since the words may hold it. What lies before a wanted element is passed over.

    Yields
    ------
    element : Element
    rows : structured array
        At most 1 MiB of them. An element without rows yields one empty block.

    Raises
    ------
    StageError
        ``bad_ply`` if the file is cut short or damaged, or a wanted element has lists.
    OSError
        If the file cannot be read.
    """
    last = max((i for i, one in enumerate(header.elements) if one.name in wanted), default=-1)
    with _regular(path) as file:
        body = _body(file, header, path)
        for element in header.elements[: last + 1]:
            if element.name not in wanted:
                body.skip(element)
                continue
            body.check(element)
            dtype = body.dtype(element, exact=False)
            if not element.count:
                yield element, np.empty(0, dtype)
            for rows in body.blocks(element, dtype):
                yield element, rows


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


def bad(path: Path, what: str) -> StageError:
    """Return the error for a PLY file that cannot be read; `what` stands behind its name."""
    return StageError("bad_ply", f"{path.name} {what}.", "Export it again as PLY and retry.")


def _shown(word: str) -> str:
    return word if word.isprintable() and len(word) <= _LONGEST_SHOWN else repr(word[:20])


def _read_header(start: bytes, path: Path) -> Header:
    if not is_ply(start):
        raise bad(path, "is not a PLY file")
    end = _END.search(start)
    if end is None:
        raise bad(path, "has no complete PLY header")
    order = ""
    elements: list[tuple[str, int, list[Property]]] = []
    comments: list[str] = []
    try:
        for line in start[: end.start()].decode("latin-1").splitlines()[1:]:
            words = line.split()
            if not words or words[0] == "obj_info":
                continue
            if words[0] == "comment":
                comments.append(line.split(None, 1)[1].strip() if len(words) > 1 else "")
            elif words[0] == "format":
                order = _ORDERS[words[1]]
            elif words[0] == "element":
                elements.append((words[1], _count(words[2]), []))
            elif words[0] == "property":
                elements[-1][2].append(_property(words, path))
    except (KeyError, IndexError, ValueError) as error:
        raise bad(path, "has a PLY header that cannot be read") from error
    if not order:
        raise bad(path, "does not name its PLY format")
    found = tuple(Element(name, count, tuple(rows)) for name, count, rows in elements)
    if any(len(set(one.names)) < len(one.names) for one in found):
        raise bad(path, "names a property twice")
    return Header(order, found, tuple(comments), end.end())


def _property(words: list[str], path: Path) -> Property:
    types = words[2:4] if words[1] == "list" else words[1:2]
    for word in types:
        if word not in _TYPES:
            raise bad(path, f"has numbers of a type that PLY does not have ({_shown(word)})")
    if words[1] == "list":
        length = _TYPES[words[2]]
        if length[0] == "f":
            raise ValueError("a list of a length that is no whole number")
        return Property(words[4], _TYPES[words[3]], length)
    return Property(words[2], _TYPES[words[1]])


def _count(word: str) -> int:
    count = int(word)
    if count < 0:
        raise ValueError("a negative number of rows")
    return count


class _Body:
    """The numbers of a file, read element after element."""

    def __init__(self, file: BinaryIO, header: Header, path: Path) -> None:
        self.file, self.header, self.path = file, header, path
        file.seek(header.size)
        self.size = path.stat().st_size

    def dtype(self, element: Element, *, exact: bool) -> np.dtype[np.void]:
        raise NotImplementedError

    def blocks(self, element: Element, dtype: np.dtype[np.void]) -> Iterator[Table]:
        raise NotImplementedError

    def skip(self, element: Element) -> None:
        raise NotImplementedError

    def check(self, element: Element) -> None:
        """Refuse lists, and rows that the file cannot hold: no memory is asked for those."""
        if element.has_lists:
            raise bad(
                self.path,
                f"has lists in its element {_shown(element.name)}, which Spaceport does not read",
            )
        self.check_room(element)

    def check_room(self, element: Element) -> None:
        """Refuse more rows than the file has bytes for."""
        if self.least(element) * element.count > self.size:
            raise self.cut()

    def least(self, element: Element) -> int:
        """Return the fewest bytes that a row takes."""
        raise NotImplementedError

    def cut(self) -> StageError:
        return bad(self.path, "is cut short")


class _Binary(_Body):
    def least(self, element: Element) -> int:
        return max(1, sum(int((one.length or one.kind)[1:]) for one in element.properties))

    def dtype(self, element: Element, *, exact: bool) -> np.dtype[np.void]:
        return np.dtype([(one.name, self.header.order + one.kind) for one in element.properties])

    def blocks(self, element: Element, dtype: np.dtype[np.void]) -> Iterator[Table]:
        at_once = max(1, _BLOCK // max(dtype.itemsize, 1))
        for start in range(0, element.count, at_once):
            rows = min(at_once, element.count - start)
            yield np.frombuffer(self._read(rows * dtype.itemsize), dtype, rows)

    def skip(self, element: Element) -> None:
        self.check_room(element)
        if not element.has_lists:
            self._pass(element.count * self.dtype(element, exact=True).itemsize)
            return
        order: Literal["little", "big"] = "little" if self.header.order == "<" else "big"
        sizes = [(int(one.length[1:] or 0), int(one.kind[1:])) for one in element.properties]
        data, at = b"", 0
        for _ in range(element.count):
            for length, size in sizes:
                if not length:
                    at += size
                    continue
                if at + length > len(data):
                    self._pass(max(at - len(data), 0))
                    data, at = data[at:] + self.file.read(_BLOCK), 0
                    if len(data) < length:
                        raise self.cut()
                at += length + size * int.from_bytes(data[at : at + length], order)
        self._pass(at - len(data))

    def _read(self, size: int) -> bytes:
        data = self.file.read(size)
        if len(data) < size:
            raise self.cut()
        return data

    def _pass(self, size: int) -> None:
        # Back as well, over what was read of the next element.
        if self.file.tell() + size > self.size:
            raise self.cut()
        self.file.seek(size, 1)


class _Words(_Body):
    """Numbers in words. Where lines end does not matter, as to most readers."""

    def __init__(self, file: BinaryIO, header: Header, path: Path) -> None:
        super().__init__(file, header, path)
        self._rest = b""
        self._numbers = np.empty(0)

    def least(self, element: Element) -> int:
        # Each number takes a digit and what parts it from the next.
        return max(1, 2 * len(element.properties) - 1)

    def dtype(self, element: Element, *, exact: bool) -> np.dtype[np.void]:
        return np.dtype(
            [
                (one.name, "f8" if one.kind[0] == "f" and not exact else one.kind)
                for one in element.properties
            ]
        )

    def blocks(self, element: Element, dtype: np.dtype[np.void]) -> Iterator[Table]:
        width = len(element.properties)
        at_once = max(1, _BLOCK // (8 * max(width, 1)))
        for start in range(0, element.count, at_once):
            rows = min(at_once, element.count - start)
            numbers = self._take(rows * width).reshape(rows, width)
            table = np.empty(rows, dtype)
            for column, name in enumerate(element.names):
                table[name] = self._fitting(numbers[:, column], dtype[name])
            yield table

    def skip(self, element: Element) -> None:
        self.check_room(element)
        if not element.has_lists:
            self._drop(element.count * len(element.properties))
            return
        for _ in range(element.count):
            for one in element.properties:
                self._drop(self._length() if one.length else 1)

    def _length(self) -> int:
        found = float(self._take(1)[0])
        if not found.is_integer() or found < 0:
            raise bad(self.path, "is damaged: a list has no length")
        return int(found)

    def _fitting(self, numbers: Doubles, kind: np.dtype[np.generic]) -> Doubles:
        if kind.kind == "f":
            with np.errstate(over="ignore"):
                return numbers.astype(kind)
        limits = np.iinfo(str(kind))
        whole = (numbers >= limits.min) & (numbers <= limits.max) & (np.trunc(numbers) == numbers)
        if not whole.all():
            raise bad(self.path, "is cut short or damaged: a number does not fit its type")
        return numbers

    def _take(self, count: int) -> Doubles:
        parts: list[Doubles] = []
        while count:
            if not len(self._numbers):
                self._fill()
            parts.append(self._numbers[:count])
            self._numbers = self._numbers[count:]
            count -= len(parts[-1])
        return parts[0] if len(parts) == 1 else np.concatenate(parts or [np.empty(0)])

    def _drop(self, count: int) -> None:
        while count:
            if not len(self._numbers):
                self._fill()
            passed = min(count, len(self._numbers))
            self._numbers = self._numbers[passed:]
            count -= passed

    def _fill(self) -> None:
        block = self.file.read(_TEXT_BLOCK)
        text = self._rest + block
        if not block and not text.strip():
            raise bad(self.path, "is cut short or damaged")
        end = len(text)
        if block:
            end = max(text.rfind(space) for space in (b" ", b"\n", b"\r", b"\t"))
            if end < 0:
                raise bad(self.path, "is cut short or damaged")
        self._rest = text[end:]
        words = text[:end].split()
        try:
            self._numbers = np.fromiter(map(float, words), np.float64, len(words))
        except ValueError:
            self._numbers = np.array([self._number(word) for word in words])

    def _number(self, word: bytes) -> float:
        odd = _ODD_WORD.fullmatch(word)
        if odd is not None:
            infinite = odd[2].lower().startswith(b"inf")
            return math.nan if not infinite else -math.inf if odd[1] == b"-" else math.inf
        try:
            return float(word)
        except ValueError as error:
            raise bad(self.path, "is cut short or damaged: a word is no number") from error


def _body(file: BinaryIO, header: Header, path: Path) -> _Body:
    return (_Words if header.order == "a" else _Binary)(file, header, path)


def _regular(path: Path) -> BinaryIO:
    try:
        return inside.open_regular(path)
    except inside.OutsideError as error:
        raise bad(path, "is no regular file") from error
