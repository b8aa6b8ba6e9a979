from __future__ import annotations

from typing import Any

import pytest
from PIL.TiffImagePlugin import IFDRational

from spaceport_app.photos import exif


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("DJI", "DJI"),
        (b"DJI\0", "DJI"),
        (b"DJI\0\0\0\0", "DJI"),
        (b"\0\0DJI\0", "DJI"),
        (b"DJI\0rubbish\xff", "DJI"),
        (" DJI \n M3E ", "DJI M3E"),
        ("Kamera f\xfcr", "Kamera für"),
        (b"Kamera f\xfcr", "Kamera für"),
        ("Kamera für".encode(), "Kamera für"),
        # Pillow takes the bytes of tags for Latin-1.
        ("Kamera für".encode().decode("latin-1"), "Kamera für"),
        ("DJI".encode("utf-16"), "DJI"),
        ("DJI".encode("utf-16-le"), "DJI"),
        ("DJI".encode("utf-16-be"), "DJI"),
        ("D\0J\0I\0", "DJI"),
        ("D\0J\0I", "DJI"),
        (tuple(b"DJI\0"), "DJI"),
        ("A\x01B\x7f", "A B"),
        ("大疆", "大疆"),
        (None, ""),
        (7, "7"),
        (b"", ""),
        (b"\0\0\0\0", ""),
    ],
)
def test_texts_of_any_encoding(written: Any, read: str) -> None:
    assert exif.text(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (IFDRational(7, 2), 3.5),
        (IFDRational(0, 0), None),
        ((3, 4), 3.0),
        (b"\2", 2.0),
        ((), None),
        (b"", None),
        ("4.5", 4.5),
        ("x", None),
        (float("inf"), None),
        (10**400, None),
    ],
)
def test_numbers(written: Any, read: float | None) -> None:
    assert exif.number(written) == read
