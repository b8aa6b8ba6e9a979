from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from spaceport_app.sfm.model import View
from spaceport_app.splats import evaluation, quality
from spaceport_app.splats.evaluation import Look, ViewQuality


class Flat:
    """Renders one colour, brighter than white where asked to."""

    def __init__(self, value: float) -> None:
        self.value = value
        self.asked: list[tuple[int, tuple[float, float, float], bool]] = []

    def render(self, camera, *, sh_degree=None, background=(0.0, 0.0, 0.0), antialiased=False):
        self.asked.append((camera.width, background, antialiased))
        return np.full((camera.height, camera.width, 3), self.value, np.float32)


@pytest.fixture
def views(tmp_path) -> list[View]:
    made = []
    for i, grey in enumerate((255, 102, 51)):
        path = tmp_path / f"{i}.png"
        Image.new("RGB", (40, 24), (grey,) * 3).save(path)
        made.append(View(path.name, path, 40, 24, 36.0, 36.0, 20.0, 12.0, np.eye(4)))
    return made


def test_only_the_named_views_are_read_and_measured(views: list[View]) -> None:
    views[0].image.unlink()
    found = evaluation.evaluate(Flat(0.5), views, {"1.png", "2.png"})
    assert [view.name for view in found] == ["1.png", "2.png"]
    assert found[0].psnr_db == pytest.approx(20.0, abs=1e-3)
    assert found[1].psnr_db == pytest.approx(-20 * np.log10(0.3), abs=1e-3)
    grey = np.full((24, 40, 3), 0.4)
    assert found[0].ssim == pytest.approx(quality.ssim(np.full((24, 40, 3), 0.5), grey), abs=1e-6)


def test_renderings_are_clamped_to_what_a_screen_can_show(views: list[View]) -> None:
    (found,) = evaluation.evaluate(Flat(7.0), views, ["0.png"])
    assert found.psnr_db == float("inf")


def test_size_and_look_reach_the_engine(views: list[View]) -> None:
    engine = Flat(0.4)
    look = Look((1.0, 0.5, 0.0), True)
    evaluation.evaluate(engine, views, ["1.png"], image_size=20, look=look)
    assert engine.asked == [(20, (1.0, 0.5, 0.0), True)]


def test_means_over_views() -> None:
    a = ViewQuality("a", 20.0, 0.5, 21.0)
    b = replace(a, psnr_db=30.0, ssim=0.7, colour_fitted_psnr_db=32.0)
    assert evaluation.mean([a, b]) == pytest.approx((25.0, 0.6, 26.5))
    assert evaluation.mean([]) is None
