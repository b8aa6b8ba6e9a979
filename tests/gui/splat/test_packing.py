"""What is handed to the graphics card."""

from __future__ import annotations

import engine_scenes
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spaceport_app.gui.splat.packing import bounds, pack
from spaceport_app.splats.model import Splats


def nearest(means: np.ndarray, all_means: np.ndarray) -> np.ndarray:
    return np.array([np.flatnonzero((all_means == m).all(axis=1))[0] for m in means])


@pytest.mark.parametrize("degree", range(4))
def test_every_gaussian_is_kept_as_it_is(degree: int) -> None:
    splats = engine_scenes.gaussians(50, degree)
    scene = pack(splats)
    order = nearest(scene.means, splats.means)
    assert sorted(order.tolist()) == list(range(50))
    np.testing.assert_allclose(
        scene.base[:, 3], 1 / (1 + np.exp(-splats.opacity_logits[order])), 1e-5
    )
    turned = Rotation.from_quat(splats.quaternions[order], scalar_first=True).as_matrix()
    wanted = turned * np.exp(splats.log_scales[order])[:, None, :]
    np.testing.assert_allclose(scene.base[:, 4:13].reshape(-1, 3, 3), wanted, atol=1e-5)
    np.testing.assert_array_equal(scene.base[:, 13:], splats.sh[order, 0])
    rest = splats.sh[order, 1:].reshape(50, -1)
    np.testing.assert_allclose(scene.harmonics[:, : rest.shape[1]], rest, atol=1e-3)


def test_gaussians_that_are_no_numbers_are_left_out() -> None:
    splats = engine_scenes.gaussians(10, 0)
    means, scales = splats.means.copy(), splats.log_scales.copy()
    means[3, 1] = np.nan
    scales[7, 0] = np.inf
    scene = pack(Splats(means, scales, splats.quaternions, splats.opacity_logits, splats.sh))
    assert len(scene) == 8 and np.isfinite(scene.base).all()


def test_any_first_part_shows_large_and_dense_places_alike() -> None:
    count = 20_000
    splats = engine_scenes.gaussians(count, 0)
    r = np.random.default_rng(2)
    left = r.random(count) < 0.5
    means = splats.means.copy()
    means[:, 0] = np.where(left, -5.0, 5.0)
    scales = np.where(left[:, None], -1.0, -4.0) * np.ones((count, 3), np.float32)
    scene = pack(
        Splats(
            means,
            scales.astype(np.float32),
            splats.quaternions,
            np.zeros(count, np.float32),
            splats.sh,
        )
    )
    first = scene.means[: count // 10, 0]
    assert (first < 0).mean() > 0.7, "larger ones come first"
    assert (first > 0).mean() > 0.02, "yet the fine part is not left out"


def test_bounds_leave_outliers_out() -> None:
    splats = engine_scenes.gaussians(1000, 0)
    means = splats.means.copy()
    means[0] = 1e5
    rest = (splats.log_scales, splats.quaternions, splats.opacity_logits, splats.sh)
    low, high = bounds(pack(Splats(means, *rest)))
    assert np.all(low > -5) and np.all(high < 5)
