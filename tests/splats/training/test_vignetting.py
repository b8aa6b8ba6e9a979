import numpy as np
import pytest

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.training.vignetting import estimate
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette

TRUE = Vignette((-0.3, 0.1, -0.05))


def ground(x, y):
    return 110 + 40 * np.sin(x / 3) * np.cos(y / 4)


def flight(lens: Vignette, exposures: float):
    """Photos straight down on a smooth ground at z = 0, and points on it."""
    rng = np.random.default_rng(0)
    views = []
    for i in range(12):
        x, y = rng.uniform(-8, 8, 2)
        matrix = np.diag([1.0, -1.0, -1.0, 1.0])
        matrix[:3, 3] = -matrix[:3, :3] @ np.array([x, y, 20.0])
        camera = Camera(96, 72, 80.0, 80.0, 48.0, 36.0, matrix)
        v, u = np.mgrid[0:72, 0:96] + 0.5
        light = ground(x + (u - 48) / 80 * 20, y - (v - 36) / 80 * 20)
        light = light * np.exp(exposures * rng.normal()) * lens.factors(camera)[..., 0]
        picture = np.repeat(np.clip(light, 0, 255)[..., None], 3, axis=2)
        views.append(TrainingView(camera, np.rint(picture).astype(np.uint8), i))
    xyz = np.column_stack([rng.uniform(-18, 18, (3000, 2)), np.zeros(3000)])
    return xyz, views


@pytest.mark.parametrize("exposures", [0.0, 0.1])
def test_the_lens_is_found_whatever_the_exposures(exposures: float) -> None:
    xyz, views = flight(TRUE, exposures)
    found = estimate(xyz, views)
    camera = views[0].camera
    assert np.abs(found.factors(camera) - TRUE.factors(camera)).max() < 0.01


def test_a_lens_without_loss_stays_so() -> None:
    xyz, views = flight(NO_VIGNETTE, 0.05)
    assert np.abs(estimate(xyz, views).factors(views[0].camera) - 1).max() < 0.01


def test_too_few_points_give_no_vignette() -> None:
    _, views = flight(TRUE, 0.0)
    assert estimate(np.zeros((3, 3)), views[:2]) == NO_VIGNETTE
    assert estimate(np.zeros((3, 3)), []) == NO_VIGNETTE
