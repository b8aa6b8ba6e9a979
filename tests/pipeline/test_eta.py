from __future__ import annotations

import pytest

from spaceport_app.pipeline.eta import Eta


def test_steady_work_ends_when_it_should() -> None:
    eta = Eta()
    for second in range(1, 80):
        left = eta.update(second / 100, float(second))
        if second >= 6:
            assert left == pytest.approx(100 - second)


def test_nothing_is_told_too_early_or_without_work() -> None:
    eta = Eta()
    assert eta.update(0.0, 0.0) is None
    assert eta.update(0.1, 1.0) is None
    still = Eta()
    assert [still.update(0.2, float(second)) for second in range(10)] == [None] * 10


def test_work_of_an_earlier_run_does_not_count() -> None:
    eta = Eta()
    for second in range(6):
        left = eta.update(0.80 + 0.01 * second, float(second))
    assert left == pytest.approx(15.0)


def test_recent_speed_counts() -> None:
    eta = Eta()
    for second in range(101):
        left = eta.update(0.5 * second / 100, float(second))
    for second in range(101, 181):
        left = eta.update(0.5 + 0.005 / 4 * (second - 100), float(second))
    # Four times slower since second 100: 0.4 are left at 0.00125 a second.
    assert left == pytest.approx(320.0, rel=0.1)


def test_another_pass_starts_anew() -> None:
    eta = Eta()
    eta.update(0.9, 0.0)
    for second in range(10, 70, 10):
        left = eta.update(second / 100, float(second))
    assert left == pytest.approx(40.0)


def test_what_comes_before_the_first_count_of_a_step_is_no_speed() -> None:
    eta = Eta()
    eta.update(0.0, 0.0, "Placing the first Gaussians")
    eta.update(0.02, 1.0, "Placing the first Gaussians")
    told = [eta.update(0.02, 1.1, "Training")]
    # Compiling takes 400 seconds; then a twentieth a second is done.
    told += [eta.update(0.02 + 0.05 * n, 400.0 + n, "Training") for n in range(1, 19)]
    assert told[0] is None
    times = [left for left in told if left is not None]
    assert len(times) > 10
    assert max(times) < 18.0


def test_steps_of_one_count_go_by_the_stage_so_far() -> None:
    eta = Eta()
    eta.update(0.0, 0.0, "Decoding")
    eta.update(0.4, 20.0, "Decoding")
    assert eta.update(0.4, 20.0, "Placing") == pytest.approx(30.0)
