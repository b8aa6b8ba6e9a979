"""Opening a photo for good: every pixel decoded, whatever kind of file it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from spaceport_app.photos import jpeg
from spaceport_app.photos.model import Finding

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".mpo", ".png", ".tif", ".tiff", ".heic", ".heif", ".hif"}
)
"""File name endings, lower case, that are taken for photos."""

DEFAULT_MEGAPIXELS = 300.0

_LARGEST_FILE = 4 << 30
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevm", b"mif1", b"msf1"})
_GREY_16 = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I"})

Opener = Callable[[io.BytesIO], ImageFile.ImageFile]


class UndecodableError(Exception):
    """A file that is no usable photo; `finding` says why in words for a person."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding

    def __reduce__(self) -> tuple[type[UndecodableError], tuple[Finding]]:
        return type(self), (self.finding,)


@dataclass(frozen=True)
class Decoded:
    """One photo with all its pixels.

    Parameters
    ----------
    image : PIL image
        Mode RGB, 8 bit, as stored: the EXIF orientation is not applied.
    source : PIL image
        The image as its file described it, for metadata; its mode may be any.
    format : str
        ``"JPEG"``, ``"PNG"``, ``"TIFF"`` or ``"HEIF"``.
    plain : bool
        Whether the file holds 8-bit RGB or grey that every decoder reads alike.
    """

    image: Image.Image
    source: Image.Image
    format: str
    plain: bool


def open_rgb(path: Path, maximum_megapixels: float = DEFAULT_MEGAPIXELS) -> Image.Image:
    """Return a photo as an 8-bit RGB image with all pixels decoded.

    The EXIF orientation is not applied, so the image has the size of `Photo.width` and
    `Photo.height`. ``numpy.asarray`` of it is uint8 of shape (height, width, 3).

    Raises
    ------
    UndecodableError
        If the file is no photo, is damaged or is too large.
    """
    return decode(read_bytes(path), maximum_megapixels).image


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a photo's file.

    Raises
    ------
    UndecodableError
        ``no_permission``, ``vanished``, ``unreadable`` or ``too_large``.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise UndecodableError(Finding("too_large", "The file is larger than 4 GB."))
        return path.read_bytes()
    except PermissionError as error:
        raise UndecodableError(
            Finding("no_permission", "You have no permission to read the file.")
        ) from error
    except FileNotFoundError as error:
        raise UndecodableError(Finding("vanished", "The file is not there any more.")) from error
    except OSError as error:
        raise UndecodableError(
            Finding("unreadable", f"The file cannot be read ({error.strerror or error}).")
        ) from error


def decode(data: bytes, maximum_megapixels: float = DEFAULT_MEGAPIXELS) -> Decoded:
    """Decode all pixels of a photo's file.

    Parameters
    ----------
    data : bytes
        The whole file.
    maximum_megapixels : float
        Photos of more pixels than this are refused before they are decoded.

    Raises
    ------
    UndecodableError
        ``unreadable``, ``heic_unsupported`` or ``too_large``.
    """
    if not data:
        raise UndecodableError(Finding("unreadable", "The file is empty."))
    kind = _kind(data)
    if kind is None:
        raise UndecodableError(
            Finding("unreadable", "The file is not a photo, whatever its name says.")
        )
    try:
        # Pillow's own limit is a global of the whole process; opening by the plugin passes it
        # by, and ours is checked here, per call.
        source = _opener(kind)(io.BytesIO(data))
        megapixels = source.width * source.height / 1e6
        if megapixels > maximum_megapixels:
            raise UndecodableError(
                Finding(
                    "too_large",
                    f"The photo has {megapixels:.0f} megapixels, more than the limit of "
                    f"{maximum_megapixels:g}.",
                )
            )
        if kind == "PNG":
            # Loading does not look at the check sums of the pixel data.
            PngImagePlugin.PngImageFile(io.BytesIO(data)).verify()
        mode = source.mode
        source.load()
        image = _to_rgb(source)
        if kind == "JPEG" and jpeg.has_hole(data):
            raise UndecodableError(Finding("unreadable", "A part of the photo is lost."))
    except UndecodableError:
        raise
    except MemoryError as error:
        raise UndecodableError(
            Finding("too_large", "The photo needs more memory than there is.")
        ) from error
    except Exception as error:
        # Decoders fail with almost any exception on damaged input, and one damaged photo must
        # never end the import of the others.
        raise UndecodableError(
            Finding("unreadable", "The file is damaged or cut short and cannot be decoded.")
        ) from error
    sixteen_bit = kind == "TIFF" and max(_bits(source)) != 8
    return Decoded(image, source, kind, kind != "HEIF" and mode in ("RGB", "L") and not sixteen_bit)


def heic_supported() -> bool:
    """Return whether this installation can read HEIC photos (the pillow-heif package)."""
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        return False
    return True


def _kind(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    return None


def _opener(kind: str) -> Opener:
    if kind == "JPEG":
        # Not jpeg_factory: it turns DJI's files, which carry a small second picture behind
        # the photo, into a sequence (MPO). The photo is always the first picture.
        return JpegImagePlugin.JpegImageFile
    if kind == "PNG":
        return PngImagePlugin.PngImageFile
    if kind == "TIFF":
        return TiffImagePlugin.TiffImageFile
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise UndecodableError(
            Finding(
                "heic_unsupported",
                "HEIC photos need the pillow-heif package; install it or save the photo as JPEG.",
            )
        ) from error
    opener: Opener = HeifImageFile
    return opener


def _bits(source: Image.Image) -> tuple[int, ...]:
    tags = getattr(source, "tag_v2", None)
    bits = tags.get(258, (8,)) if tags is not None else (8,)
    return tuple(bits) if isinstance(bits, tuple) else (int(bits),)


def _to_rgb(source: Image.Image) -> Image.Image:
    """Return `source` as 8-bit RGB; transparency is dropped, deep greys are brought to 8 bit."""
    if source.mode == "RGB":
        return source
    if source.mode in _GREY_16:
        values = np.asarray(source).astype(np.int64)
        # Cameras store 10, 12 and 14 bits in 16. The depth is guessed from the brightest pixel
        # in these steps, and not stretched to it, so that exposure stays comparable.
        top = int(values.max(initial=0))
        depth = next((bits for bits in (8, 10, 12, 14, 16) if top < 1 << bits), top.bit_length())
        grey = np.clip(values >> (depth - 8), 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if source.mode == "F":
        floats = np.asarray(source, np.float32)
        finite = floats[np.isfinite(floats)]
        low, high = np.percentile(finite, (0.5, 99.5)) if finite.size else (0.0, 1.0)
        scaled = (np.nan_to_num(floats, nan=float(low)) - low) / max(float(high - low), 1e-9)
        return Image.fromarray((np.clip(scaled, 0, 1) * 255 + 0.5).astype(np.uint8)).convert("RGB")
    if source.mode == "P":
        # Through RGBA, because Pillow warns about palettes with transparency otherwise.
        source = source.convert("RGBA")
    return source.convert("RGB")
