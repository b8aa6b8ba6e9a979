from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, features
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from spaceport_app.photos import metadata
from spaceport_app.photos.decode import decode
from spaceport_app.photos.metadata import Metadata
from spaceport_app.photos.model import Orientation

from .conftest import ExifTool, exif, xmp_packet

DJI = "http://www.dji.com/drone-dji/1.0/"
VALUES = {
    "RelativeAltitude": "+19.7",
    "GimbalYawDegree": "69.4",
    "GimbalPitchDegree": "-60.0",
    "GimbalRollDegree": "0.0",
}
PACKET = xmp_packet(DJI, "drone-dji", VALUES, "attributes")
STANDARD = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
GUID = b"0123456789ABCDEF0123456789ABCDEF"
NOTE = (
    '<rdf:Description xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
    f'xmpNote:HasExtendedXMP="{GUID.decode()}"/>'
)


def wrapped(inside: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{inside}</rdf:RDF></x:xmpmeta>'
    ).encode()


def saved(form: str, **options: object) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (16, 16), (90, 80, 70)).save(data, form, **options)
    return data.getvalue()


def jpeg(*segments: bytes) -> bytes:
    """Return a JPEG with these APP1 segments."""
    head = saved("JPEG")
    added = b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments)
    return head[:2] + added + head[2:]


def chunks(packet: bytes, size: int, guid: bytes = GUID) -> list[bytes]:
    return [
        EXTENDED + guid + struct.pack(">II", len(packet), place) + packet[place : place + size]
        for place in range(0, len(packet), size)
    ]


def block(tag: int, value: bytes, inner: bool, order: str = ">") -> bytes:
    """Return an EXIF block with XMP in the first directory or in that of the exposure."""
    mark = b"MM\0*" if order == ">" else b"II*\0"
    own = struct.pack(order + "HHHI", 1, tag, 1, len(value))
    if inner:
        first = struct.pack(order + "HHHIII", 1, 34665, 4, 1, 26, 0)
        body = first + own + struct.pack(order + "II", 26 + 18, 0) + value
    else:
        body = own + struct.pack(order + "II", 26, 0) + value
    return b"Exif\0\0" + mark + struct.pack(order + "I", 8) + body


def png(kind: str) -> bytes:
    text = PngInfo()
    if kind == "iTXt":
        text.add_itxt("XML:com.adobe.xmp", PACKET.decode())
    elif kind == "compressed iTXt":
        text.add_itxt("XML:com.adobe.xmp", PACKET.decode(), zip=True)
    elif kind == "zTXt":
        text.add_text("XML:com.adobe.xmp", PACKET.decode("latin-1"), zip=True)
    else:
        digits = PACKET.hex()
        lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
        text.add_text("Raw profile type xmp", f"\nxmp\n{len(PACKET):8}\n{lines}\n", zip=True)
    return saved("PNG", pnginfo=text)


def deflated_tiff() -> bytes:
    pixels = zlib.compress(bytes(16 * 16 * 3))
    tags = ImageFileDirectory_v2()
    tags[256] = tags[257] = tags[278] = 16
    tags[258], tags[259], tags[262], tags[277] = (8, 8, 8), 8, 2, 3
    tags[273], tags[279] = 0, len(pixels)
    tags.tagtype[700] = 1
    tags[700] = PACKET
    data = io.BytesIO()
    tags.save(data)
    return data.getvalue() + pixels


def _plain_tiff() -> bytes:
    tags = ImageFileDirectory_v2()
    tags.tagtype[700] = 7
    tags[700] = PACKET
    return saved("TIFF", tiffinfo=tags)


HALF = len(PACKET) // 2
PLACES = {
    "APP1": lambda: jpeg(STANDARD + PACKET),
    "APP1 behind others": lambda: jpeg(exif().tobytes(), b"QVGA\0", STANDARD + PACKET),
    "second of two": lambda: jpeg(STANDARD + PACKET, STANDARD + wrapped("")),
    "first of two": lambda: jpeg(STANDARD + wrapped(""), STANDARD + PACKET),
    "APP1 without its address": lambda: jpeg(PACKET),
    "extended": lambda: jpeg(STANDARD + wrapped(NOTE), *chunks(PACKET, 200)),
    "extended, backwards": lambda: jpeg(STANDARD + wrapped(NOTE), *chunks(PACKET, 200)[::-1]),
    "extended, not named": lambda: jpeg(*chunks(PACKET, 300)),
    "extended, beside another's": lambda: jpeg(
        STANDARD + wrapped(NOTE),
        *chunks(wrapped("").replace(b"/rdf", b"/RDF"), 60, b"F" * 32),
        *chunks(PACKET, 200),
    ),
    "EXIF, first directory": lambda: jpeg(block(700, PACKET, inner=False)),
    "EXIF, exposure's": lambda: jpeg(block(700, PACKET, inner=True)),
    "EXIF, little-endian": lambda: jpeg(block(700, PACKET, inner=True, order="<")),
    "TIFF": _plain_tiff,
    "TIFF, deflated": deflated_tiff,
    "PNG iTXt": lambda: png("iTXt"),
    "PNG compressed iTXt": lambda: png("compressed iTXt"),
    "PNG zTXt": lambda: png("zTXt"),
    "PNG of ImageMagick": lambda: png("profile"),
}


def read(data: bytes) -> Metadata:
    return metadata.read(decode(data).source)


@pytest.mark.parametrize("place", PLACES)
def test_xmp_is_read_wherever_it_lies(place: str) -> None:
    found = read(PLACES[place]())
    assert found.orientation == Orientation(69.4, -60.0, 0.0)
    assert found.relative_altitude == 19.7


@pytest.mark.parametrize("form", ["WEBP", "AVIF"])
def test_pictures_that_pillow_opens_otherwise(form: str) -> None:
    if not features.check(form.lower()):
        pytest.skip(f"this Pillow writes no {form}")
    found = metadata.read(Image.open(io.BytesIO(saved(form, xmp=PACKET))))
    assert found.orientation == Orientation(69.4, -60.0, 0.0)


def test_the_main_packet_counts_before_the_extended() -> None:
    other = xmp_packet(DJI, "drone-dji", {"RelativeAltitude": "5", "RtkFlag": "50"}, "elements")
    main = PACKET.replace(b"</rdf:RDF>", NOTE.encode() + b"</rdf:RDF>")
    found = read(jpeg(STANDARD + main, *chunks(other, 100)))
    assert found.relative_altitude == 19.7
    assert found.properties["drone-dji:RtkFlag"] == "50"


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_chunk_makes_no_value_wrong(missing: int) -> None:
    parts = chunks(PACKET, HALF // 2)
    # Cut within the value of the pitch, so that its halves would run together.
    del parts[missing]
    found = read(jpeg(STANDARD + wrapped(NOTE), *parts)).properties
    for name, value in VALUES.items():
        assert found.get(f"drone-dji:{name}") in (None, value)


@pytest.mark.parametrize("junk", [b"", b"\0", b"\xff" * 300, PACKET[:100] + b"\xff" * 100])
def test_damaged_places_are_passed_over(junk: bytes) -> None:
    text = PngInfo()
    text.add_text("Raw profile type xmp", "\nxmp\n 12\nzz")
    assert read(saved("PNG", pnginfo=text)).orientation is None
    for data in (jpeg(STANDARD + junk), jpeg(EXTENDED + junk), jpeg(block(700, junk, inner=True))):
        assert read(data).relative_altitude is None


def test_many_packets_are_bounded() -> None:
    parts = [STANDARD + b"<a & %d" % i + b"<" * 60_000 for i in range(100)]
    assert read(jpeg(*parts)).properties == {}


def test_an_independent_reader_finds_it_in_the_same_places(
    tmp_path: Path, exiftool: ExifTool
) -> None:
    named = {
        place: make
        for place, make in PLACES.items()
        # Those two it does not read: the first is no XMP by the specification.
        if place not in ("APP1 without its address", "extended, not named")
    }
    for number, (place, make) in enumerate(named.items()):
        suffix = "tif" if "TIFF" in place else "png" if "PNG" in place else "jpg"
        (tmp_path / f"{number:02}.{suffix}").write_bytes(make())
    told = exiftool("-XMP-drone-dji:RelativeAltitude", tmp_path)
    assert len(told) == len(named)
    assert [float(t.get("RelativeAltitude", "nan")) for t in told] == [19.7] * len(named)
