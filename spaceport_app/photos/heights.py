"""The height of a photo from the tags that give one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL.ExifTags import GPS, Base

from spaceport_app.photos import exif, xmp

_LOWEST, _HIGHEST = -1000.0, 20000.0
_ABSOLUTE = re.compile(r"[^/:]+:AbsoluteAltitude")
_RELATIVE = re.compile(r"[^/:]+:RelativeAltitude")


@dataclass(frozen=True)
class Height:
    """One height of a photo.

    Parameters
    ----------
    source : str
        ``"EXIF"`` or the name of the XMP property.
    metres : float
        As it is written, negative below its reference.
    reference : str or None
        ``"ellipsoid"``, ``"sea level"``, or None where the file does not say for sure.
    """

    source: str
    metres: float
    reference: str | None = None


def read(blocks: exif.Blocks, properties: Mapping[str, str]) -> tuple[Height, ...]:
    """Return the heights that a photo gives and that can be right, the most exact first.

    Drones write the height they navigate by into XMP, and a copy into EXIF, some of them cut to
    whole metres or without its sign.
    """
    found = [
        Height(name, metres)
        for name in sorted(properties, key=lambda name: not name.startswith("drone-dji:"))
        if _ABSOLUTE.fullmatch(name) and (metres := xmp.number(properties, name)) is not None
    ]
    for name, reference in (
        ("sensefly:AltitudeWGS84", "ellipsoid"),
        ("sensefly:AltitudeAMSL", "sea level"),
    ):
        metres = xmp.number(properties, name)
        if metres is not None:
            found.append(Height(name, metres, reference))
    found.append(
        _with_reference(
            "EXIF",
            exif.number(blocks.gps.get(GPS.GPSAltitude)),
            blocks.gps.get(GPS.GPSAltitudeRef),
            exif.text(blocks.exif.get(Base.ExifVersion)),
        )
    )
    found.append(
        _with_reference(
            "exif:GPSAltitude",
            xmp.number(properties, "exif:GPSAltitude"),
            properties.get("exif:GPSAltitudeRef"),
            properties.get("exif:ExifVersion", ""),
        )
    )
    return tuple(height for height in found if _LOWEST < height.metres < _HIGHEST)


def above_take_off(properties: Mapping[str, str]) -> float | None:
    """Return the height above take-off in metres, where a drone says so."""
    names = [name for name in properties if _RELATIVE.fullmatch(name)]
    names.sort(key=lambda name: not name.startswith("drone-dji:"))
    return xmp.number(properties, *names)


def _with_reference(source: str, metres: float | None, reference: Any, version: str) -> Height:
    """Return the height of EXIF, whose number has no sign of its own.

    Specification: Exif 3.0, section 4.6.6 (GPSAltitudeRef): 0 and 1 are above and below the
    ellipsoid, 2 and 3 above and below sea level. Until Exif 2.32 there were 0 and 1 only, and
    they meant sea level; as drones filled in what they had, those say nothing sure. Some cameras
    write a sign besides.
    """
    code = _code(reference)
    metres = float("nan") if metres is None else metres
    if code in (1, 3):
        metres = -abs(metres)
    if code in (2, 3):
        return Height(source, metres, "sea level")
    known = code in (0, 1) and version.isdigit() and int(version) >= 300
    return Height(source, metres, "ellipsoid" if known else None)


def _code(reference: Any) -> int | None:
    """Return 0 to 3 from a byte, a number or a digit, and from words where programs write them."""
    if isinstance(reference, bytes) and len(reference) and reference[0] < 4:
        return reference[0]
    if isinstance(reference, int):
        return reference if 0 <= reference < 4 else None
    words = exif.text(reference).lower()
    if words.isdigit():
        return int(words[0]) if words[0] in "0123" else None
    return 1 if "below" in words or "negative" in words else None
