"""The EXIF block of a photo: its directories and the values in them.

Specification: CIPA DC-008, "Exchangeable image file format for digital still cameras: Exif
Version 3.0", 2023.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD


@dataclass(frozen=True)
class Blocks:
    """The directories by tag number; empty where there is none or it is damaged.

    Parameters
    ----------
    main : mapping
        The first directory, of the file.
    exif : mapping
        Of the exposure.
    gps : mapping
        Of the place.
    """

    main: Mapping[int, Any] = field(default_factory=dict)
    exif: Mapping[int, Any] = field(default_factory=dict)
    gps: Mapping[int, Any] = field(default_factory=dict)


def read(source: Image.Image) -> Blocks:
    """Return the directories of an opened photo. A damaged one leaves the others as they are."""
    try:
        main = source.getexif()
    except Exception:  # Pillow raises almost anything on damaged EXIF blocks.
        return Blocks()
    return Blocks(_plain(main), _directory(main, IFD.Exif), _directory(main, IFD.GPSInfo))


def _directory(main: Image.Exif, tag: int) -> Mapping[int, Any]:
    try:
        return _plain(main.get_ifd(tag))
    except Exception:  # As above.
        return {}


def _plain(directory: Mapping[int, Any]) -> Mapping[int, Any]:
    """Return the tags that can be read: Pillow decodes each when it is asked for."""
    found = {}
    for tag in list(directory):
        try:
            found[tag] = directory[tag]
        except Exception:  # As above.
            continue
    return found


def number(value: Any) -> float | None:
    """Return a value as a finite number, the first of several, or None."""
    if isinstance(value, (tuple, bytes)):
        value = value[0] if value else None
    try:
        found = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def positive(value: Any) -> float | None:
    """Return a value as a finite number above zero, or None."""
    found = number(value)
    return found if found is not None and found > 0 else None


def text(value: Any) -> str:
    """Return a text on one line, whatever encoding it was written in.

    Exif knows ASCII and, since version 3, UTF-8, ended by a zero. Cameras also write Latin-1,
    UTF-16, zeros in front, and rubbish behind the zero.
    """
    if value is None:
        return ""
    if (
        isinstance(value, tuple)
        and value
        and all(isinstance(v, int) and 0 <= v < 256 for v in value)
    ):
        value = bytes(value)
    if isinstance(value, str):
        try:
            value = value.encode("latin-1")
        except UnicodeEncodeError:
            return _line(value.partition("\0")[0])
    return _line(_decoded(value) if isinstance(value, bytes) else str(value))


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace").partition("\0")[0]
    # The last zero of UTF-16 is often taken off, as if it ended a text of bytes.
    even = data + bytes(len(data) % 2)
    for name, letters, zeros in (
        ("utf-16-le", even[::2], even[1::2]),
        ("utf-16-be", even[1::2], even[::2]),
    ):
        written = letters.rstrip(b"\0")
        if len(written) > 1 and not zeros.strip(b"\0") and b"\0" not in written:
            return even.decode(name, "replace").partition("\0")[0]
    data = data.lstrip(b"\0").partition(b"\0")[0]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _line(words: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())
