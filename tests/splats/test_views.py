from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceport_app.sfm.model import View
from spaceport_app.splats.views import load_view
from spaceport_app.splats.vignette import Vignette


@pytest.fixture
def view(tmp_path: Path) -> View:
    path = tmp_path / "größe.png"
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return View(path.name, path, 40, 24, 36.0, 36.0, 20.0, 12.0, np.eye(4))


def test_a_picture_is_shrunk_by_the_mean_of_each_block(view: View) -> None:
    full = load_view(view, 0, 40)
    half = load_view(view, 0, 20)
    assert full.image.shape == (24, 40, 3) and half.image.shape == (12, 20, 3)
    blocks = full.image.reshape(12, 2, 20, 2, 3).astype(float).mean((1, 3))
    # Pillow rounds to 8 bits after each of its two passes.
    assert np.abs(half.image - blocks).max() <= 1.0
    assert (half.camera.width, half.camera.fx, half.camera.cy) == (20, 18.0, 6.0)


def test_pictures_are_never_enlarged(view: View) -> None:
    assert load_view(view, 0, 4000).image.shape == (24, 40, 3)


def test_a_picture_is_freed_from_the_lens_at_its_own_size(view: View) -> None:
    lens = Vignette((-0.4, 0.1, 0.0))
    plain, freed = load_view(view, 3, 20), load_view(view, 3, 20, lens)
    wanted = np.clip(plain.image / lens.factors(plain.camera), 0, 255)
    assert freed.key == 3 and np.abs(freed.image - wanted).max() <= 0.5
