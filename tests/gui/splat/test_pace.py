from __future__ import annotations

import pytest

from spaceport_app.gui.splat.pace import FULL, Pace


def test_fast_computer_gets_to_all() -> None:
    pace = Pace(0.04)
    for _ in range(20):
        pace.took(0.004)
    assert pace.detail == FULL and pace.count(3_000_000) == 3_000_000
    assert pace.detail.growth == 1.0


@pytest.mark.parametrize("microseconds", [0.3, 1.0, 3.0])
def test_slow_computer_settles_where_frames_come_in_time(microseconds: float) -> None:
    pace, gaussians = Pace(0.04), 1_000_000
    times = []
    for _ in range(30):
        seconds = pace.count(gaussians) * microseconds * 1e-6
        pace.took(seconds)
        times.append(seconds)
    assert max(times[-10:]) < 1.6 * pace.target_seconds
    assert min(times[-10:]) > 0.25 * pace.target_seconds


def test_small_scenes_are_never_thinned_out() -> None:
    pace = Pace(0.04)
    for _ in range(20):
        pace.took(10.0)
    assert pace.count(5000) == 5000
