"""Where the XMP packets of a picture lie.

Specification: Adobe, "XMP Specification Part 3: Storage in Files", 2020 (ISO 16684-1 annex):
JPEG keeps XMP in APP1 segments, in one or, extended, in chunks of many; TIFF and EXIF blocks in
tag 700; PNG in the text ``XML:com.adobe.xmp``; WebP, AVIF and HEIC in a box of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from PIL import Image

from spaceport_app.photos import xmp
from spaceport_app.photos.exif import Blocks

_TAG = 700
_STANDARD = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_HEAD = len(_EXTENDED) + 40
_LOOKS_LIKE = (b"<x:xmpmeta", b"<rdf:RDF", b"<?xpacket", b":xmpmeta")
_MOST_BYTES = 1 << 22
_TEXTS = ("xmp", "XML:com.adobe.xmp")
_PROFILES = ("Raw profile type xmp", "Raw profile type APP1")
# Between chunks of which one is missing: nothing that ran on over the gap is a value.
_GAP = b"<?gap?>"


def properties(source: Image.Image, blocks: Blocks) -> dict[str, str]:
    """Return the XMP properties of an opened picture, those of the main packet first."""
    found: dict[str, str] = {}
    seen: set[bytes] = set()
    room = _MOST_BYTES
    for packet in _packets(source, blocks):
        if packet and packet not in seen and room > 0:
            seen.add(packet)
            room -= len(packet)
            for name, value in xmp.parse(packet).items():
                found.setdefault(name, value)
    for packet in _extended(source, found.get("xmpNote:HasExtendedXMP", "")):
        for name, value in xmp.parse(packet).items():
            found.setdefault(name, value)
    return found


def _packets(source: Image.Image, blocks: Blocks) -> Iterator[bytes]:
    segments = _segments(source)
    for data in segments:
        if data.startswith(_STANDARD):
            yield data[len(_STANDARD) :]
    for key in _TEXTS:
        yield _bytes(source.info.get(key))
    # Specified for the first directory; drones also write it into that of the exposure.
    for directory in (blocks.main, blocks.exif, blocks.gps):
        yield _bytes(directory.get(_TAG))
    for key in _PROFILES:
        yield _profile(source.info.get(key))
    # Some programs forget the address in front of the packet.
    for data in segments:
        if not data.startswith((_STANDARD, _EXTENDED, b"Exif\0")):
            begin = next((i for mark in _LOOKS_LIKE if (i := data.find(mark)) >= 0), -1)
            if begin >= 0:
                yield data


def _segments(source: Image.Image) -> list[bytes]:
    """Return the APP1 segments of a JPEG."""
    listed = getattr(source, "applist", None) or ()
    return [data for name, data in listed if name == "APP1" and isinstance(data, bytes)]


def _extended(source: Image.Image, named: str) -> Iterator[bytes]:
    """Yield the extended packet that the main one names, put together from its chunks.

    A chunk is headed by the packet's digest in 32 hexadecimal digits, its length and the place
    of the chunk, four bytes each.
    """
    chunks: dict[bytes, dict[int, bytes]] = {}
    for data in _segments(source):
        if data.startswith(_EXTENDED) and len(data) > _HEAD:
            digest = data[len(_EXTENDED) :][:32].upper()
            place = int.from_bytes(data[_HEAD - 4 : _HEAD], "big")
            chunks.setdefault(digest, {}).setdefault(place, data[_HEAD:])
    wanted = named.encode("ascii", "replace").upper()
    for digest in [wanted] if wanted in chunks else chunks:
        whole, end = bytearray(), 0
        for place, chunk in sorted(chunks[digest].items()):
            whole += (b"" if place == end else _GAP) + chunk
            end = place + len(chunk)
            if len(whole) > xmp.LONGEST:
                break
        yield bytes(whole)


def _profile(value: object) -> bytes:
    """Return the packet that ImageMagick writes into PNG: name, length, hexadecimal digits."""
    if not isinstance(value, str):
        return b""
    match = re.match(r"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)", value[: 3 * xmp.LONGEST])
    try:
        data = bytes.fromhex(match[1]) if match else b""
    except ValueError:
        return b""
    return data.removeprefix(_STANDARD)


def _bytes(value: object) -> bytes:
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        try:
            # Pillow reads tags and texts of no stated encoding as Latin-1.
            return value.encode("latin-1")
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace")
    if isinstance(value, tuple) and all(isinstance(v, int) and 0 <= v < 256 for v in value):
        return bytes(value)
    return value if isinstance(value, bytes) else b""
