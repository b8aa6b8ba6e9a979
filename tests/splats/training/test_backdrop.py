import math

import numpy as np
import pytest

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.training import depths, fill
from spaceport_app.splats.training.backdrop import RADIUS, backdrop, drawn_in
from spaceport_app.splats.training.extent import scene_extent

WIDTH, HEIGHT, FOCAL = 64, 48, 50.0


def grey(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return values from about 60 to 200 that look alike nowhere near."""
    waves = np.sin(1.9 * x + 0.7 * y) + np.sin(0.8 * x - 2.1 * y + 1.0) + np.sin(1.3 * x * y / 4)
    return 130.0 + 24.0 * waves


def photo(x: float, y: float, heading: float = 0.0) -> TrainingView:
    """Look north, 10 degrees down, from 12 m over a plain that ends 60 m to the north.

    Behind it stand hills without end, up to 8 degrees high, under a clear blue sky.
    """
    pitch = math.radians(-10.0)
    ahead = np.array(
        [math.sin(heading) * math.cos(pitch), math.cos(heading) * math.cos(pitch), math.sin(pitch)]
    )
    right = np.array([math.cos(heading), -math.sin(heading), 0.0])
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([right, np.cross(ahead, right), ahead])
    centre = np.array([x, y, 12.0])
    matrix[:3, 3] = -matrix[:3, :3] @ centre
    camera = Camera(WIDTH, HEIGHT, FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2, matrix)
    rays = depths.places(camera, np.ones(WIDTH * HEIGHT)) - centre
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    azimuth, rise = np.arctan2(rays[:, 0], rays[:, 1]), np.arcsin(rays[:, 2])
    with np.errstate(divide="ignore"):
        reach = np.where(rays[:, 2] < 0.0, -12.0 / rays[:, 2], np.inf)
    place = centre[:2] + np.where(np.isfinite(reach), reach, 0.0)[:, None] * rays[:, :2]
    ground = np.isfinite(reach) & (place[:, 1] < 60.0)
    colours = np.tile([90.0, 140.0, 230.0], (len(rays), 1))
    hills = ~ground & (rise < math.radians(8.0))
    colours[hills] = grey(25.0 * azimuth[hills], 25.0 * rise[hills])[:, None]
    colours[ground] = grey(0.35 * place[ground, 0], 0.35 * place[ground, 1])[:, None]
    picture = np.clip(colours, 0, 255).astype(np.uint8).reshape(HEIGHT, WIDTH, 3)
    return TrainingView(camera, picture, 0)


def truth(view: TrainingView) -> np.ndarray:
    """Return which pixels show sky or hills, (P,)."""
    camera = view.camera
    rays = depths.places(camera, np.ones(WIDTH * HEIGHT)) - camera.centre
    ground = rays[:, 2] < 0.0
    reach = np.where(ground, -camera.centre[2] / np.where(ground, rays[:, 2], -1.0), 0.0)
    return ~(ground & (camera.centre[1] + reach * rays[:, 1] < 60.0))


@pytest.fixture(scope="module")
def views() -> list[TrainingView]:
    return [photo(x, y) for x, y in ((0, 0), (-4, 1), (4, -1), (8, 2), (-8, -2))]


@pytest.fixture(scope="module")
def cloud() -> np.ndarray:
    rng = np.random.default_rng(2)
    return np.column_stack([rng.uniform(-40, 40, 900), rng.uniform(10, 60, 900), np.zeros(900)])


def test_hills_and_clear_sky_are_told_from_the_ground(views, cloud) -> None:
    found = depths.estimate(cloud, views, upright=True)
    endless = np.concatenate([d.endless for d in found if d is not None])
    far = np.concatenate([truth(view) for view in views])
    assert endless[far].mean() > 0.85
    # At its edge a window of five pixels shows more of what is behind the ground.
    assert endless[~far].mean() < 0.06


def test_where_nobody_knows_what_is_up_nothing_is_endless(views, cloud) -> None:
    for found in depths.estimate(cloud, views):
        assert found is not None and not found.endless.any()
    assert len(fill.cells(cloud, views).backdrop.places) == 0


def test_a_backdrop_stands_on_its_sphere_and_looks_right_from_every_camera(views, cloud) -> None:
    cells = fill.cells(cloud, views, upright=True)
    far = cells.backdrop
    middle = np.mean([view.camera.centre for view in views], axis=0)
    radius = RADIUS * scene_extent([view.camera for view in views])
    away = np.linalg.norm(far.places - middle, axis=1)
    assert np.allclose(away, radius)
    # All that is left of the ground and its hidden edge stays near.
    assert np.linalg.norm(cells.places - middle, axis=1).max() < 0.2 * radius
    for view in views:
        pixels, ahead = view.camera.project(far.places)
        inside = view.camera.frames(pixels, (-2.0, -2.0)) & (ahead > 0)
        u, v = np.floor(pixels[inside]).astype(int).T
        there = view.image[v, u].astype(float)
        assert np.median(np.abs(there - far.colours[inside]).max(axis=1)) < 12.0
    # One a direction: as far apart as pixels, not one for each photo that saw it.
    seen = sum(truth(view).sum() for view in views)
    assert 0.15 * seen < len(far.places) < 0.8 * seen


def test_a_few_mistaken_pixels_make_no_backdrop(views, cloud) -> None:
    found = depths.estimate(cloud, views)
    assert len(backdrop(views, found).places) == 0
    few = found[0]
    assert few is not None
    few.endless[:10] = True
    assert len(backdrop(views, found).places) == 0
    few.endless[:100] = True
    assert 0 < len(backdrop(views, found).places) <= 100


def test_what_drifted_outside_is_drawn_in_and_looks_the_same(views, make_splats) -> None:
    cameras = [view.camera for view in views]
    middle = np.mean([camera.centre for camera in cameras], axis=0)
    radius = RADIUS * scene_extent(cameras)
    splats = make_splats(6, 1)
    splats.means[:] = middle + radius * np.array([0.0, 0.9, 0.1])
    splats.means[4:] = middle + 40.0 * radius * np.array([0.1, 0.9, 0.1])
    splats.means[5, 0] = np.nan
    kept = drawn_in(splats, cameras)
    assert np.array_equal(kept.means[:4], splats.means[:4])
    assert np.array_equal(kept.log_scales[[0, 5]], splats.log_scales[[0, 5]])
    assert np.linalg.norm(kept.means[4] - middle) == pytest.approx(radius, rel=1e-5)
    for camera in cameras:
        before, far = camera.project(splats.means[4:5].astype(float))
        after, near = camera.project(kept.means[4:5].astype(float))
        assert np.abs(before - after).max() < 1.0
        shrunk = np.exp(kept.log_scales[4] - splats.log_scales[4])
        assert shrunk == pytest.approx(near[0] / far[0], rel=0.02)
