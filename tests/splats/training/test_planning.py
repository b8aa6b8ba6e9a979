"""A plan made on this machine by real steps, kept over a kill, and a run that follows it."""

import json
import time
from dataclasses import replace

import pytest
from mutated import mutations

from spaceport_app import resources
from spaceport_app.events import Notice, Progress, ignore
from spaceport_app.splats.engines.choose import make as make_engine
from spaceport_app.splats.training import budget, planning
from spaceport_app.splats.training.budget import Budget
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.run import TrainInputs, train

OPTIONS = TrainOptions(engine="cpu", preview_every_s=0, checkpoint_every_s=0.0)


@pytest.fixture
def make_inputs(make_reconstruction, tmp_path, monkeypatch):
    # Little memory, so that the tests train few Gaussians.
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 4_000_000)

    def make(**around: float) -> TrainInputs:
        output, scratch = tmp_path / "output", tmp_path / "scratch"
        output.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        return TrainInputs(make_reconstruction(10), output, scratch, Budget(**around))

    return make


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def killing(engine, after: int):
    """Let an engine take so many steps and then end everything."""
    step, taken = engine.step, 0

    def counted(view, settings):
        nonlocal taken
        taken += 1
        if taken > after:
            raise Killed
        return step(view, settings)

    engine.step = counted
    return engine


def plan_in(inputs: TrainInputs) -> dict:
    return json.loads((inputs.scratch / "plan.json").read_text("utf-8"))


def test_too_little_time_is_said_and_still_makes_a_picture(make_inputs) -> None:
    inputs, events = make_inputs(spent_s=500.0), []
    options = replace(OPTIONS, finish_in_min=1.0)
    report = train(make_engine("cpu"), inputs, options, events.append)
    assert report["iterations"] == budget.FEWEST_STEPS
    (said,) = (e for e in events if isinstance(e, Notice) and e.code == "budget_too_short")
    assert "1 minutes are too few" in said.message
    assert (inputs.output / "splats.ply").is_file()
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


def test_a_killed_run_goes_on_by_the_same_plan(make_inputs, monkeypatch) -> None:
    inputs = make_inputs(spent_s=500.0)
    options = replace(OPTIONS, finish_in_min=1.0)
    with pytest.raises(Killed):
        train(killing(make_engine("cpu"), 60), inputs, options, ignore)
    before = plan_in(inputs)
    monkeypatch.setattr(planning, "_factor", None)
    report = train(make_engine("cpu"), inputs, options, ignore)
    assert plan_in(inputs) == before
    assert report["max_gaussians"] == before["sizes"]["max_gaussians"]


def test_another_time_is_another_plan(make_inputs) -> None:
    inputs = make_inputs(spent_s=500.0)
    train(make_engine("cpu"), inputs, replace(OPTIONS, finish_in_min=1.0), ignore)
    before = plan_in(inputs)
    (inputs.scratch / "plan.json").write_text("{damaged", "utf-8")
    train(make_engine("cpu"), inputs, replace(OPTIONS, finish_in_min=2.0), ignore)
    assert plan_in(inputs)["key"] != before["key"]


@pytest.mark.slow
def test_a_minute_is_a_minute(make_inputs) -> None:
    inputs = make_inputs(after_s=5.0)
    started = time.monotonic()
    options = replace(OPTIONS, finish_in_min=1.0, checkpoint_every_s=60.0)
    report = train(make_engine("cpu"), inputs, options, ignore)
    assert time.monotonic() - started == pytest.approx(55.0, abs=6.0)
    assert report["iterations"] > 2 * budget.FEWEST_STEPS


def test_a_plan_with_anything_wrong_in_it_is_another_measurement(tmp_path):
    path = tmp_path / "plan.json"
    planning._write(path, "key", TrainOptions(), 60.0, 1.5)
    assert planning._read(path, "key") is not None
    for words, text in mutations(json.loads(path.read_text("utf-8"))):
        path.write_text(text, "utf-8")
        try:
            kept = planning._read(path, "key")
        except Exception as error:
            pytest.fail(f"{words}: {error!r}")
        assert kept is None or kept[0]["max_gaussians"] > 0, words
