import numpy as np
import pytest
from scipy.ndimage import map_coordinates, uniform_filter

from spaceport_app.splats.training import sweep

FLAT = 1e-5


@pytest.mark.parametrize("shape", [(9, 14), (5, 5), (3, 2), (1, 7)])
def test_window_sums_repeat_the_edge(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    sums = np.empty_like(values)
    sweep.window_sums(values, sums)
    expected = 25.0 * uniform_filter(values.astype(np.float64), 5, mode="nearest")
    np.testing.assert_allclose(sums, expected, rtol=1e-5)


def plane_by_least_squares(offsets: np.ndarray, values: np.ndarray) -> float:
    """Return what `fitted_planes` should, from the normal equations of a ridge regression."""
    closeness = weights = 1.0 / (np.linalg.norm(offsets, axis=1) + 1.0) ** 2
    for turn in range(4):
        middle = np.average(offsets, axis=0, weights=weights)
        mean = np.average(values, weights=weights)
        apart = (offsets - middle) * np.sqrt(weights)[:, None]
        ridge = np.sqrt(0.002 * (apart**2).sum()) * np.eye(2)
        wanted = np.concatenate([(values - mean) * np.sqrt(weights), [0.0, 0.0]])
        slope = np.linalg.lstsq(np.concatenate([apart, ridge]), wanted, rcond=None)[0]
        height = mean - middle @ slope
        off = np.abs(values - height - offsets @ slope)
        if turn < 3:
            weights = closeness / (1.0 + (off / (2.0 * np.median(off) + 1e-6 * values)) ** 2)
    return float(height)


@pytest.mark.parametrize("count", [8, 31, 32])
def test_planes_are_those_of_a_robust_ridge_regression(count: int) -> None:
    rng = np.random.default_rng(count)
    points = rng.uniform(0, 50, (200, 2))
    nearness = 0.02 + 1e-4 * points[:, 0] + rng.choice([0.0, 0.01], 200, p=[0.8, 0.2])
    nearness += 1e-5 * rng.normal(size=200)
    at = rng.uniform(0, 50, (12, 2))
    near = np.stack([rng.choice(200, count, replace=False) for _ in range(4)])
    block = rng.integers(0, 4, 12)
    found = sweep.fitted_planes(at, points, nearness, near, block)
    expected = [
        plane_by_least_squares(points[near[b]] - p, nearness[near[b]])
        for p, b in zip(at, block, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_points_in_one_place_make_a_level_plane() -> None:
    one = np.array([[3.0, 4.0]])
    found = sweep.fitted_planes(
        np.zeros((1, 2)), one, np.array([0.1]), np.zeros((1, 8), np.int64), np.zeros(1, np.int64)
    )
    np.testing.assert_allclose(found, [0.1])


def alike(
    grey: np.ndarray, depth: np.ndarray, lines: np.ndarray, pictures: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return score and number of pictures asked at one depth, in float64 by SciPy's filters."""

    def mean(image: np.ndarray) -> np.ndarray:
        return uniform_filter(image, 5, mode="nearest")

    def variance(image: np.ndarray) -> np.ndarray:
        return np.maximum(mean(image**2) - mean(image) ** 2, FLAT)

    scores, asked = [np.full(grey.shape, -1.0)] * 2, np.zeros(grey.shape, int)
    for (ray, origin), picture in zip(lines, pictures, strict=True):
        x, y, z = depth * ray + origin
        before = z > 1e-6
        z = np.where(before, z, 1.0)
        x, y = x / z, y / z
        high, wide = picture.shape
        framed = before & (x >= 3) & (y >= 3) & (x <= wide - 3) & (y <= high - 3)
        seen = map_coordinates(picture, [y - 0.5, x - 0.5], order=1, mode="nearest")
        common = mean(grey * seen) - mean(grey) * mean(seen)
        like = common / np.sqrt(variance(grey) * variance(seen))
        scores.append(np.where(framed, like, -1.0))
        asked = asked + framed
    return np.sort(scores, axis=0)[::-1][:2], asked


def test_likenesses_are_correlations_of_windows_in_pictures_of_any_size() -> None:
    rng = np.random.default_rng(2)
    grey = uniform_filter(rng.random((20, 26)), 3) - 0.5
    pictures = [uniform_filter(rng.random(s), 3) - 0.5 for s in ((20, 26), (26, 20), (30, 24))]
    depths = rng.uniform(4, 5, grey.shape)
    v, u = np.mgrid[0:20, 0:26] + 0.5
    ahead = np.stack([u, v, np.ones_like(u)])
    turned = np.stack([u, v, -np.ones_like(u)])  # Partly behind this one's back.
    shifts = np.array([[6.0, -3.0, 0.1], [-9.0, 14.0, 0.2], [2.0, 30.0, 4.5]])
    lines = np.stack(
        [
            np.stack([ray, np.broadcast_to(shift[:, None, None], ray.shape)])
            for ray, shift in zip((ahead, ahead, turned), shifts, strict=True)
        ]
    )
    room = np.zeros((3, 30, 26), np.float32)
    for i, picture in enumerate(pictures):
        room[i, : picture.shape[0], : picture.shape[1]] = picture
    factors = np.array([0.8, 1.0, 1.3])
    scores, asked = sweep.likenesses(
        grey.astype(np.float32),
        depths.astype(np.float32),
        factors.astype(np.float32),
        lines.astype(np.float32),
        room,
        np.array([[p.shape[1], p.shape[0]] for p in pictures]),
        FLAT,
    )
    _, expected_asked = alike(grey, depths, lines, pictures)
    np.testing.assert_array_equal(asked, expected_asked)
    assert set(np.unique(asked)) >= {0, 1, 2}
    for k, factor in enumerate(factors):
        (first, second), _ = alike(grey, factor * depths, lines, pictures)
        expected = np.where(expected_asked > 1, (first + second) / 2, first)
        np.testing.assert_allclose(scores[k], expected, atol=2e-4)
