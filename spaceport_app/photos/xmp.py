"""XMP packets as plain names and values.

Specification: Adobe, "XMP Specification Part 1", 2012 (ISO 16684-1): a property is an attribute
or a child element of ``rdf:Description``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PREFIXES = {
    "http://www.dji.com/drone-dji/1.0/": "drone-dji",
    "http://ns.sensefly.com/Camera/1.0/": "sensefly",
    "http://ns.sensefly.com/camera/1.0/": "sensefly",
    "http://pix4d.com/camera/1.0": "Camera",
    "http://pix4d.com/camera/1.0/": "Camera",
    "http://www.parrot.com/drone-parrot/1.0/": "drone-parrot",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
}

logger = logging.getLogger(__name__)


def parse(packet: bytes) -> dict[str, str]:
    """Return the properties of an XMP packet by ``prefix:name``, as text.

    Known drone namespaces get their usual prefix whatever the packet calls them; others are
    known by the last part of their namespace. A damaged packet gives an empty result.
    """
    start, end = packet.find(b"<"), packet.rfind(b">")
    if start < 0 or end < start:
        return {}
    try:
        root = fromstring(packet[start : end + 1].replace(b"\0", b""))
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        logger.info("XMP packet cannot be read: %s", error)
        return {}
    properties: dict[str, str] = {}
    for description in root.iter(f"{_RDF}Description"):
        for name, value in description.attrib.items():
            if not name.startswith(_RDF) and value.strip():
                properties.setdefault(_short(name), value.strip())
        for child in description:
            # Lists (rdf:Seq, rdf:Bag) carry their values one level deeper: take the first.
            text = child.text if child.text and child.text.strip() else _first_item(child)
            if text and text.strip():
                properties.setdefault(_short(child.tag), text.strip())
    return properties


def number(properties: Mapping[str, str], *names: str) -> float | None:
    """Return the first of the named properties that is a finite number.

    Understands a leading plus and fractions such as ``"2885/1000"``.
    """
    for name in names:
        text = properties.get(name)
        if text is None:
            continue
        numerator, _, denominator = text.partition("/")
        try:
            value = float(numerator) / (float(denominator) if denominator else 1.0)
        except (ValueError, ZeroDivisionError):
            continue
        if math.isfinite(value):
            return value
    return None


def degrees(text: str) -> float | None:
    """Return degrees from a number or from XMP's GPS form ``"46,50.5564N"``.

    Specification: "XMP Specification Part 2", GPSCoordinate: ``DDD,MM,SSk`` or ``DDD,MM.mmk``.
    """
    text = text.strip()
    sign = -1.0 if text[-1:].upper() in ("S", "W") else 1.0
    parts = text.rstrip("NSEWnsew").split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if not 1 <= len(numbers) <= 3 or not all(math.isfinite(n) for n in numbers):
        return None
    return sign * sum(n / 60.0**i for i, n in enumerate(numbers))


def _short(tag: str) -> str:
    if not tag.startswith("{"):
        return tag
    namespace, _, name = tag[1:].partition("}")
    prefix = _PREFIXES.get(namespace) or namespace.rstrip("/#").rpartition("/")[2]
    return f"{prefix}:{name}"


def _first_item(element: object) -> str | None:
    items = element.iter(f"{_RDF}li") if hasattr(element, "iter") else ()
    return next((item.text for item in items if item.text), None)
