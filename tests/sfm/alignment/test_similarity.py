from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from spaceport_app.sfm.alignment.similarity import fit, fit_robust


def test_exact_similarity_is_recovered_in_three_dimensions():
    random = np.random.default_rng(1)
    source = random.normal(size=(12, 3))
    turn = Rotation.random(random_state=3).as_matrix()
    target = 2.5 * source @ turn.T + [10, -3, 4]
    found = fit(source, target)
    np.testing.assert_allclose(found.rotation, turn, atol=1e-12)
    assert found.scale == pytest.approx(2.5, rel=1e-12)
    np.testing.assert_allclose(found.apply(source), target, atol=1e-11)


def test_least_squares_agree_with_a_general_optimiser():
    random = np.random.default_rng(2)
    source = random.normal(size=(20, 3))
    target = 1.7 * source @ Rotation.from_rotvec([0.3, -0.8, 0.2]).as_matrix().T
    target += random.normal(size=(20, 3)) * 0.2

    def residual(x):
        return (np.exp(x[6]) * Rotation.from_rotvec(x[:3]).apply(source) + x[3:6] - target).ravel()

    reference = least_squares(residual, np.zeros(7), xtol=1e-15, ftol=1e-15, gtol=1e-15)
    found = fit(source, target)
    ours = ((found.apply(source) - target) ** 2).sum()
    assert ours == pytest.approx(2 * reference.cost, rel=1e-9)


def test_mirrored_points_give_a_proper_rotation():
    source = np.random.default_rng(3).normal(size=(10, 3))
    found = fit(source, source * [1, 1, -1])
    assert np.linalg.det(found.rotation) == pytest.approx(1.0)


def test_two_dimensions_turn_about_the_third_axis_only():
    random = np.random.default_rng(4)
    source = random.normal(size=(8, 2))
    c, s = np.cos(0.7), np.sin(0.7)
    target = 3 * source @ np.array([[c, -s], [s, c]]).T + [5, 6]
    found = fit(source, target)
    np.testing.assert_allclose(found.rotation[2], [0, 0, 1], atol=1e-15)
    np.testing.assert_allclose(found.translation, [5, 6, 0], atol=1e-12)
    assert found.scale == pytest.approx(3.0)


def test_a_third_of_wild_outliers_does_not_move_the_fit():
    random = np.random.default_rng(5)
    source = random.normal(size=(30, 3))
    turn = Rotation.random(random_state=5).as_matrix()
    truth = 20 * source @ turn.T
    target = truth + random.normal(size=(30, 3)) * 0.3
    target[:10] += random.uniform(50, 500, size=(10, 3))
    found = fit_robust(source, target, seed=1)
    assert found is not None
    similarity, inliers = found
    assert not inliers[:10].any()
    assert inliers[10:].sum() >= 18
    assert np.abs(similarity.apply(source) - truth).max() < 1.0


def test_one_place_is_no_fit():
    source = np.random.default_rng(6).normal(size=(5, 3))
    assert fit_robust(source, np.zeros((5, 3)), seed=1) is None
    assert fit_robust(source[:2], source[:2], seed=1) is None
