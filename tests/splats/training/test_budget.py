"""What fits into a given time, and a running training kept to it, on a clock of our own."""

from dataclasses import replace

import pytest

from spaceport_app.splats.training import budget, cost, pace
from spaceport_app.splats.training.budget import Budget, Machine, Scene
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.pace import Pace
from spaceport_app.splats.training.schedule import Schedule

SCENE = Scene(1600, 1600 * 1200, 8000, 5, 10**9)
TWO_CORES = Machine("cpu", 2)
OPTIONS = TrainOptions(finish_in_min=10.0)


def fitted(minutes: float, *, scene: Scene = SCENE, machine: Machine = TWO_CORES, **around: float):
    options = replace(OPTIONS, finish_in_min=minutes)
    return budget.fitting(options, Budget(**around), scene, machine)


def took(options: TrainOptions, machine: Machine = TWO_CORES, scene: Scene = SCENE) -> float:
    """Seconds of a run, step by step, by the same model of a step that the plan was made with."""
    schedule = Schedule(options, 1.0, 0)
    total = budget.finishing_seconds(options, scene, machine)
    for i in range(options.iterations):
        pixels = scene.pixels_at(schedule.larger_side(i))
        count = cost.gaussians_after(i / options.iterations, options, scene.initial(options))
        total += machine.factor * cost.step_seconds(pixels, count, machine.device, machine.cores)
    return total


@pytest.mark.parametrize("minutes", [2.0, 5.0, 10.0, 30.0, 180.0])
@pytest.mark.parametrize("factor", [0.3, 1.0, 2.0])
def test_the_plan_fills_the_time(minutes: float, factor: float) -> None:
    machine = replace(TWO_CORES, factor=factor)
    options = fitted(minutes, machine=machine)
    assert took(options, machine) == pytest.approx(60.0 * minutes, rel=0.05)


def test_steps_beyond_reason_are_not_taken() -> None:
    assert fitted(100_000.0).iterations == budget.MOST_STEPS


def test_more_time_gives_more_of_everything() -> None:
    plans = [fitted(minutes) for minutes in (2.0, 5.0, 20.0, 60.0, 240.0)]
    for name in ("iterations", "max_gaussians", "image_size"):
        values = [getattr(plan, name) for plan in plans]
        assert values == sorted(values)
        assert values[0] < values[-1]


def test_what_other_stages_take_is_left_to_them() -> None:
    around = {"spent_s": 200.0, "after_s": 10.0, "after_s_per_gaussian": 5e-4}
    options = fitted(10.0, **around)
    rest = 600.0 - 200.0 - 10.0 - 5e-4 * options.max_gaussians
    assert took(options) == pytest.approx(rest, rel=0.05)


def test_small_photos_and_little_memory_bound_the_plan() -> None:
    small = fitted(120.0, scene=replace(SCENE, full_side=500, pixels=500 * 375))
    assert small.image_size == 500
    tight = fitted(120.0, scene=replace(SCENE, most_gaussians=50_000))
    assert tight.max_gaussians == 50_000
    assert tight.iterations > fitted(120.0).iterations


def test_no_time_at_all_still_makes_a_picture() -> None:
    options = fitted(1.0, spent_s=300.0)
    assert options.iterations == budget.FEWEST_STEPS


class Clock:
    """A clock that only the simulated steps move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(pace, "time", found)
    return found


def simulate(clock: Clock, options: TrainOptions, seconds: float, real: float, **more) -> float:
    """Train with steps that take `real` times the model; return when it ended."""
    keeper = Pace(seconds, SCENE, TWO_CORES)
    keeper.begin(0.0)
    began, i = clock.now, 0
    while i < options.iterations:
        schedule = Schedule(options, 1.0, 0)
        side = schedule.larger_side(i)
        count = int(cost.gaussians_after(i / options.iterations, options, SCENE.initial(options)))
        part = side / options.image_size
        # The model knows neither how cost shifts with size nor what is saved now and then.
        factor = real * (more.get("small", 1.0) if part < 1.0 else 1.0)
        clock.now += factor * cost.step_seconds(SCENE.pixels_at(side), count, "cpu", 2)
        i += 1
        if i % 400 == 0:
            clock.now += more.get("saving", 0.0)
        options = replace(
            options,
            iterations=keeper.after_step(options, i, side, count)
            if i < options.iterations
            else options.iterations,
        )
    return clock.now - began


@pytest.mark.parametrize("real", [0.4, 0.8, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("small", [0.5, 1.0, 2.0])
def test_a_machine_unlike_its_estimate_still_ends_in_time(
    clock: Clock, real: float, small: float
) -> None:
    options = fitted(10.0)
    assert simulate(clock, options, 600.0, real, small=small, saving=2.0) == pytest.approx(
        600.0, rel=0.08
    )


def test_a_machine_as_estimated_keeps_its_steps(clock: Clock) -> None:
    options = fitted(10.0)
    seconds = budget.training_seconds(options, SCENE, TWO_CORES)
    assert simulate(clock, options, seconds, 1.0) == pytest.approx(seconds, rel=0.02)


def test_a_training_that_is_too_late_still_takes_its_fewest_steps() -> None:
    steps = budget.corrected_steps(fitted(10.0), SCENE, TWO_CORES, 20, -5.0)
    assert steps == budget.FEWEST_STEPS


def test_the_clock_counts_earlier_tries_and_not_the_time_between(clock: Clock) -> None:
    keeper = Pace(600.0, SCENE, TWO_CORES)
    clock.now += 5000.0
    keeper.begin(100.0)
    clock.now += 20.0
    assert keeper.elapsed == pytest.approx(120.0)
