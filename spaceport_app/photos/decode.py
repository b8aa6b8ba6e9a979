"""Opening a photo for good: every pixel decoded, whatever kind of file it is."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from spaceport_app import inside, room
from spaceport_app.errors import StageError
from spaceport_app.photos import effort, jpeg, tones, unread
from spaceport_app.photos.effort import Patient, TooSlowError
from spaceport_app.photos.model import Finding

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".mpo", ".png", ".tif", ".tiff", ".heic", ".heif", ".hif"}
)
"""File name endings, lower case, that are taken for photos."""

DEFAULT_MEGAPIXELS = 300.0

TOO_SLOW = "The photo takes far longer to decode than photos of its size do."
"""About a photo that a decoder would be busy with for minutes."""

_LARGEST_FILE = 4 << 30
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevm", b"mif1", b"msf1"})
_HEAD_BYTES = 16
# Headers with maker notes and previews; a larger file is not looked into for its size alone.
_MOST_FOR_SIZE = 64 << 20

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


def open_small(path: Path, side: int) -> Image.Image:
    """Return a photo in any mode, at a size near to `side` where its decoder can reduce it.

    JPEG files, which are nearly all photos, are decoded at an eighth to a half of their size by
    the decoder itself, which takes a tenth of the time and memory.

    Raises
    ------
    UndecodableError
        As `open_rgb`.
    """
    opened = Opened.of(read_bytes(path))
    if opened.kind != "JPEG":
        return opened.decoded().image
    opened.check_scans()
    with _told():
        opened.source.draft("RGB", (side, side))
        # Progressive ones are held whole by the decoder.
        whole = opened.memory_bytes if "progressive" in opened.source.info else 0
        width, height = opened.source.size
        _require(max(whole, effort.memory_bytes("JPEG", width * height)), "The photo")
        opened.source.load()
    return opened.source


def size_of(path: Path) -> tuple[int, int]:
    """Return width and height of a photo by its headers.

    Raises
    ------
    UndecodableError
        As `open_rgb`, or if the file is very large.
    """
    with _told():
        data = inside.read_regular(path, _MOST_FOR_SIZE)
    return Opened.of(data).source.size


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a photo's file, as many as it has now.

    Raises
    ------
    UndecodableError
        ``no_permission``, ``vanished``, ``unreadable`` or ``too_large``.
    """
    try:
        with inside.open_regular(path) as file:
            length = os.fstat(file.fileno()).st_size
            if length > _LARGEST_FILE:
                raise UndecodableError(Finding("too_large", "The file is larger than 4 GB."))
            _kind(file.read(_HEAD_BYTES))
            _require(length, "The file")
            file.seek(0)
            # One that grows meanwhile would have no end.
            return file.read(length)
    except inside.OutsideError as error:
        raise UndecodableError(unread.NOT_REGULAR) from error
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
        ``unreadable``, ``heic_unsupported``, ``too_large`` or ``too_slow``.
    """
    return Opened.of(data, maximum_megapixels).decoded()


@dataclass(frozen=True)
class Opened:
    """A photo whose headers are read and whose pixels are not decoded yet.

    Parameters
    ----------
    memory_bytes : int
        What decoding takes at most, beside the file's bytes.
    pixels : int
        How many the decoder makes room for.
    """

    data: bytes
    kind: str
    source: ImageFile.ImageFile
    memory_bytes: int
    pixels: int
    _reader: Patient

    @staticmethod
    def of(data: bytes, maximum_megapixels: float = DEFAULT_MEGAPIXELS) -> Opened:
        """Read the headers of a photo's file.

        Raises
        ------
        UndecodableError
            ``unreadable``, ``heic_unsupported``, ``too_large`` or ``too_slow``.
        """
        kind = _kind(data)
        with _told():
            # Pillow's own limit is a global of the whole process; opening by the plugin passes
            # it by, and ours is checked here, per call.
            reader = Patient(data)
            source = _opener(kind)(reader)
            pixels = effort.pixels(source)
            if pixels > maximum_megapixels * 1e6:
                raise UndecodableError(
                    Finding(
                        "too_large",
                        f"The photo has {pixels / 1e6:.0f} megapixels, more than the limit of "
                        f"{maximum_megapixels:g}.",
                    )
                )
        return Opened(data, kind, source, effort.memory_bytes(kind, pixels), pixels, reader)

    def check_scans(self) -> None:
        """Make sure that the decoder is not sent over the pixels more often than for any photo.

        Raises
        ------
        UndecodableError
            ``too_slow``.
        """
        with _told():
            effort.check_scans(self.kind, self.data, self.source)
        self._reader.expect(self.pixels)

    def decoded(self) -> Decoded:
        """Decode all pixels; to be called once.

        Raises
        ------
        UndecodableError
            ``unreadable``, ``too_large`` or ``too_slow``.
        """
        source, kind = self.source, self.kind
        self.check_scans()
        _require(self.memory_bytes, f"The photo of {self.pixels / 1e6:.0f} megapixels")
        with _told():
            if kind == "PNG":
                # Loading does not look at the check sums of the pixel data.
                checked = Patient(self.data)
                checked.expect(self.pixels)
                PngImagePlugin.PngImageFile(checked).verify()
            mode = source.mode
            source.load()
            image = tones.to_rgb(source)
            if kind == "JPEG" and jpeg.has_hole(self.data):
                raise UndecodableError(Finding("unreadable", "A part of the photo is lost."))
        deep = kind == "TIFF" and max(_bits(source)) != 8
        plain = kind != "HEIF" and mode in ("RGB", "L") and not deep
        return Decoded(image, source, kind, plain)


def _require(needed: int, what: str) -> None:
    try:
        room.require(needed, what)
    except StageError as error:
        raise UndecodableError(Finding("too_large", error.message)) from error


@contextmanager
def _told() -> Iterator[None]:
    """Turn whatever a decoder fails with into what to tell of the photo.

    Decoders fail with almost any exception on damaged input, and one damaged photo must never
    end the import of the others.
    """
    try:
        yield
    except UndecodableError:
        raise
    except TooSlowError as error:
        raise UndecodableError(Finding("too_slow", TOO_SLOW)) from error
    except MemoryError as error:
        raise UndecodableError(
            Finding("too_large", "The photo needs more memory than there is.")
        ) from error
    except Exception as error:
        raise UndecodableError(
            Finding("unreadable", "The file is damaged or cut short and cannot be decoded.")
        ) from error


def heic_supported() -> bool:
    """Return whether this installation can read HEIC photos (the pillow-heif package)."""
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        return False
    return True


def _kind(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    why = "The file is not a photo, whatever its name says." if data else "The file is empty."
    raise UndecodableError(Finding("unreadable", why))


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
