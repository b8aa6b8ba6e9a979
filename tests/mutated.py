"""Valid JSON made wrong, one place at a time: what a bad disk or somebody else hands over."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.errors import StageError

_INFINITE = "number beyond any double"
WRONG: tuple[Any, ...] = (
    None,
    [],
    {},
    -1,
    True,
    10**400,
    10**18,
    _INFINITE,
    "x" * 10_000,
    "\0",
    "",
    [[[[1]]]],
    {"": {"": 1}},
)


def mutations(value: Any) -> Iterator[tuple[str, str]]:
    """Yield where and what was changed, and the JSON text: each key gone, each value wrong.

    Of a list only the first item is changed.
    """
    for place in _places(value):
        words = ".".join(str(key) for key in place) or "all"
        if place:
            yield f"{words} gone", _text(_changed(value, place, gone=True))
        for wrong in WRONG:
            text = _text(_changed(value, place, wrong))
            yield f"{words} = {str(wrong)[:20]!r}", text


def check_reader(path: Path, read: Callable[[], object], *codes: str) -> None:
    """Check that a reader takes each mutation of the file at `path`, or refuses it in a sentence.

    A refusal has one of `codes`, names the file, says what to do and is no longer than is read.
    """
    whole = path.read_bytes()
    read()
    refused = 0
    for words, text in mutations(json.loads(whole)):
        path.write_text(text, encoding="utf-8")
        try:
            read()
        except StageError as error:
            refused += 1
            assert error.code in codes, words
            assert path.name in error.message, words
            assert len(error.message) < 600, words
            assert error.remedy, words
        except Exception as error:
            pytest.fail(f"{words}: {error!r}")
    path.write_bytes(whole)
    assert refused > 10


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    if isinstance(value, dict):
        for key in value:
            yield from _places(value[key], (*place, key))
    elif isinstance(value, list) and value:
        yield from _places(value[0], (*place, 0))


def _changed(value: Any, place: tuple[Any, ...], wrong: Any = None, *, gone: bool = False) -> Any:
    if not place:
        return wrong
    changed = copy.deepcopy(value)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    if gone:
        del inner[place[-1]]
    else:
        inner[place[-1]] = wrong
    return changed


def _text(value: Any) -> str:
    return json.dumps(value).replace(json.dumps(_INFINITE), "1e999")
