from __future__ import annotations

import numpy as np
import pytest

from spaceport_app.gui.flight.ground import grid, step_for


@pytest.mark.parametrize(
    ("extent", "step"), [(80.0, 10.0), (81.0, 20.0), (7.9, 1.0), (400.0, 50.0), (0.5, 0.1)]
)
def test_steps_are_numbers_to_count_in(extent: float, step: float) -> None:
    assert step_for(extent) == pytest.approx(step)


def test_lines_stand_at_whole_steps_around_everything() -> None:
    low, high = np.array([-33.0, 12.0, 0.0]), np.array([51.0, 44.0, 9.0])
    found = grid(low, high, -2.0)
    ends = found.lines.reshape(-1, 3)
    np.testing.assert_allclose(ends[:, :2] / found.step, np.round(ends[:, :2] / found.step))
    assert (ends[:, :2].min(axis=0) <= low[:2]).all()
    assert (ends[:, :2].max(axis=0) >= high[:2]).all()
    assert (ends[:, 2] == -2.0).all()


def test_the_scale_is_one_step_long_and_the_arrow_points_north() -> None:
    found = grid(np.zeros(3), np.array([100.0, 60.0, 0.0]), 0.0)
    assert np.linalg.norm(found.scale[1] - found.scale[0]) == pytest.approx(found.step)
    tip, foot, notch, other = found.arrow
    np.testing.assert_allclose((tip - notch)[[0, 2]], 0.0, atol=1e-9)
    assert tip[1] > notch[1] > foot[1] == other[1]
    assert found.north[1] > tip[1]
