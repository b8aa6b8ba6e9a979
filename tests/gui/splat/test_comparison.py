from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceport_app.gui.splat.comparison import load
from spaceport_app.gui.splat.trained import Trained
from spaceport_app.sfm.model import View
from spaceport_app.splats.vignette import Vignette


def test_rendering_is_measured_through_the_lens(tmp_path: Path) -> None:
    view = View("a", tmp_path / "a.png", 400, 300, 300.0, 300.0, 200.0, 150.0, np.eye(4))
    trained = Trained(200, vignette=(-0.3, 0.05, 0.0))
    flat = np.full((300, 400, 3), 200, np.uint8)
    Image.fromarray(flat).save(view.image)
    camera = load(view, trained).camera
    assert (camera.width, camera.height) == (200, 150)
    rendered = np.full((150, 200, 3), 0.5, np.float32)
    seen = Vignette(trained.vignette).factors(camera) * rendered
    large = np.asarray(Image.fromarray(np.rint(255 * seen).astype(np.uint8)).resize((400, 300)))
    Image.fromarray(large).save(view.image)
    assert load(view, trained).psnr_db(rendered) > 45
    assert load(view, Trained(200)).psnr_db(rendered) < 30
    assert load(view, Trained()).photo.shape == load(view, trained).shown.shape


def test_photo_is_shown_finer_than_it_is_measured(tmp_path: Path) -> None:
    view = View("a", tmp_path / "a.png", 400, 300, 300.0, 300.0, 200.0, 150.0, np.eye(4))
    Image.fromarray(np.zeros((300, 400, 3), np.uint8)).save(view.image)
    found = load(view, Trained(100))
    assert found.photo.shape == (75, 100, 3) and found.shown.shape == (300, 400, 3)
    assert found.psnr_db(np.full((75, 100, 3), 0.1, np.float32)) == pytest.approx(20.0)
