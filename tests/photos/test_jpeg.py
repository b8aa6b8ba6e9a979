from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from spaceport_app.photos import jpeg

from .conftest import texture


def encoded(image: Image.Image, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=92, **options)
    return data.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
def test_lost_blocks_are_found_where_the_decoder_sees_nothing(progressive: bool) -> None:
    data = encoded(texture(0), progressive=progressive)
    middle = len(data) // 2
    assert not jpeg.has_hole(data)
    tail = data[:middle] + bytes(len(data) - middle - 2) + b"\xff\xd9"
    hole = data[:middle] + bytes(16384) + data[middle + 16384 :]
    assert jpeg.has_hole(tail) and jpeg.has_hole(hole)
    Image.open(io.BytesIO(hole)).load()


def test_zeros_outside_the_pixels_are_no_damage() -> None:
    padded = encoded(texture(0, (200, 100)), exif=b"Exif\0\0" + bytes(60000))
    assert not jpeg.has_hole(padded + bytes(40000))


def test_flat_areas_are_no_damage() -> None:
    array = np.asarray(texture(0, (1600, 1200))).copy()
    array[:800] = 255  # Burnt-out sky over two thirds of the picture, with the tightest codes.
    data = encoded(Image.fromarray(array), optimize=True)
    assert not jpeg.has_hole(data)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xff\xff", b"\xff\xd8\xff\xe0\0\0"]
)
def test_what_has_no_scan_has_no_hole(data: bytes) -> None:
    assert not jpeg.has_hole(data)
