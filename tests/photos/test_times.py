from __future__ import annotations

from typing import Any

import pytest
from PIL.TiffImagePlugin import IFDRational as R

from spaceport_app.photos import times
from spaceport_app.photos.exif import Blocks

ORIGINAL, DIGITIZED, FILE, SUBSEC = 36867, 36868, 306, 37521


@pytest.mark.parametrize(
    ("blocks", "properties", "moment"),
    [
        ({"exif": {ORIGINAL: "2024:05:10 14:09:12"}}, {}, "2024-05-10T14:09:12"),
        (
            {"exif": {ORIGINAL: "2024:05:10 14:09:12", SUBSEC: "07 \0", 36881: "+02:00"}},
            {},
            "2024-05-10T14:09:12.07",
        ),
        (
            {"exif": {ORIGINAL: "0000:00:00 00:00:00", DIGITIZED: "2024:05:10 14:09:12"}},
            {},
            "2024-05-10T14:09:12",
        ),
        (
            {"exif": {ORIGINAL: "2024:02:30 14:09:12"}, "main": {FILE: "2024/05/10 14:09:12"}},
            {},
            "2024-05-10T14:09:12",
        ),
        ({"exif": {ORIGINAL: "2024-05-10T14:09:12.250Z"}}, {}, "2024-05-10T14:09:12.250"),
        ({"exif": {ORIGINAL: b"2024:05:10 14:09:60\0"}}, {}, "2024-05-10T14:09:59"),
        ({}, {"xmp:CreateDate": "2024-05-10T14:09:12.5+02:00"}, "2024-05-10T14:09:12.5"),
        ({}, {"exif:DateTimeOriginal": "2024-05-10T14:09"}, "2024-05-10T14:09:00"),
        ({}, {"xmp:CreateDate": "2024-05-10"}, None),
        (
            {"gps": {29: "2024:05:10", 7: (R(12, 1), R(9, 1), R(12250, 1000))}},
            {"xmp:CreateDate": "1970-01-01"},
            "2024-05-10T12:09:12.250",
        ),
        ({"gps": {29: "2024:05:10", 7: (R(12, 1), R(9, 1), R(12, 1))}}, {}, "2024-05-10T12:09:12"),
        ({"gps": {29: "2024:05:10", 7: (R(0, 0), R(9, 1), R(12, 1))}}, {}, None),
        ({"gps": {7: (R(12, 1), R(9, 1), R(12, 1))}}, {}, None),
        ({"exif": {ORIGINAL: "2024:05:10 25:09:12"}}, {}, None),
        ({"exif": {ORIGINAL: "    :  :     :  :  "}}, {}, None),
        ({}, {}, None),
    ],
)
def test_the_first_moment_that_is_one(
    blocks: dict[str, Any], properties: dict[str, str], moment: str | None
) -> None:
    assert times.taken_at(Blocks(**blocks), properties) == moment
