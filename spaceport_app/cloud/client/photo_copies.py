"""Copies of photos for the way to AWS: reduced, and with no metadata but what SfM needs.

Everything is written anew from what this computer understood of a photo, never copied: what
nobody here reads, nobody there gets. The serial number of a body or camera of a rig becomes a
small number of this job, because all that SfM wants to know is which photos share one.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from fractions import Fraction
from xml.sax.saxutils import quoteattr

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from spaceport_app.photos import decode, metadata
from spaceport_app.photos.metadata import Metadata
from spaceport_app.photos.model import Photo
from spaceport_app.photos.sizes import fitted

QUALITY = 95
VERSION = 1
"""Number of the way in which copies are made; another one makes old copies useless."""

_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_KEPT = frozenset({0xE0, 0xEE})
"""APP0 (JFIF) and APP14 (Adobe) tell how the pixels are coded; all other APPn and COM go."""
_EXACT = 10_000_000


@dataclass(frozen=True)
class Recipe:
    """How copies are made.

    Parameters
    ----------
    limit : int
        Larger side in pixels at most; 0 keeps the size.
    maximum_megapixels : float
        Photos of more pixels are refused.
    """

    limit: int
    maximum_megapixels: float = decode.DEFAULT_MEGAPIXELS


def make(photo: Photo, recipe: Recipe, body: int) -> bytes:
    """Return the copy of a photo as a JPEG file.

    A JPEG that is small enough keeps its very pixels.

    Parameters
    ----------
    body : int
        Number that stands for the serial number, 0 for none.

    Raises
    ------
    UndecodableError
        If the photo cannot be read any more.
    """
    data = decode.read_bytes(photo.path)
    found = decode.decode(data, recipe.maximum_megapixels)
    about = metadata.read(found.source)
    width, height = fitted(found.image.width, found.image.height, recipe.limit)
    if found.format != "JPEG" or not found.plain or (width, height) != found.image.size:
        image = found.image
        if (width, height) != image.size:
            image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
        data = buffer.getvalue()
    turned = _turned(found) if found.format == "JPEG" else 0
    exif = _exif(photo, about, turned, body)
    return with_metadata(data, exif, _xmp(photo))


def with_metadata(data: bytes, exif: bytes, xmp: bytes) -> bytes:
    """Return a JPEG file with this EXIF block and XMP packet and no other metadata.

    What follows the end of the picture, such as a preview, goes too. Specification: ITU-T T.81,
    annex B; Exif 2.32, 4.5.4; XMP part 3, 1.1.3.

    Raises
    ------
    ValueError
        If `data` is no JPEG file.
    """
    if not data.startswith(b"\xff\xd8"):
        raise ValueError("no JPEG file")
    kept: list[bytes] = []
    position = 2
    while True:
        found = _MARKER.search(data, position)
        if found is None:
            rest = data[position:]
            kept.append(rest)
            break
        marker, start = data[found.start() + 1], found.start()
        kept.append(data[position:start])
        if marker == 0xD9:
            kept.append(b"\xff\xd9")
            break
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        position = start + 2 + length
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker in _KEPT:
            kept.append(data[start:position])
    ours = _segment(b"Exif\0\0" + exif) + _segment(b"http://ns.adobe.com/xap/1.0/\0" + xmp)
    # Behind JFIF, which has to be first where it is there.
    first = next((part for part in kept if part), b"")
    front = 1 + kept.index(first) if first.startswith(b"\xff\xe0") else 0
    return b"\xff\xd8" + b"".join(kept[:front]) + ours + b"".join(kept[front:])


def _segment(payload: bytes) -> bytes:
    return b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload


def _turned(found: decode.Decoded) -> int:
    try:
        value = found.source.getexif().get(Base.Orientation)
    except Exception:  # Pillow raises almost anything on damaged EXIF blocks.
        return 0
    return value if isinstance(value, int) and 1 <= value <= 8 else 0


def _exif(photo: Photo, about: Metadata, turned: int, body: int) -> bytes:
    block = Image.Exif()
    for tag, text in ((Base.Make, about.make), (Base.Model, about.model)):
        if text:
            block[tag] = text
    if turned:
        block[Base.Orientation] = turned
    inner = block.get_ifd(IFD.Exif)
    # The size at capture: focal lengths in pixels refer to it.
    inner[Base.ExifImageWidth], inner[Base.ExifImageHeight] = photo.width, photo.height
    if about.lens:
        inner[Base.LensModel] = about.lens
    if body:
        inner[Base.BodySerialNumber] = str(body)
    if about.focal_mm:
        inner[Base.FocalLength] = _rational(about.focal_mm)
    if about.zoom > 1.0:
        inner[Base.DigitalZoomRatio] = _rational(about.zoom)
    if photo.focal_px:
        diagonal = (photo.width**2 + photo.height**2) ** 0.5
        inner[Base.FocalLengthIn35mmFilm] = max(1, round(photo.focal_px * 43.267 / diagonal))
    if photo.taken_at:
        moment, _, fraction = photo.taken_at.partition(".")
        inner[Base.DateTimeOriginal] = moment.replace("-", ":").replace("T", " ")
        if fraction:
            inner[Base.SubsecTimeOriginal] = fraction
    if photo.position is not None:
        _place(block.get_ifd(IFD.GPSInfo), photo.position.latitude, photo.position.longitude)
        altitude = photo.position.altitude
        if altitude is not None:
            gps = block.get_ifd(IFD.GPSInfo)
            gps[GPS.GPSAltitudeRef] = b"\1" if altitude < 0 else b"\0"
            gps[GPS.GPSAltitude] = _rational(abs(altitude))
    written: bytes = block.tobytes()
    return written.removeprefix(b"Exif\0\0")


def _place(gps: dict[int, object], latitude: float, longitude: float) -> None:
    for tag, ref, value, letters in (
        (GPS.GPSLatitude, GPS.GPSLatitudeRef, latitude, "NS"),
        (GPS.GPSLongitude, GPS.GPSLongitudeRef, longitude, "EW"),
    ):
        seconds = round(abs(value) * 3600 * _EXACT)
        degrees, rest = divmod(seconds, 3600 * _EXACT)
        minutes, rest = divmod(rest, 60 * _EXACT)
        gps[ref] = letters[0] if value >= 0 else letters[1]
        gps[tag] = (IFDRational(degrees), IFDRational(minutes), IFDRational(rest, _EXACT))


def _rational(value: float) -> IFDRational:
    near = Fraction(value).limit_denominator(100_000)
    return IFDRational(near.numerator, near.denominator)


def _xmp(photo: Photo) -> bytes:
    """Return a packet with focal length, heights, accuracy and direction as DJI writes them."""
    found: dict[str, float] = {}
    if photo.focal_px:
        found["CalibratedFocalLength"] = photo.focal_px
    position = photo.position
    if position is not None:
        named = {
            "AbsoluteAltitude": position.altitude,
            "RelativeAltitude": position.relative_altitude,
            "RtkStdLon": position.horizontal_accuracy,
            "RtkStdLat": position.horizontal_accuracy,
            "RtkStdHgt": position.vertical_accuracy,
        }
        found |= {name: value for name, value in named.items() if value is not None}
    if photo.orientation is not None:
        found["GimbalYawDegree"] = photo.orientation.yaw
        found["GimbalPitchDegree"] = photo.orientation.pitch
        found["GimbalRollDegree"] = photo.orientation.roll
    written = " ".join(f"drone-dji:{name}={quoteattr(repr(v))}" for name, v in found.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" '
        f"{written}/></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    ).encode()
