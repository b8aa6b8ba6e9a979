from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceport_app.gui.photos.pictures import small_picture
from spaceport_app.photos.decode import UndecodableError


def saved(path: Path, width: int = 800, height: int = 400, orientation: int = 1) -> Path:
    """Save a picture that is red on the left and blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_the_longer_side_is_as_asked(tmp_path: Path, suffix: str) -> None:
    picture = small_picture(saved(tmp_path / f"a{suffix}"), 100)
    assert (picture.size, picture.mode) == ((100, 50), "RGB")
    assert picture.getpixel((10, 25))[0] > 240
    assert picture.getpixel((90, 25))[2] > 240


def test_a_turned_photo_stands_upright(tmp_path: Path) -> None:
    # Orientation 6: the top of the scene is at the right of what is stored.
    path = saved(tmp_path / "a.jpg", orientation=6)
    picture = small_picture(path, 100)
    assert picture.size == (50, 100)
    assert picture.getpixel((25, 10))[0] > 240
    assert small_picture(path, 100, upright=False).size == (100, 50)


def test_a_small_photo_is_not_enlarged_and_outlives_its_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", 60, 30)
    picture = small_picture(path, 100)
    path.unlink()
    assert np.asarray(picture).shape == (30, 60, 3)


def test_a_cut_photo_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UndecodableError):
        small_picture(path, 100)
