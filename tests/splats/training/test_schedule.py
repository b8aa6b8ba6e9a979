import pytest

from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.schedule import Schedule


def schedule(**options) -> Schedule:
    return Schedule(TrainOptions(iterations=1000, image_size=640, **options), extent=50.0, seed=3)


def test_pictures_grow_from_a_quarter_over_half_to_full() -> None:
    sides = [schedule().larger_side(i) for i in range(1000)]
    assert sides == sorted(sides)
    assert set(sides) == {160, 320, 640}
    assert sides[0] == 160 and sides[-1] == 640
    # Small pictures bring nothing after the first steps: measured, see docs/benchmarks.md.
    assert sides.count(640) >= 650
    assert {schedule(coarse_to_fine=False).larger_side(i) for i in (0, 500)} == {640}


def test_small_pictures_do_not_shrink_to_nothing() -> None:
    small = Schedule(TrainOptions(iterations=100, image_size=48), 1.0, 0)
    assert {small.larger_side(i) for i in range(100)} == {48}


def test_harmonics_rise_to_the_degree_asked_for() -> None:
    for degree in range(4):
        used = [schedule(sh_degree=degree).sh_degree(i) for i in range(1000)]
        assert used == sorted(used)
        assert used[0] == 0 and used[-1] == degree


def test_positions_slow_down_to_a_hundredth_in_proportion_to_the_scene() -> None:
    rates = [schedule(position_rate=1e-4).means_rate(i) for i in (0, 500, 1000)]
    assert rates == pytest.approx([5e-3, 5e-4, 5e-5])


def test_structure_counts_from_its_start() -> None:
    late = schedule(dssim_weight=0.2, dssim_from=0.5)
    weights = [late.settings(i, noise=0.0, screen_gradients=False).dssim_weight for i in (499, 500)]
    assert weights == [0.0, 0.2]


def test_random_backgrounds_repeat_and_are_measured_on_black() -> None:
    random = schedule(background="random")
    assert random.background(7) == random.background(7) != random.background(8)
    assert all(0 <= c <= 1 for c in random.background(7))
    assert random.look.background == (0.0, 0.0, 0.0)
    assert schedule(background="white").look.background == (1.0, 1.0, 1.0)


def test_work_adds_up_step_by_step() -> None:
    whole = schedule()
    steps = [whole.work(i + 1) - whole.work(i) for i in range(1000)]
    assert min(steps) > 0
    assert sum(steps) == pytest.approx(whole.work(1000))
    assert steps[0] < steps[150] < steps[999]
