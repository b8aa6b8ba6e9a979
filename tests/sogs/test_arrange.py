from __future__ import annotations

import numpy as np
import pytest

from spaceport_app.sogs.arrange import arrange

from .scenes import scene


@pytest.mark.parametrize("order", ["hilbert", "morton", "plas"])
def test_neighbours_in_the_file_are_neighbours_in_space(order: str) -> None:
    splats = scene(600)
    splats.means[:] = np.random.default_rng(0).uniform(-1, 1, (600, 3))
    chosen = arrange(splats, order)
    assert sorted(chosen) == list(range(600))
    before = np.linalg.norm(np.diff(splats.means, axis=0), axis=1).mean()
    after = np.linalg.norm(np.diff(splats.means[chosen], axis=0), axis=1).mean()
    assert after < (0.95 if order == "plas" else 0.3) * before
