"""Generated photos: natural-looking texture, EXIF and XMP as cameras write them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from spaceport_app.events import Event

SIZE = (800, 600)


def texture(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return colour noise with the 1/f spectrum of natural pictures."""
    width, height = size
    random = np.random.default_rng(seed)
    fx, fy = np.fft.rfftfreq(width)[None, :], np.fft.fftfreq(height)[:, None]
    spectrum = np.fft.rfft2(random.standard_normal((height, width)))
    spectrum /= np.maximum(np.hypot(fx, fy), 1.0 / width)
    grey = np.fft.irfft2(spectrum, (height, width))
    grey = 128 + 45 * (grey - grey.mean()) / grey.std()
    tint = np.array([1.0, 0.95, 0.85])
    return Image.fromarray(np.clip(grey[..., None] * tint, 0, 255).astype(np.uint8))


def sexagesimal(degrees: float) -> tuple[float, float, IFDRational]:
    value = abs(degrees)
    minutes = (value - int(value)) * 60
    seconds = IFDRational(round((minutes - int(minutes)) * 60 * 1_000_000), 1_000_000)
    return float(int(value)), float(int(minutes)), seconds


def exif(
    *,
    place: tuple[float, float] | None = None,
    altitude: float | None = None,
    gps: dict[int, Any] | None = None,
    make: str = "DJI",
    model: str = "FC300S",
    time: str | None = None,
    **tags: Any,
) -> Image.Exif:
    """Return an EXIF block; `tags` go into the Exif IFD by their number, as ``t37386=3.6``."""
    block = Image.Exif()
    block[271], block[272] = make, model
    inner = block.get_ifd(0x8769)
    if time:
        inner[36867] = time
    inner.update({int(name[1:]): value for name, value in tags.items()})
    where = block.get_ifd(0x8825)
    if place:
        where[1], where[2] = ("N" if place[0] >= 0 else "S"), sexagesimal(place[0])
        where[3], where[4] = ("E" if place[1] >= 0 else "W"), sexagesimal(place[1])
    if altitude is not None:
        where[5], where[6] = bytes([altitude < 0]), abs(altitude)
    where.update(gps or {})
    return block


def xmp_packet(namespace: str, prefix: str, values: dict[str, str], form: str) -> bytes:
    """Return an XMP packet with its values as ``"attributes"`` or ``"elements"``."""
    declare = f'xmlns:{prefix}="{namespace}"'
    if form == "attributes":
        inner = " ".join(f'{prefix}:{key}="{value}"' for key, value in values.items())
        body = f'<rdf:Description rdf:about="" {declare} {inner}/>'
    else:
        inner = "".join(f"<{prefix}:{k}>{v}</{prefix}:{k}>" for k, v in values.items())
        body = f'<rdf:Description rdf:about="" {declare}>{inner}</rdf:Description>'
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f"{body}</rdf:RDF></x:xmpmeta><?xpacket end='w'?>" + " " * 64
    ).encode()


MakePhoto = Callable[..., Path]


@pytest.fixture
def make_photo() -> MakePhoto:
    """Return a function that writes one JPEG: path, seed, and what `exif` takes."""

    def write(
        path: Path,
        seed: int = 0,
        *,
        image: Image.Image | None = None,
        size: tuple[int, int] = SIZE,
        xmp: bytes = b"",
        quality: int = 88,
        **about: Any,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = image if image is not None else texture(seed, size)
        picture.save(path, "JPEG", quality=quality, exif=exif(**about), xmp=xmp)
        return path

    return write


@pytest.fixture
def make_flight(make_photo: MakePhoto) -> Callable[..., list[Path]]:
    """Return a function that writes `count` photos of one flight into a folder."""

    def write(folder: Path, count: int = 4, seed: int = 0, **about: Any) -> list[Path]:
        return [
            make_photo(
                folder / f"DJI_{i:04}.JPG",
                seed + i,
                place=(46.8426 + 1e-4 * i, -91.9940 + 5e-5 * (i % 2)),
                altitude=198.0 + i,
                time=f"2016:06:23 16:{seed % 60:02}:{i:02}",
                **about,
            )
            for i in range(count)
        ]

    return write


class Events(list[Event]):
    """A report that keeps what it is told."""

    __call__ = list.append

    def of(self, kind: type) -> list[Any]:
        return [event for event in self if isinstance(event, kind)]


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "Projekt Küste.spaceport" / ".import.partial"
    folder.mkdir(parents=True)
    return folder


ExifTool = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def exiftool() -> ExifTool:
    """Return an independent reader: the tags of files as numbers and texts, one dict a file."""
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("exiftool is not installed (libimage-exiftool-perl)")

    def read(*arguments: str | Path) -> list[dict[str, Any]]:
        done = subprocess.run(
            [program, "-json", "-n", *map(str, arguments)], capture_output=True, check=False
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    return read
