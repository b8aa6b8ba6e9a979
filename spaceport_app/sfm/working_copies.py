"""Plain RGB JPEG copies of the photos: all that the native code ever opens.

Umlauts and spaces in paths, HEIC, TIFF, CMYK, 16 bit and damaged files end here.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from spaceport_app import atomic, inside, pictures, removing
from spaceport_app.photos.decode import UndecodableError, open_rgb
from spaceport_app.photos.model import Photo
from spaceport_app.photos.sizes import fitted

# Quality 97 without chroma subsampling: about 50 dB to the decoded photo.
_JPEG_QUALITY = 97
_SEAL = b"Spaceport SHA-256 "
_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class WorkingCopy:
    """A reduced copy of one photo.

    Parameters
    ----------
    photo : Photo
        Where it comes from.
    name : str
        ``GROUP/STEM.jpg`` under the folder of copies: ASCII, unique, without spaces.
    width, height : int
        Pixels of the copy.
    group : int
        Number of its camera group, from 1.
    """

    photo: Photo
    name: str
    width: int
    height: int
    group: int

    @property
    def stem(self) -> str:
        """ASCII name without folder and ending, unique in its set."""
        return Path(self.name).stem


def ascii_stems(names: Sequence[str]) -> list[str]:
    """Return one ASCII file stem a name, unique also where upper and lower case are one.

    ``"Köln 1/DJI_0001.JPG"`` becomes ``"Koln_1_DJI_0001"``; a clash gets a number.
    """
    taken: set[str] = set()
    stems = []
    for name in names:
        plain = unicodedata.normalize("NFKD", os.path.splitext(name)[0])  # noqa: PTH122
        stem = re.sub(r"[^A-Za-z0-9._-]+", "_", plain.encode("ascii", "ignore").decode())
        stem = stem.strip("._-")[-80:] or "photo"
        unique, number = stem, 2
        while unique.lower() in taken:
            unique, number = f"{stem}~{number}", number + 1
        taken.add(unique.lower())
        stems.append(unique)
    return stems


def plan(photos: Sequence[Photo], feature_size: int, view_size: int) -> list[WorkingCopy]:
    """Name the copies and fix their sizes: no larger than features or views need.

    `view_size` 0 means full size. Photos of one camera key and one pixel size are a group.
    """
    keys = sorted({(photo.camera, photo.width, photo.height) for photo in photos})
    limit = 0 if view_size == 0 else max(feature_size, view_size)
    copies = []
    for photo, stem in zip(photos, ascii_stems([p.name for p in photos]), strict=True):
        group = keys.index((photo.camera, photo.width, photo.height)) + 1
        width, height = fitted(photo.width, photo.height, limit)
        copies.append(WorkingCopy(photo, f"camera{group}/{stem}.jpg", width, height, group))
    return copies


def make(
    copies: Sequence[WorkingCopy],
    folder: Path,
    threads: int,
    progress: Callable[[int, int], None],
) -> dict[str, str]:
    """Write the copies that are not yet there.

    Returns
    -------
    dict
        Photo name to what is wrong, for photos that could not be decoded any more.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    _make_folder(folder)
    for group in {copy.group for copy in copies}:
        _make_folder(folder / f"camera{group}")
    failed: dict[str, str] = {}
    progress(0, len(copies))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        reasons = pool.map(lambda copy: _make_one(copy, folder / copy.name), copies)
        for done, (copy, reason) in enumerate(zip(copies, reasons, strict=True), start=1):
            if reason:
                failed[copy.photo.name] = reason
            progress(done, len(copies))
    return failed


def _make_folder(folder: Path) -> None:
    """Make a folder, in the place of whatever else lies there."""
    if inside.is_link(folder) or not folder.is_dir():
        removing.remove(folder)
        folder.mkdir(parents=True)


def make_anew(copy: WorkingCopy, folder: Path) -> str:
    """Write one copy again; return why that cannot be done, or an empty text."""
    return _write(copy, folder / copy.name)


def _make_one(copy: WorkingCopy, path: Path) -> str:
    return "" if _is_good(path, copy) else _write(copy, path)


def _write(copy: WorkingCopy, path: Path) -> str:
    removing.remove(path)
    try:
        image = open_rgb(copy.photo.path)
    except UndecodableError as error:
        return error.finding.message
    if image.size != (copy.photo.width, copy.photo.height):
        return "The photo has changed its size since it was added."
    if image.size != (copy.width, copy.height):
        image = image.resize((copy.width, copy.height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    atomic.write_bytes(path, _sealed(buffer.getvalue()))
    return ""


def _sealed(jpeg: bytes) -> bytes:
    """Return a JPEG with its own SHA-256 in a comment: a flipped bit of a picture still decodes."""
    seal = _SEAL + hashlib.sha256(jpeg).digest()
    comment = b"\xff\xfe" + (2 + len(seal)).to_bytes(2, "big") + seal
    return jpeg[:2] + comment + jpeg[2:]


def _is_whole(sealed: bytes) -> bool:
    end = 6 + len(_SEAL) + hashlib.sha256().digest_size
    return sealed == _sealed(sealed[:2] + sealed[end:])


def _is_good(path: Path, copy: WorkingCopy) -> bool:
    try:
        if not _is_whole(inside.read_regular(path, _MOST_BYTES, follow=False)):
            return False
        with pictures.opened(path, (copy.width, copy.height)) as image:
            return image.format == "JPEG" and image.mode == "RGB"
    except (OSError, ValueError):
        return False
