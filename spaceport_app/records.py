"""JSON files read into typed records: what does not fit is refused with its place and reason.

A file of a project may be cut, flipped, written by a newer version, or made up by somebody else.
Nothing past this module meets a wrong type, a number beyond a double or text without end.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar, get_type_hints

import msgspec

from spaceport_app import inside
from spaceport_app.errors import StageError

T = TypeVar("T")

MOST_BYTES = 1 << 28
"""Largest file that is read: a photo list of 100,000 photos has a fifth of it."""
_LONGEST_NUMBER = 400
_LARGEST_INTEGER = 1 << 63
_LONGEST_REASON = 160


class RecordError(ValueError):
    """JSON that is none, or does not hold what its kind needs; the text says where and why."""


class NewerRecordError(RecordError):
    """A later version wrote it."""


def decode(data: bytes | str, kind: type[T]) -> T:
    """Return JSON as a value of `kind`: a dataclass, mapping, tuple or plain type.

    Fields that `kind` does not know are left out, so that what an older version does not know
    keeps nobody from reading. ``Path`` is read from text.

    Raises
    ------
    RecordError
        If it is no JSON, holds a number that no double holds or an integer beyond 64 bits, is
        nested too deep, or does not fit.
    """
    return convert(parse(data), kind)


def parse(data: bytes | str) -> Any:
    """Return JSON as plain values; see `decode`."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        # Python's own parser: names of files may hold what is no Unicode, as escapes.
        return json.loads(
            text, parse_int=_integer, parse_float=_number, parse_constant=_no_constant
        )
    except RecordError:
        raise
    except UnicodeDecodeError as error:
        raise RecordError("it is not text") from error
    except json.JSONDecodeError as error:
        raise RecordError(f"line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise RecordError("it is nested too deep") from error


def convert(value: Any, kind: type[T]) -> T:
    """Return plain values as a value of `kind`; see `decode`."""
    try:
        return msgspec.convert(value, kind, dec_hook=_special)
    except msgspec.ValidationError as error:
        raise RecordError(_reason(str(error))) from error
    except UnicodeEncodeError as error:
        raise RecordError("a text is no Unicode") from error
    except RecursionError as error:
        raise RecordError("it is nested too deep") from error


def fitting(values: Any, kind: type[T]) -> T:
    """Return an object of JSON as a dataclass in which every field has a default.

    A field that does not fit has its default, as one that is not there: for reports, of which
    the rest is worth telling.
    """
    if not isinstance(values, Mapping):
        return kind()
    found = {}
    owner: Any = kind
    for name, annotation in _fields(owner).items():
        if name in values:
            with contextlib.suppress(RecordError):
                found[name] = convert(values[name], annotation)
    return kind(**found)


@functools.cache
def _fields(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


@dataclass(frozen=True)
class RecordFile(Generic[T]):
    """One kind of file of a project, and what to say where it cannot be used.

    Parameters
    ----------
    kind : type
        What it is read as.
    code : str
        Code of the failure, such as ``"bad_photo_list"``.
    remedy : str
        What to do about a damaged one.
    schema : int or None
        Newest number in its field ``schema`` that is understood; None where it has no such field.
    newer_remedy : str
        What to do about one that a later version wrote.
    """

    kind: type[T]
    code: str
    remedy: str
    schema: int | None = None
    newer_remedy: str = "Open it with that version."

    def read(self, path: Path) -> T:
        """Read the file.

        Raises
        ------
        FileNotFoundError
            If it is not there.
        StageError
            With `code`, naming the file, if it cannot be understood; ``file_error`` if the system
            does not give it.
        """
        try:
            return self.decode(inside.read_regular(path, MOST_BYTES))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
        except NewerRecordError as error:
            raise StageError(
                self.code, f"{path.name} was written by a newer Spaceport.", self.newer_remedy
            ) from error
        except ValueError as error:
            raise StageError(
                self.code, f"{path.name} is damaged ({error}).", self.remedy
            ) from error
        except OSError as error:
            # Of the system, not of the file: to make it again would help nobody.
            why = error.strerror or type(error).__name__
            raise StageError(
                "file_error",
                f"{path.name} cannot be read now ({why}).",
                "Check the disk and the permissions of the file, and try again.",
            ) from error

    def decode(self, data: bytes | str) -> T:
        """Return the content of such a file.

        Raises
        ------
        RecordError
            If it does not fit; `NewerRecordError` if a later version wrote it.
        """
        value = parse(data)
        if self.schema is not None:
            _check_schema(value, self.schema)
        return convert(value, self.kind)


def _check_schema(value: Any, known: int) -> None:
    schema = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise RecordError("it has no schema number")
    if schema > known:
        raise NewerRecordError(f"schema {schema}, known here: {known}")


def _integer(text: str) -> int:
    value = int(text) if len(text) < _LONGEST_NUMBER else _LARGEST_INTEGER
    if not -_LARGEST_INTEGER <= value < _LARGEST_INTEGER:
        raise RecordError("a number is out of range")
    return value


def _number(text: str) -> float:
    value = float(text) if len(text) < _LONGEST_NUMBER else math.inf
    if not math.isfinite(value):
        raise RecordError("a number is out of range")
    return value


def _no_constant(name: str) -> NoReturn:
    raise RecordError(f"{name} is not finite, and no number of JSON")


def _special(kind: type[Any], value: Any) -> Any:
    if issubclass(kind, Path):
        if isinstance(value, str):
            return Path(value)
        raise ValueError("expected text")
    raise NotImplementedError(f"records of {kind} cannot be read")


def _reason(text: str) -> str:
    """Return msgspec's reason without its marks, and without what stands in the file.

    That may be anybody's words, and as long as they like.
    """
    told, _, place = text.partition(" - at ")
    if told.startswith("Invalid enum value"):
        told = "it is none of the words that are known"
    elif "matching regex" in told:
        told = "it is of another form"
    plain = told.replace("`", "")
    plain = plain[:1].lower() + plain[1:]
    place = place.replace("`", "").replace("[...]", "/…").replace("$", "").replace(".", "/")
    place = place.strip("/")
    words = f"{place}: {plain}" if place else plain
    return words if len(words) <= _LONGEST_REASON else words[: _LONGEST_REASON - 3] + "..."
