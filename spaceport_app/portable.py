"""File names that every system can hold, out of names that anybody may have written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from spaceport_app import inside

MOST_BYTES = 220
"""Longest name in UTF-8. Systems hold 255; a number in front and a temporary ending need some."""

# What Windows forbids, control characters, and those that turn the direction of writing.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")
_SHORTEST = 24
# What a number in front of a name may take.
_NUMBERS = 8


def name(text: str, most_bytes: int = MOST_BYTES) -> str:
    """Return `text` as the name of one file or folder, its ending kept.

    Other characters become ``_``, names of Windows' devices get one in front, and what is longer
    than `most_bytes` in UTF-8 is cut before its ending.
    """
    plain = text.encode("utf-8", "replace").decode("utf-8")
    plain = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", plain)).rstrip(". ") or "_"
    if inside.is_device(plain):
        plain = f"_{plain}"
    if len(plain.encode("utf-8")) <= most_bytes:
        return plain
    found = _SUFFIX.search(plain)
    suffix = found.group() if found else ""
    room = most_bytes - len(suffix)
    # Never through the middle of a character.
    front = plain.encode("utf-8")[:room].decode("utf-8", "ignore")
    return (front.rstrip(". ") or "_") + suffix


class Free:
    """Names that are still free: who asks for one that is taken gets a number in front of it.

    Names that differ only in case count as one: they cannot lie in one folder on Windows.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, text: str) -> str:
        """Return `text`, with a number in front of its last part if need be, and take it."""
        front, slash, last = text.rpartition("/")
        key = text.casefold()
        result, number = text, self._numbers.get(key, 1)
        while result.casefold() in self._taken:
            number += 1
            result = f"{front}{slash}{number}_{last}"
        self._numbers[key] = number
        self._taken.add(result.casefold())
        return result


class Tree:
    """Paths of files that can all lie in one folder together, handed out one by one.

    Parameters
    ----------
    room : int
        Longest path in UTF-8 bytes. A file whose folders do not fit lies at the top.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._free = Free()
        self._folders: dict[str, str] = {}

    def add(self, parts: Sequence[str]) -> str:
        """Return the path, with forward slashes, of the file that was called `parts`.

        No two are alike, whatever the case of their letters, and none is the folder of another.
        """
        *folders, last = [name(part) for part in parts]
        longest = len("/".join([*folders, last]).encode("utf-8")) + _NUMBERS * len(parts)
        front = ""
        if longest <= self._room:
            for folder in folders:
                front = f"{self._folder(f'{front}{folder}')}/"
        else:
            last = name(last, max(_SHORTEST, min(MOST_BYTES, self._room - _NUMBERS)))
        return self._free.take(f"{front}{last}")

    def _folder(self, wanted: str) -> str:
        key = wanted.casefold()
        if key not in self._folders:
            self._folders[key] = self._free.take(wanted)
        return self._folders[key]
