"""JSON with a few values that nobody expects there."""

from __future__ import annotations

import json
import random
from typing import Any

_MARK = "\ue000raw\ue001"
# Written as they stand: Python's writer makes none of them.
_RAW = (
    "1e999",
    "-1e999",
    "1" + "0" * 400,
    "-" + "9" * 5000,
    "NaN",
    "Infinity",
    "-0",
    "-0.0",
    "1e-400",
    '"\\ud800"',
    '"\\u0000"',
    "[" * 100_000 + "]" * 100_000,
    '{"a":' * 3000 + "1" + "}" * 3000,
    "[" * 500 + "]" * 500,
)
_PLAIN: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    7,
    2**31,
    2**32,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63),
    2**64,
    10**18,
    0.5,
    -0.5,
    1e308,
    5e-324,
    "",
    " ",
    "x",
    "x" * 20_000,
    "\x1b[31mred\x1b[0m",
    "line\nline\ttab",
    "<img src=x onerror=alert(1)>",
    "../../outside",
    "/etc/passwd",
    "..",
    ".",
    "//host/share/x",
    "\\\\host\\share\\x",
    "C:\\Windows\\x",
    "con",
    "a/../../b",
    "2026-13-45T99:99:99+99:99",
    "nan",
    "1e999",
    [],
    {},
    [None],
    [[]],
    [1, "a", None],
    {"": None},
    [0] * 5000,
    ["x"] * 3,
)


def changed(sample: bytes, chance: random.Random) -> bytes:
    """Return JSON in which one to three values or names are others."""
    value = json.loads(sample)
    raw: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        value = _change(value, chance, raw)
    # Its own escapes keep names of files that are no Unicode.
    text = json.dumps(value)
    for number, words in enumerate(raw):
        text = text.replace(json.dumps(f"{_MARK}{number}"), words)
    return text.encode("utf-8", "surrogatepass")


def _change(value: Any, chance: random.Random, raw: list[str]) -> Any:
    """Go down by chance, and do something to what is there."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        copy = dict(value)
        way = chance.random()
        if way < 0.07:
            del copy[key]
        elif way < 0.12:
            copy[chance.choice(("", "extra", "../x", "__class__", key.upper()))] = copy.pop(key)
        elif way < 0.15:
            copy["extra"] = _odd(chance, raw)
        else:
            copy[key] = _change(value[key], chance, raw)
        return copy
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        way = chance.random()
        if way < 0.08:
            return value[:at] + value[at + 1 :]
        if way < 0.16:
            return value[:at] + [value[at]] * chance.choice((2, 50)) + value[at:]
        return [*value[:at], _change(value[at], chance, raw), *value[at + 1 :]]
    if isinstance(value, int | float) and not isinstance(value, bool) and chance.random() < 0.3:
        return chance.choice((value + 1, -value, value * 1000, value * 10**9, float(value) + 0.5))
    return _odd(chance, raw)


def _odd(chance: random.Random, raw: list[str]) -> Any:
    if chance.random() < 0.3:
        raw.append(chance.choice(_RAW))
        return f"{_MARK}{len(raw) - 1}"
    return chance.choice(_PLAIN)
