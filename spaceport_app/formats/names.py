"""Names of properties in a sentence: runs of numbered ones as one, and never without end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spaceport_app.formats.model import Note

_NUMBERED = re.compile(r"(.*?)(\d{1,6})")
_MOST = 12
_LONGEST = 40


def named(names: Sequence[str]) -> str:
    """Return ``"rot_0 to rot_3, beta and 3 more"`` for names from a file of anybody's."""
    runs: list[tuple[str, str]] = []
    for name in names:
        if runs and _follows(runs[-1][1], name):
            runs[-1] = (runs[-1][0], name)
        else:
            runs.append((name, name))
    words = [_run(first, last) for first, last in runs[:_MOST]]
    rest = f" and {len(runs) - _MOST:,} more" if len(runs) > _MOST else ""
    return ", ".join(words) + rest


def unused(names: Sequence[str]) -> list[Note]:
    """Return what to tell of parts of a file that were not used, nothing where there are none."""
    return [Note("unused", f"Not used: {named(names)}.")] if names else []


def _follows(before: str, name: str) -> bool:
    first, second = _NUMBERED.fullmatch(before), _NUMBERED.fullmatch(name)
    if first is None or second is None:
        return False
    return first[1] == second[1] and int(second[2]) == int(first[2]) + 1


def _run(first: str, last: str) -> str:
    return _short(first) if first == last else f"{_short(first)} to {_short(last)}"


def _short(name: str) -> str:
    plain = name if name.isprintable() else repr(name)
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 3] + "..."
