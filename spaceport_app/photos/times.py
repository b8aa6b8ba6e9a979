"""When a photo was taken, from whichever tag says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from PIL.ExifTags import GPS, Base

from spaceport_app.photos import exif

_MOMENT = re.compile(
    r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T]+(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?", re.ASCII
)
_DATE = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)", re.ASCII)
_PROPERTIES = (
    "exif:DateTimeOriginal",
    "exif:DateTimeDigitized",
    "photoshop:DateCreated",
    "xmp:CreateDate",
)


def taken_at(blocks: exif.Blocks, properties: Mapping[str, str]) -> str | None:
    """Return the moment in ISO 8601 with the fraction of a second that the camera wrote.

    It is the camera's local time; where only the GPS receiver kept a clock it is UTC. What is
    written as zeros, or is no date, counts as not written. The offset to UTC is left out, since
    not all photos of a set have one and they are compared with each other.
    """
    return next((m for m in _candidates(blocks, properties) if m is not None), None)


def _candidates(blocks: exif.Blocks, properties: Mapping[str, str]) -> Iterator[str | None]:
    for block, tag, fraction in (
        (blocks.exif, Base.DateTimeOriginal, Base.SubsecTimeOriginal),
        (blocks.exif, Base.DateTimeDigitized, Base.SubsecTimeDigitized),
        (blocks.main, Base.DateTime, Base.SubsecTime),
    ):
        yield _moment(exif.text(block.get(tag)), exif.text(blocks.exif.get(fraction)))
    for name in _PROPERTIES:
        yield _moment(properties.get(name, ""))
    yield _of_receiver(blocks.gps)


def _moment(text: str, digits: str = "") -> str | None:
    match = _MOMENT.search(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction = match.groups()
    try:
        # Leap seconds are written as 60.
        seconds = min(int(second or 0), 59)
        datetime(int(year), int(month), int(day), int(hour), int(minute), seconds)
    except ValueError:
        return None
    digits = digits if digits.isascii() and digits.isdigit() else fraction or ""
    words = f"{year}-{month}-{day}T{hour}:{minute}:{seconds:02}"
    return f"{words}.{digits[:9]}" if digits else words


def _of_receiver(gps: Mapping[int, Any]) -> str | None:
    date = _DATE.search(exif.text(gps.get(GPS.GPSDateStamp)))
    time = gps.get(GPS.GPSTimeStamp)
    if not date or not isinstance(time, tuple) or len(time) != 3:
        return None
    hour, minute, second = (exif.number(part) for part in time)
    if hour is None or minute is None or second is None:
        return None
    whole = int(second)
    thousandths = f".{round((second - whole) * 1000):03}" if 0 < second - whole < 0.9995 else ""
    return _moment(
        f"{'-'.join(date.groups())} {int(hour):02}:{int(minute):02}:{whole:02}{thousandths}"
    )
