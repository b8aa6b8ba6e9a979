from __future__ import annotations

import pytest

from spaceport_app.gui.splat.pace import FULL, LADDER, Pace, growth


def test_fast_computer_gets_to_all() -> None:
    pace = Pace(0.04)
    for _ in range(20):
        pace.took(0.004)
    assert pace.detail == FULL and pace.count(3_000_000) == 3_000_000
    assert growth(pace.detail.share) == 1.0


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


def test_what_showing_takes_is_taken_from_drawing() -> None:
    quick, slow = Pace(0.04), Pace(0.04)
    for _ in range(20):
        quick.took(0.02, 0.002)
        slow.took(0.02, 0.028)
    assert LADDER.index(quick.detail) == 4, "22 ms of 40 are right"
    assert LADDER.index(slow.detail) > 4, "48 ms of 40 are too much"


def test_picture_that_is_drawn_in_no_time_is_drawn_whole_from_the_next_frame_on() -> None:
    pace = Pace(0.04)
    pace.took_all(0.01)
    assert pace.detail == FULL and pace.steps_to_rest() == (FULL,)


def test_long_picture_is_led_up_to_by_a_coarser_one() -> None:
    pace = Pace(0.04)
    pace.took_all(2.0)
    for _ in range(20):
        pace.took(10.0)
    between, last = pace.steps_to_rest()
    assert last == FULL
    assert pace.detail.share < between.share < 1.0 and pace.detail.scale < between.scale < 1.0
