import numpy as np
import pytest

from spaceport_app.errors import StageError
from spaceport_app.sfm.model import Cloud
from spaceport_app.splats.training.initialise import SH_C0, initial_splats


def cloud_of(xyz: np.ndarray) -> Cloud:
    n = len(xyz)
    rgb = np.random.default_rng(1).integers(0, 256, (n, 3)).astype(np.uint8)
    return Cloud(xyz, rgb, np.full(n, 0.5, np.float32), np.full(n, 3, np.int32))


def test_scales_are_the_mean_distance_to_three_neighbours() -> None:
    xyz = np.random.default_rng(0).normal(size=(80, 3))
    splats = initial_splats(cloud_of(xyz), limit=1000, sh_degree=2, seed=0)
    order = np.lexsort(xyz.T[::-1])
    assert np.allclose(splats.means, xyz[order], atol=1e-6)
    distances = np.sort(np.linalg.norm(xyz[:, None] - xyz[None], axis=2), axis=1)[:, 1:4]
    expected = np.minimum(distances.mean(1), 10 * np.median(distances.mean(1)))[order]
    assert np.allclose(np.exp(splats.log_scales), expected[:, None], rtol=1e-5)
    assert splats.sh.shape == (80, 9, 3)
    assert np.allclose(splats.sh[:, 0] * SH_C0 + 0.5, cloud_of(xyz).rgb[order] / 255, atol=1e-6)
    assert not splats.sh[:, 1:].any()
    assert np.allclose(1 / (1 + np.exp(-splats.opacity_logits)), 0.5)
    assert np.allclose(np.linalg.norm(splats.quaternions, axis=1), 1, atol=1e-6)


def test_stray_and_broken_and_double_points_make_no_fog() -> None:
    rng = np.random.default_rng(0)
    good = rng.normal(size=(200, 3))
    stray = np.array([[4000.0, 0, 0], [np.nan, 0, 0], [np.inf, 1, 1]])
    splats = initial_splats(
        cloud_of(np.concatenate([good, stray, good[:50]])), limit=1000, sh_degree=0, seed=0
    )
    assert len(splats) == 200
    assert np.isfinite(splats.means).all() and np.isfinite(splats.log_scales).all()
    assert np.exp(splats.log_scales.max()) <= 10.001 * np.exp(np.median(splats.log_scales))


def test_the_limit_keeps_a_repeatable_choice() -> None:
    cloud = cloud_of(np.random.default_rng(0).normal(size=(500, 3)))
    first = initial_splats(cloud, limit=100, sh_degree=0, seed=5)
    again = initial_splats(cloud, limit=100, sh_degree=0, seed=5)
    assert len(first) == 100
    assert np.array_equal(first.means, again.means)


def test_too_few_points_are_told() -> None:
    with pytest.raises(StageError) as caught:
        initial_splats(cloud_of(np.eye(3)), limit=100, sh_degree=0, seed=0)
    assert caught.value.code == "too_few_points"
