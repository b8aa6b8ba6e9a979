"""Training on a device whose memory does not suffice: less of everything, from the checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

from spaceport_app.errors import StageError
from spaceport_app.events import Notice, ignore
from spaceport_app.splats import file
from spaceport_app.splats.training import trainer
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.run import TrainInputs, train

OPTIONS = TrainOptions(
    iterations=40,
    max_gaussians=100,
    image_size=48,
    refine_every=5,
    checkpoint_every_s=0.0,
    largest_gaussian=0.1,
    coarse_to_fine=False,
    clean_up=False,
)


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    monkeypatch.setattr(trainer, "_FEWEST_GAUSSIANS", 20)
    monkeypatch.setattr(trainer, "_SMALLEST_SIDE", 16)


@pytest.fixture
def device(plain_engine):
    class Device(plain_engine):
        """Keeps a record of its steps; `short(what, engine, iteration)` says where it fails."""

        def __init__(self, short) -> None:
            super().__init__()
            self.parameters = {"means": torch.zeros(0, 3)}
            self.short = short
            self.done: list[tuple[int, int, int]] = []
            self.step_number = 0

        def _need(self, what: str) -> None:
            if self.short(what, self, self.step_number):
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

        def step(self, view, settings):
            self.step_number = settings.iteration
            self.width = view.camera.width
            self._need("step")
            self.done.append((settings.iteration, len(self), view.camera.width))
            return super().step(view, settings)

        def render(self, camera, **how):
            self.width = camera.width
            self._need("render")
            return super().render(camera, **how)

        def load(self, splats) -> None:
            self._need("load")
            super().load(splats)

        def change(self, change) -> None:
            if self.short("change", self, self.step_number):
                # As on a real device: some of the tensors are new, the others old.
                self.parameters["means"] = self.parameters["means"][change.source]
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
            super().change(change)

    return Device


@pytest.fixture
def inputs(make_reconstruction, tmp_path):
    for name in ("output", "scratch"):
        (tmp_path / name).mkdir()
    found = make_reconstruction(6, width=48, height=36)
    return TrainInputs(found, tmp_path / "output", tmp_path / "scratch")


def once(what: str, iteration: int):
    left = [1]

    def short(now: str, engine, number: int) -> bool:
        if (now, number) == (what, iteration) and left:
            left.pop()
            return True
        return False

    return short


@pytest.mark.parametrize(("what", "iteration"), [("step", 23), ("change", 25), ("render", 27)])
def test_once_it_goes_on_from_the_checkpoint_with_fewer(
    inputs, device, what: str, iteration: int
) -> None:
    engine, events = device(once(what, iteration)), []
    report = train(engine, inputs, OPTIONS, events.append)
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert notice.code == "less_memory"
    cap = report["max_gaussians"]
    assert notice.message == (
        f"Memory ran out; training goes on from step {iteration} with {cap} "
        "Gaussians at most and pictures of 48 pixels."
    )
    numbers = [number for number, _, _ in engine.done]
    # The step in which it happened is taken once more, none before it.
    again = [] if what == "step" else [iteration]
    assert numbers == sorted([*range(40), *again])
    before = max(count for number, count, _ in engine.done if number < iteration)
    assert all(count <= cap < before for number, count, _ in engine.done[iteration + len(again) :])
    assert report["times_out_of_memory"] == 1 and report["iterations"] == 40
    assert report["gaussians"] == len(file.read_ply(inputs.output / "splats.ply")) <= cap
    assert report["psnr_db"] > 15


def test_time_and_again_it_makes_do_with_what_fits(inputs, device) -> None:
    room = 30 * 32 * 24

    def short(what: str, engine, number: int) -> bool:
        return what == "step" and len(engine) * engine.width**2 * 3 // 4 > room

    engine, events = device(short), []
    report = train(engine, inputs, OPTIONS, events.append)
    notices = [event for event in events if isinstance(event, Notice)]
    assert {notice.code for notice in notices} == {"less_memory"}
    assert len(notices) == report["times_out_of_memory"] > 2
    assert "from the start" in notices[0].message
    side, cap = report["image_size_px"], report["max_gaussians"]
    assert side < 48 and cap < 100 and cap * side**2 * 3 // 4 <= 1.3 * room
    assert f"{cap} Gaussians at most and pictures of {side} pixels" in notices[-1].message
    assert [number for number, _, _ in engine.done][-40:] == list(range(40))
    # Held-out photos are measured at the size that training ended with, and it is written down.
    quality = json.loads((inputs.output / "quality.json").read_text("utf-8"))
    (view,) = quality["views"]
    assert quality["image_size_px"] == side
    assert Image.open(inputs.output / view["photo"]).width == side == view["width"]


def test_what_was_learnt_of_memory_outlives_a_kill(inputs, device) -> None:
    class Killed(BaseException):
        pass

    fail = once("step", 12)

    def short(what: str, engine, number: int) -> bool:
        if (what, number) == ("step", 20):
            raise Killed
        return fail(what, engine, number)

    with pytest.raises(Killed):
        train(device(short), inputs, OPTIONS, ignore)
    engine = device(lambda *_: False)
    report = train(engine, inputs, OPTIONS, ignore)
    assert engine.done[0][0] == 20
    assert report["max_gaussians"] < 100 and report["times_out_of_memory"] == 1


@pytest.mark.parametrize("what", ["step", "load"])
def test_where_nothing_helps_one_sentence_says_so(inputs, device, what: str) -> None:
    engine, events = device(lambda now, engine, number: now == what), []
    with pytest.raises(StageError) as caught:
        train(engine, inputs, OPTIONS, events.append)
    assert caught.value.code == "out_of_memory"
    assert caught.value.message.count(".") == 1 and caught.value.remedy
    assert "CUDA" not in caught.value.message
    assert engine.done == []


def test_after_the_last_step_it_is_told_in_a_sentence_too(inputs, device) -> None:
    ended = []

    def short(what: str, engine, number: int) -> bool:
        return what == "render" and bool(ended)

    def listen(event) -> None:
        if getattr(event, "step", "").startswith("Measuring quality"):
            ended.append(event)

    with pytest.raises(StageError) as caught:
        train(device(short), inputs, OPTIONS, listen)
    assert caught.value.code == "out_of_memory"
    # Nothing of the steps is lost to the next try.
    again = device(lambda *_: False)
    assert train(again, inputs, OPTIONS, ignore)["iterations"] == 40 and again.done == []


def test_a_calibration_without_memory_does_not_end_the_run(inputs, device) -> None:
    class Reached(BaseException):
        pass

    steps = []

    def short(what: str, engine, number: int) -> bool:
        if what == "step":
            steps.append(number)
            if len(steps) == 2:
                raise Reached
        return what == "step"

    with pytest.raises(Reached):
        train(device(short), inputs, replace(OPTIONS, finish_in_min=0.001), ignore)
    assert steps[0] > 0 and steps[1] == 0  # The calibration's, then the first of the training.
