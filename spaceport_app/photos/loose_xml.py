"""Reads damaged XML: what can still be told apart is told, the rest is passed over.

No library that Spaceport has does this: expat stops at the first fault. Rules:

- ``<`` without the name of an element behind it, and ``&`` without an entity, are text.
- A tag ends at ``>``, or before the next ``<``; then it counts as empty.
- Attributes outside a tag, whose start got lost, count as if they were in one.
- A value without its closing quote, or one that takes in the next attribute, is no value.
- Comments, instructions and document types are passed over, so no entity can be declared.
- Text that the end of the file cuts off is no value.

One pass over the text, and linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from spaceport_app.photos.rdf import Properties, short_name

_TAG = re.compile(r"<(/?)([A-Za-z_][\w.-]*(?::[\w.-]+)?)")
_WORD = re.compile(r"[\w:.-]+")
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w.-]{0,99}(?::[\w.-]{1,99})?)\s{0,9}=\s{0,9}([\"'])")
_INSTRUCTION = re.compile(r"<\?[^<>]*\?>")
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# What only stands in a value if its closing quote got lost: the next name, or a tag.
_NEXT = re.compile(r"[A-Za-z_][\w.-]{0,99}\s{0,9}=\s{0,9}$")
_INSIDE = re.compile(r":[\w.-]{1,99}\s{0,9}=\s{0,9}[\"']|</?[\w.-]{1,99}:|<\?")
_TAIL = 240


def read(text: str) -> Properties:
    """Return the properties that damaged XMP still holds."""
    properties = Properties(damaged=True)
    reader = _Reader(text)
    prefixes: dict[str, str] = {}
    for kind, name, attributes in reader.tokens():
        if kind == "text":
            properties.data(name)
        for key, value in attributes:
            if key.startswith("xmlns:"):
                prefixes[key[6:]] = value
        given = [(_resolved(key, prefixes), value) for key, value in attributes]
        if kind == "text":
            properties.strays(given)
            continue
        resolved = _resolved(name, prefixes)
        if kind in ("start", "empty"):
            properties.start(resolved, given)
        if kind in ("end", "empty"):
            properties.end(resolved)
    return properties


def unescape(text: str) -> str:
    """Return text with the entities of XML and character references resolved, others kept."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]


def _resolved(name: str, prefixes: dict[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    if not colon or prefix == "xmlns":
        return name
    return short_name(prefixes.get(prefix, ""), prefix, local)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        # Marks that do not come any more, so that none is looked for twice.
        self._gone: set[str] = set()

    def tokens(self) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
        """Yield kind (``text``, ``start``, ``empty``, ``end``), name or text, and attributes."""
        text, place = self._text, 0
        while True:
            tag = text.find("<", place)
            if tag < 0:
                return
            if tag > place:
                yield "text", unescape(text[place:tag]), self._strays(place, tag)
            match = _TAG.match(text, tag)
            if match and not match[1] and text.startswith("=", match.end()):
                match = None  # It stands in the middle of an attribute's name.
            if match and match[1]:
                yield "end", match[2], []
                place = self._after_end(match.end())
            elif match:
                kind, attributes, place = self._attributes(match.end())
                yield kind, match[2], attributes
            elif text.startswith("<![CDATA[", tag):
                place = self._find("]]>", tag)
                if place > 0:
                    yield "text", text[tag + 9 : place], []
                place = place + 3 if place > 0 else tag + 9
            else:
                place = self._after_markup(tag)
                if place == tag + 1:
                    yield "text", "<", []

    def _find(self, mark: str, place: int) -> int:
        found = -1 if mark in self._gone else self._text.find(mark, place)
        if found < 0:
            self._gone.add(mark)
        return found

    def _after_end(self, place: int) -> int:
        while place < len(self._text) and self._text[place] in " \t\r\n":
            place += 1
        return place + 1 if self._text.startswith(">", place) else place

    def _after_markup(self, tag: int) -> int:
        """Return where a comment, an instruction or a document type ends."""
        text = self._text
        if text.startswith("<!--", tag):
            end = self._find("-->", tag)
            return end + 3 if end > 0 else tag + 4
        if text.startswith("<!DOCTYPE", tag):
            end, inner = self._find(">", tag), self._find("[", tag)
            if 0 < inner < end:
                end = self._find("]>", inner)
                return end + 2 if end > 0 else tag + 9
            return end + 1 if end > 0 else tag + 9
        instruction = _INSTRUCTION.match(text, tag)
        return instruction.end() if instruction else tag + 1

    def _strays(self, place: int, stop: int) -> list[tuple[str, str]]:
        """Return the attributes in a text that no tag holds."""
        found: list[tuple[str, str]] = []
        if self._text.find("=", place, stop) >= 0:
            while place < stop:
                place = self._attribute(place, stop, found)
        return found

    def _attributes(self, place: int) -> tuple[str, list[tuple[str, str]], int]:
        """Return the kind of a tag, its attributes, and the place behind it."""
        text = self._text
        found: list[tuple[str, str]] = []
        while place < len(text):
            here = text[place]
            if here == ">":
                return "start", found, place + 1
            if here == "<":
                return "empty", found, place
            if here == "/" and text.startswith("/>", place):
                return "empty", found, place + 2
            place = self._attribute(place, len(text), found)
        return "empty", found, place

    def _attribute(self, place: int, stop: int, found: list[tuple[str, str]]) -> int:
        """Add the attribute at a place, if there is one, and return the next place to look at."""
        match = _ATTRIBUTE.match(self._text, place, stop)
        if match is None:
            word = _WORD.match(self._text, place, stop)
            return word.end() if word else place + 1
        begin = match.end()
        end = self._find(match[2], begin)
        if not 0 <= end < stop or self._torn(begin, end):
            return begin
        found.append((match[1], unescape(self._text[begin:end])))
        return end + 1

    def _torn(self, begin: int, end: int) -> bool:
        text = self._text
        tail = text[max(begin, end - _TAIL) : end]
        return bool(_NEXT.search(tail) or _INSIDE.search(text, begin, end))
