"""JSON that comes from somebody else: over HTTP, out of S3, or in a token.

Python reads what others refuse: numbers beyond any float, which later arithmetic cannot hold, and
lists in lists until its own stack ends. Whoever reads by this gets plain values or a `ValueError`.
Needs nothing but the standard library: functions of AWS read with it too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

MOST_DEEP = 64
"""Lists and objects in each other; ours are six deep."""
MOST_WHOLE = 2**53
"""From here on not every whole number is a float, and so not the same for everyone."""

_MOST_DIGITS = 400


def read(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        If it is no JSON, too deep, or holds a number that no float can be.
    """
    if isinstance(text, bytes):
        # Of bytes, json itself would let half characters pass.
        text = text.decode()
    try:
        value = json.loads(text, parse_float=_float, parse_int=_whole, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("lists and objects too deep in each other") from error
    for _ in _values(value):
        pass
    return value


def check_unicode(value: Any) -> None:
    """Check that every text in a value can be written as UTF-8.

    Raises
    ------
    ValueError
        If one holds half of a pair that stands for one character.
    """
    for one in _values(value):
        if isinstance(one, str):
            one.encode()


def whole(value: object, least: int = 0) -> int:
    """Return a value that must be a whole number from `least` to what a float holds exactly.

    Raises
    ------
    ValueError
        If it is anything else, true and false included.
    """
    if type(value) is not int or not least <= value <= MOST_WHOLE:
        raise ValueError(f"no whole number from {least} on: {type(value).__name__}")
    return value


def text(value: object) -> str:
    """Return a value that must be a text.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if not isinstance(value, str):
        raise ValueError(f"no text: {type(value).__name__}")
    return value


def _values(value: Any) -> Iterator[Any]:
    """Yield all that a value holds, names too, and check how deep it lies."""
    level: list[Any] = [value]
    for _ in range(MOST_DEEP + 1):
        if not level:
            return
        below: list[Any] = []
        for one in level:
            yield one
            if isinstance(one, dict):
                yield from one
                below += one.values()
            elif isinstance(one, list):
                below += one
        level = below
    if level:
        raise ValueError("lists and objects too deep in each other")


def _float(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(f"{word[:40]} is beyond any number")
    return number


def _whole(word: str) -> int:
    # Before it is reckoned: the digits of a long number take time that grows with their square.
    if len(word) > _MOST_DIGITS:
        raise ValueError(f"{word[:40]} is beyond any number")
    number = int(word)
    _float(word)
    return number


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
