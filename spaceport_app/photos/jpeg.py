"""What a JPEG's decoder passes over: lost blocks, and scans without number.

A card or disk that loses blocks leaves zeros in the middle of a file of the right length.
Zeros are valid codes, so the decoder goes on and the rest of the picture is grey.
"""

from __future__ import annotations

import re

HOLE_BYTES = 8192
"""Zeros in a row that no photo has.

They would be a fully flat area of about three megapixels; real photos had at most 564 in their
metadata and none in their pixels.
"""

SCAN = b"\xff\xda"
"""The marker at the start of a scan."""

_MARKER = 0xFF
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = b"\xff\xd9"
# Stuffed zeros, restarts and fill bytes stand within a scan.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FEW_SCANS = 16
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def has_hole(data: bytes) -> bool:
    """Return whether the compressed pixels of a JPEG file hold a long run of zeros.

    Specification: ITU-T T.81, annex B: segments with their length up to the first scan; within
    a scan, FF D9 is the end of the picture and nothing else.
    """
    start = _first_scan(data)
    if start is None:
        return False
    end = data.find(_END_OF_IMAGE, start)
    return data.find(bytes(HOLE_BYTES), start, end if end >= 0 else len(data)) >= 0


def scans(data: bytes) -> int:
    """Return how often a decoder goes over the picture of a JPEG file, or a little more.

    Markers in a preview or in comments may count as well where there are few in all.
    """
    # Nearly all photos: not worth a walk.
    found = data.count(SCAN)
    if found <= _FEW_SCANS:
        return found
    count, position = 0, 2
    while (marked := _NEXT_MARKER.search(data, position)) is not None:
        marker, position = data[marked.end() - 1], marked.end()
        if marker == _END_OF_IMAGE[1]:
            break
        count += marker == _START_OF_SCAN
        if marker not in _WITHOUT_LENGTH:
            position += int.from_bytes(data[position : position + 2], "big")
    return count


def _first_scan(data: bytes) -> int | None:
    position = 2
    while position + 4 <= len(data) and data[position] == _MARKER:
        marker = data[position + 1]
        if marker == _START_OF_SCAN:
            return position
        if marker == _MARKER:
            position += 1
        elif marker in _WITHOUT_LENGTH:
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None
