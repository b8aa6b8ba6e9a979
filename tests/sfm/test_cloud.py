from __future__ import annotations

import numpy as np

from spaceport_app.sfm import cloud


def test_lonely_and_broken_points_are_dropped():
    random = np.random.default_rng(1)
    ground = random.uniform(-10, 10, (500, 3)) * [1, 1, 0.1]
    stray = np.array([[0.0, 0, 300], [900, 0, 0], [np.nan, 0, 0], [np.inf, 1, 1]])
    kept = cloud.confirmed(np.concatenate([ground, stray]))
    assert kept[:500].mean() > 0.99
    assert not kept[500:].any()


def test_tiny_clouds_stay_whole():
    assert cloud.confirmed(np.eye(3)).all()
    assert len(cloud.confirmed(np.zeros((0, 3)))) == 0
