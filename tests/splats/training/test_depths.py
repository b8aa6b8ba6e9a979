from dataclasses import replace

import numpy as np
import pytest

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.training import depths

ROOF = 3.0


def texture(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return grey values 20 to 236 that look alike nowhere near."""
    waves = np.sin(1.9 * x + 0.7 * y) + np.sin(0.8 * x - 2.1 * y + 1.0) + np.sin(1.3 * x * y / 4)
    return 128 + 36 * waves


def photo(x: float, y: float, gain: float) -> TrainingView:
    """Look from 12 m straight down on a plain with a flat roof 3 m high over x > 1."""
    matrix = np.diag([1.0, -1.0, -1.0, 1.0])
    matrix[:3, 3] = -matrix[:3, :3] @ np.array([x, y, 12.0])
    camera = Camera(64, 48, 60.0, 60.0, 32.0, 24.0, matrix)
    v, u = np.mgrid[0:48, 0:64] + 0.5
    right, up = (u - 32) / 60, -(v - 24) / 60
    on_roof = x + right * (12 - ROOF) > 1.0
    far = np.where(on_roof, 12.0 - ROOF, 12.0)
    grey = gain * texture(x + right * far, y + up * far + 7.0 * on_roof)
    return TrainingView(
        camera, np.repeat(np.clip(grey, 0, 255)[..., None], 3, 2).astype(np.uint8), 0
    )


@pytest.fixture
def ground() -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.column_stack([rng.uniform(-9, 0.5, 300), rng.uniform(-6, 6, 300), np.zeros(300)])


@pytest.fixture
def views() -> list[TrainingView]:
    stands = [(0.0, 0.0), (-2.0, 0.5), (2.0, -0.5), (0.5, 2.0), (-0.5, -2.0)]
    return [photo(x, y, 1.0 - 0.1 * i) for i, (x, y) in enumerate(stands)]


def heights(views: list[TrainingView], found: depths.Depths) -> np.ndarray:
    return depths.places(views[0].camera, found.metres)[:, 2].reshape(48, 64)


def test_a_roof_without_points_is_found_by_looking_from_several_sides(ground, views) -> None:
    found = depths.estimate(ground, views)[0]
    assert found is not None
    z = heights(views, found)
    assert np.abs(z[8:-8, 8:32]).max() < 0.4
    assert np.median(np.abs(z[8:-8, 44:-6] - ROOF)) < 0.1
    agreeing = found.agreeing.reshape(48, 64)
    assert np.median(agreeing[8:-8, 44:-6]) >= 2


def test_without_other_photos_the_points_alone_tell(ground, views) -> None:
    (found,) = depths.estimate(ground, views[:1])
    assert found is not None
    assert np.abs(heights(views, found)).max() < 1e-3
    assert not found.agreeing.any() and not found.contradicting.any()


def test_a_depth_that_others_look_through_is_contradicted(ground, views) -> None:
    told: list[tuple[int, int]] = []
    found = depths.estimate(ground, views, lambda *counts: told.append(counts))
    assert told == [(i + 1, len(views)) for i in range(len(views))]
    camera = views[0].camera
    assert found[0] is not None
    floating = replace(found[0], metres=np.full(48 * 64, 6.0))
    others = [(view.camera, depth) for view, depth in zip(views[1:], found[1:], strict=True)]
    counted = depths._compared(camera, floating, others)
    middle = counted.contradicting.reshape(48, 64)[16:-16, 20:-20]
    assert middle.min() >= 3


def test_too_few_points_around_give_no_depth(views) -> None:
    assert depths.estimate(np.zeros((3, 3)), views) == [None] * 5
