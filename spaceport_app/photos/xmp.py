"""XMP packets as plain names and values, sound or damaged."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from spaceport_app.photos import loose_xml
from spaceport_app.photos.rdf import Properties, short_name

LONGEST = 1 << 24
"""Bytes of a packet that are looked at: a depth map in the extended XMP of a phone has a fifth."""
_LONGEST_DAMAGED = 1 << 20

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DECLARED = re.compile(rb"<\?xml[^<>]{1,200}encoding=[\"']([A-Za-z0-9._-]{1,40})[\"']")
_OTHER = re.compile(r"(iso|latin|windows|cp|gb|big5|shift|euc|koi8|mac)[A-Za-z0-9._-]*", re.I)
_RAW_BYTES = {0xDC00 + byte: chr(byte) for byte in range(0x80, 0x100)}

logger = logging.getLogger(__name__)


def parse(packet: bytes) -> dict[str, str]:
    """Return the properties of an XMP packet by ``prefix:name``, as text.

    Names have their usual prefix whatever the packet calls them (`rdf.short_name`), fields of a
    structure the path ``prefix:structure/prefix:field``. A packet that is no sound XML is read as
    far as it can be told apart (`loose_xml`), and one that is none gives an empty result.
    """
    text = _text(packet[:LONGEST])
    start, end = text.find("<"), text.rfind(">")
    if start < 0 or end < start:
        return {}
    try:
        strict = _strict(text[start : end + 1])
        if not strict.text_outside:
            return strict.found
        logger.info("XMP packet has text outside its properties and is read leniently")
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        logger.info("XMP packet is damaged and read leniently: %s", error)
    return loose_xml.read(text[start : start + _LONGEST_DAMAGED]).found


def plain_number(text: str) -> float | None:
    """Return a number as programs write it, with a leading plus perhaps, or None.

    Stricter than ``float``, which takes ``4_6`` and digits of other scripts for numbers: in a
    damaged packet those are accidents.
    """
    return float(text) if _NUMBER.fullmatch(text) else None


def number(properties: Mapping[str, str], *names: str) -> float | None:
    """Return the first of the named properties that is a finite number.

    Understands a leading plus and fractions such as ``"2885/1000"``; of a list the first item.
    """
    for name in names:
        text = properties.get(name, "").partition(", ")[0]
        numerator, slash, denominator = text.partition("/")
        value = plain_number(numerator)
        divisor = plain_number(denominator) if slash else 1.0
        if value is not None and divisor and abs(value / divisor) < 1e300:
            return value / divisor
    return None


def _strict(text: str) -> Properties:
    properties = Properties()
    parser = DefusedXMLParser(target=_Target(properties), forbid_dtd=True)
    parser.feed(text)
    parser.close()
    return properties


class _Target:
    """What the parser of the standard library tells, with names by `short_name`."""

    def __init__(self, properties: Properties) -> None:
        self._properties = properties
        self._prefixes: dict[str, str] = {}
        self.data = properties.data

    def start_ns(self, prefix: str, namespace: str) -> None:
        self._prefixes[namespace] = prefix

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._properties.start(
            self._name(tag), [(self._name(key), value) for key, value in attributes.items()]
        )

    def end(self, tag: str) -> None:
        self._properties.end(self._name(tag))

    def close(self) -> None:
        pass

    def _name(self, tag: str) -> str:
        if not tag.startswith("{"):
            return tag
        namespace, _, name = tag[1:].partition("}")
        return short_name(namespace, self._prefixes.get(namespace, ""), name)


def _text(packet: bytes) -> str:
    """Return a packet as text: UTF-8, 16 or 32, told by its zeros, or what it says it is.

    Bytes that are no UTF-8 are taken for Latin-1, one by one.
    """
    tag = packet.find(b"<")
    zeros = packet[tag : tag + 400].count(0) / max(len(packet[tag : tag + 400]), 1)
    if tag >= 0 and zeros > 0.6:
        big, size = (tag % 4 == 3 and packet[tag - 3 : tag] == b"\0\0\0"), 4
    elif tag >= 0 and zeros > 0.3:
        big, size = (tag % 2 == 1 and packet[tag - 1] == 0), 2
    else:
        try:
            return packet.decode("utf-8")
        except UnicodeDecodeError:
            pass
        declared = _DECLARED.search(packet, 0, 400)
        name = declared[1].decode("ascii") if declared else ""
        if _OTHER.fullmatch(name):
            try:
                return packet.decode(name)
            except (LookupError, ValueError):
                pass
        return packet.decode("utf-8", "surrogateescape").translate(_RAW_BYTES)
    begin = tag - size + 1 if big else tag
    name = f"utf-{size * 8}-{'be' if big else 'le'}"
    return packet[begin:].decode(name, "replace")
