"""Photos, what they tell of themselves, and zips of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from PIL.Image import Transpose

from spaceport_app.gui.photos.pictures import small_picture
from spaceport_app.photos import decode, metadata, store, xmp, zips
from spaceport_app.photos.decode import UndecodableError
from spaceport_app.photos.discover import is_junk
from spaceport_app.photos.importing import ImportInputs, run
from spaceport_app.photos.options import ImportOptions

from ..reader import Reader

SAMPLE = Path(__file__).resolve().parents[3] / "resources" / "sample_flight" / "SPACE_0001.JPG"
_EXIF = (
    "photos/metadata.py",
    "photos/exif.py",
    "photos/coordinates.py",
    "photos/gps.py",
    "photos/heights.py",
    "photos/gimbal.py",
    "photos/times.py",
)
_DECODE = ("photos/decode.py", "photos/metadata.py")
_XMP = b"""<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''
xmlns:drone-dji='http://www.dji.com/drone-dji/1.0/' drone-dji:AbsoluteAltitude='+79.9'
drone-dji:GpsLatitude='47.5' drone-dji:GpsLongitude='-11.25' drone-dji:GimbalYawDegree='-12.3'
drone-dji:RtkFlag='50'><dc:subject xmlns:dc='http://purl.org/dc/elements/1.1/'><rdf:Bag>
<rdf:li>a</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"""
_LAUGHS = (
    b"<!DOCTYPE x [<!ENTITY a 'ha'>"
    + b"".join(b"<!ENTITY b%d '%s'>" % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 9))
    + b"]><x>&b8;</x>"
)


def _small(size: tuple[int, int] = (64, 48)) -> tuple[Image.Image, bytes]:
    with Image.open(SAMPLE) as opened:
        exif = opened.info["exif"]
        return opened.convert("RGB").resize(size), exif


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, form, **options)
    return data.getvalue()


def _jpegs(_: Path) -> Sequence[bytes]:
    picture, exif = _small()
    return [
        _saved(picture, "JPEG", exif=exif, xmp=_XMP),
        _saved(picture, "JPEG", progressive=True),
        _saved(picture.convert("L"), "JPEG"),
        _saved(picture.convert("CMYK"), "JPEG"),
        SAMPLE.read_bytes()[:60_000],
    ]


def _pngs(_: Path) -> Sequence[bytes]:
    picture, exif = _small()
    deep = picture.convert("I").convert("I;16")
    return [
        _saved(picture, "PNG", exif=exif),
        _saved(picture.convert("RGBA"), "PNG"),
        _saved(picture.convert("P"), "PNG", transparency=3),
        _saved(picture.convert("1"), "PNG"),
        _saved(deep, "PNG"),
    ]


def _large_pngs(_: Path) -> Sequence[bytes]:
    return [
        _saved(Image.new("I;16", (8000, 8000), 300), "PNG", compress_level=1),
        _saved(Image.new("1", (12_000, 12_000)), "PNG"),
        _saved(Image.new("P", (20_000, 14_000)), "PNG", compress_level=1),
    ]


def _tiffs(_: Path) -> Sequence[bytes]:
    picture, exif = _small()
    kinds = ("raw", "tiff_lzw", "jpeg", "packbits", "tiff_adobe_deflate")
    return [
        *(_saved(picture, "TIFF", compression=kind) for kind in kinds),
        _saved(picture.convert("L"), "TIFF", exif=exif),
        _saved(picture.convert("1"), "TIFF", compression="group4"),
        _saved(picture.convert("I").convert("I;16"), "TIFF"),
        _saved(picture.convert("F"), "TIFF"),
    ]


def _large_tiffs(_: Path) -> Sequence[bytes]:
    return [
        _saved(Image.new("I;16", (8000, 8000), 300), "TIFF", compression="tiff_lzw"),
        _saved(Image.new("F", (7000, 7000), 0.5), "TIFF", compression="tiff_lzw"),
    ]


def _large_jpegs(_: Path) -> Sequence[bytes]:
    large = _saved(Image.new("RGB", (9000, 8000)), "JPEG", progressive=True)
    # Each scan is decoded over the whole picture, however few bytes it has.
    start = large.index(b"\xff\xda", large.index(b"\xff\xda") + 2)
    end = large.index(b"\xff\xda", start + 2)
    return [large[:end] + large[start:end] * 1000 + large[end:]]


def _heics(_: Path) -> Sequence[bytes]:
    if not decode.heic_supported():
        return [b""]
    import pillow_heif

    pillow_heif.register_heif_opener()
    picture, exif = _small()
    return [_saved(picture, "HEIF", quality=50, exif=exif), _saved(picture.convert("L"), "HEIF")]


def _decode(data: bytes, folder: Path) -> object:
    return decode.decode(data)


def _listed(data: bytes, folder: Path) -> object:
    path = folder / "a.jpg"
    path.write_bytes(data)
    return small_picture(path, 48)


def _exifs(_: Path) -> Sequence[bytes]:
    _, exif = _small()
    return [exif, exif[: len(exif) // 2], exif.replace(b"\0\5\0\0", b"\0\2\0\0", 3)]


def _exif(data: bytes, folder: Path) -> object:
    picture = Image.new("RGB", (8, 8))
    picture.info["exif"] = data
    head = _saved(picture, "JPEG")
    block = data[:65_000]
    whole = head[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + head[2:]
    return decode.decode(whole), metadata.read(picture)


def _xmps(_: Path) -> Sequence[bytes]:
    deep = b"<a>" * 5000 + b"</a>" * 5000
    outside = b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>"
    damaged = _XMP.replace(b"'+79.9'", b"'A&B' drone-dji:AbsoluteAltitude='+79.9'")
    return [_XMP, _XMP.decode().encode("utf-16"), damaged, damaged[:-60], _LAUGHS, outside, deep]


def _xmp(data: bytes, folder: Path) -> object:
    picture = Image.new("RGB", (8, 8))
    picture.info["xmp"] = data
    return metadata.read(picture), xmp.parse(data)


def _packed(_: Path) -> Sequence[bytes]:
    """APP1 segments, each behind its length: a main packet, and an extended one in two chunks."""
    main = _XMP.replace(
        b"rdf:about=''",
        b"rdf:about='' xmlns:n='http://ns.adobe.com/xmp/note/' "
        b"n:HasExtendedXMP='" + b"A" * 32 + b"'",
    )
    head, half = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32, len(_XMP) // 2
    size = len(_XMP).to_bytes(4, "big")
    segments = [
        b"http://ns.adobe.com/xap/1.0/\0" + main,
        head + size + bytes(4) + _XMP[:half],
        head + size + half.to_bytes(4, "big") + _XMP[half:],
    ]
    return [b"".join(len(s).to_bytes(2, "big") + s for s in segments)]


def _packed_xmp(data: bytes, folder: Path) -> object:
    picture = Image.new("RGB", (8, 8))
    segments: list[tuple[str, bytes]] = []
    while data and len(segments) < 100:
        size = int.from_bytes(data[:2], "big")
        segments.append(("APP1", data[2 : 2 + size]))
        data = data[2 + size :]
    picture.applist = segments  # type: ignore[attr-defined]
    return metadata.read(picture)


def _photo_zips(_: Path) -> Sequence[bytes]:
    picture, exif = _small()
    photo = _saved(picture, "JPEG", exif=exif)
    found = []
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", kind) as archive:
            for name in ("DCIM/a.jpg", "DCIM/b.JPG", "c.png", "notes.txt", "__MACOSX/x"):
                archive.writestr(name, photo)
        found.append(data.getvalue())
    return found


def _photo_zip(data: bytes, folder: Path) -> object:
    path, target = folder / "a.zip", folder / "unpacked"
    path.write_bytes(data)
    return zips.extract(path, target, 50_000_000, is_junk, lambda done, total: None)


def _imported(data: bytes, folder: Path) -> object:
    """Import a folder in which one photo is bad: the others come in."""
    flight, output = folder / "flight", folder / "output"
    flight.mkdir()
    output.mkdir()
    for number, good in enumerate(_GOOD):
        (flight / f"{number}.jpg").write_bytes(good)
    (flight / "bad.jpg").write_bytes(data)
    found = run(ImportInputs((flight,), output, frozenset()), ImportOptions(), lambda event: None)
    return found, store.read(output)


_GOOD: list[bytes] = []


def _imported_samples(folder: Path) -> Sequence[bytes]:
    picture, exif = _small((160, 120))
    turns = (Transpose.ROTATE_180, Transpose.FLIP_LEFT_RIGHT, Transpose.FLIP_TOP_BOTTOM)
    _GOOD[:] = [_saved(picture.transpose(turn), "JPEG", exif=exif) for turn in turns]
    return _jpegs(folder)[:2]


READERS = (
    Reader("JPEG", _jpegs, _decode, "picture", _DECODE, (UndecodableError,), _large_jpegs),
    Reader("PNG", _pngs, _decode, "picture", _DECODE, (UndecodableError,), _large_pngs),
    Reader("TIFF", _tiffs, _decode, "picture", _DECODE, (UndecodableError,), _large_tiffs),
    Reader("HEIC", _heics, _decode, "bytes", _DECODE, (UndecodableError,)),
    Reader(
        "photo in the list",
        _jpegs,
        _listed,
        "picture",
        ("gui/photos/pictures.py",),
        (UndecodableError,),
        _large_jpegs,
    ),
    Reader("EXIF", _exifs, _exif, "bytes", _EXIF, (UndecodableError,)),
    Reader("XMP", _xmps, _xmp, "bytes", ("photos/xmp.py", "photos/loose_xml.py", "photos/rdf.py")),
    Reader("XMP in a picture", _packed, _packed_xmp, "bytes", ("photos/packets.py",)),
    Reader("zip of photos", _photo_zips, _photo_zip, "zip", ("photos/zips.py", "unzip.py")),
    Reader(
        "import of a folder",
        _imported_samples,
        _imported,
        "picture",
        ("photos/importing.py", "photos/discover.py"),
    ),
)
