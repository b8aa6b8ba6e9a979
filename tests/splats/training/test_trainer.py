import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from mutated import mutations

from spaceport_app import records
from spaceport_app.errors import StageError
from spaceport_app.events import Metric, Notice, Preview, Progress
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.training.checkpoint import Checkpoint, Checkpoints
from spaceport_app.splats.training.dataset import HeldOut
from spaceport_app.splats.training.extent import scene_extent
from spaceport_app.splats.training.initialise import initial_splats
from spaceport_app.splats.training.observer import Observer
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.previews import Previews
from spaceport_app.splats.training.trainer import Limits, Trainer
from spaceport_app.stopping import StoppedOnRequest

OPTIONS = TrainOptions(
    iterations=60,
    max_gaussians=80,
    image_size=32,
    refine_every=5,
    checkpoint_every_s=0.0,
    largest_gaussian=0.1,  # The ground has few and large ones.
)


class Bench:
    """One training of the small scene, with its events."""

    def __init__(self, reconstruction, engine, folder, options=OPTIONS, preview_every_s=0.0):
        views = reconstruction.views
        self.events = []
        self.engine = engine
        cameras = [Camera.of_view(view) for view in views[1:]]
        observer = Observer(
            self.events.append,
            Previews(folder / "preview.jpg", preview_every_s),
            len(views) - 1,
            HeldOut([views[0]], options.image_size, 10**9),
            cameras[0],
        )
        self.trainer = Trainer(
            engine,
            views[1:],
            options,
            scene_extent(cameras),
            Checkpoints(folder, "test"),
            observer,
        )
        self.initial = initial_splats(
            reconstruction.cloud, limit=options.max_gaussians, sh_degree=1, seed=0
        )

    def train(self):
        self.trainer.train(self.initial)
        return self.engine.splats()

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def bench(make_reconstruction, plain_engine, tmp_path):
    def make(engine=None, folder="scratch", width=32, **more):
        reconstruction = make_reconstruction(6, width=width, height=width * 3 // 4)
        scratch = tmp_path / folder
        scratch.mkdir(exist_ok=True)
        return Bench(reconstruction, plain_engine() if engine is None else engine, scratch, **more)

    return make


def same(a, b) -> bool:
    return all(
        np.allclose(getattr(a, n), getattr(b, n), rtol=0, atol=1e-6)
        for n in ("means", "log_scales", "quaternions", "opacity_logits", "sh")
    )


class Killed(BaseException):
    pass


def killed_after(engine, steps: int):
    plain = engine.step
    left = [steps]

    def step(view, settings):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return plain(view, settings)

    engine.step = step
    return engine


def test_training_makes_held_out_pictures_better(bench) -> None:
    made = bench(options=replace(OPTIONS, background="black"))  # As in the pictures of the bench.
    made.engine.load(made.initial)
    observer, schedule = made.trainer._observer, made.trainer.schedule
    before = observer.measure(made.engine, schedule)[0].psnr_db
    made.train()
    after = observer.measure(made.engine, schedule)[0].psnr_db
    assert after > before + 3


def test_every_view_has_its_turn_before_any_comes_again(bench) -> None:
    made = bench()
    made.train()
    keys = [key for key, _ in made.engine.seen]
    for epoch in range(0, 60, 5):
        assert sorted(keys[epoch : epoch + 5]) == [0, 1, 2, 3, 4]
    assert keys[:5] != keys[5:10] or keys[5:10] != keys[10:15]


@pytest.mark.parametrize("refine_poses", [False, True])
def test_killed_and_gone_on_equals_never_killed(bench, plain_engine, refine_poses) -> None:
    options = replace(OPTIONS, background="random", refine_poses=refine_poses)
    whole = bench(folder="whole", options=options).train()
    for steps in (17, 23):
        killed = bench(killed_after(plain_engine(), steps), "killed", options=options)
        with pytest.raises(Killed):
            killed.train()
    resumed = bench(folder="killed", options=options)
    result = resumed.train()
    assert len(resumed.engine.seen) == 60 - 17 - 23
    assert len(result) == len(whole)
    assert same(result, whole)
    rows = resumed.trainer._observer.history.steps
    assert [row["iteration"] for row in rows] == list(range(1, 61))


def test_stopped_on_request_loses_no_step(bench) -> None:
    options = replace(OPTIONS, background="random", checkpoint_every_s=1e9)
    whole = bench(folder="whole", options=options).train()
    stopped = bench(folder="stopped", options=options)
    stopped.trainer._stop_asked = lambda: stopped.trainer.iteration == 17
    with pytest.raises(StoppedOnRequest) as caught:
        stopped.train()
    assert caught.value.where == "step 17 of 60"
    resumed = bench(folder="stopped", options=options)
    result = resumed.train()
    assert len(resumed.engine.seen) == 60 - 17
    assert same(result, whole)


def test_stopped_before_the_first_step_saves_nothing(bench) -> None:
    made = bench()
    made.trainer._stop_asked = lambda: True
    with pytest.raises(StoppedOnRequest) as caught:
        made.train()
    assert caught.value.where == ""
    assert made.trainer._checkpoints.latest() is None


def test_stopped_on_a_full_disk_says_which_step_is_safe(bench, monkeypatch) -> None:
    made = bench(options=replace(OPTIONS, checkpoint_every_s=1e9))
    made.trainer._stop_asked = lambda: made.trainer.iteration in (10, 20)
    with pytest.raises(StoppedOnRequest):
        made.train()

    def full(checkpoint):
        raise OSError(28, "No space left on device")

    again = bench(options=replace(OPTIONS, checkpoint_every_s=1e9))
    again.trainer._stop_asked = lambda: again.trainer.iteration == 20
    monkeypatch.setattr(again.trainer._checkpoints, "save", full)
    with pytest.raises(StoppedOnRequest) as caught:
        again.train()
    assert caught.value.where == "step 10 of 60"
    assert [notice.code for notice in again.of(Notice)] == ["no_checkpoint"]


def test_another_seed_is_another_result(bench) -> None:
    assert not same(
        bench(folder="a").train(), bench(folder="b", options=replace(OPTIONS, seed=9)).train()
    )


def test_a_finished_run_takes_no_step_again(bench) -> None:
    first = bench().train()
    again = bench()
    assert same(again.train(), first)
    assert again.engine.seen == []


def test_events_tell_counted_work_and_measured_numbers(bench) -> None:
    made = bench(preview_every_s=1e-6)
    made.train()
    progress = made.of(Progress)
    fractions = [event.fraction for event in progress]
    assert fractions == sorted(fractions) and fractions[-1] == 0.95
    assert (progress[-1].done, progress[-1].total) == (60, 60)
    metrics = [event.values for event in made.of(Metric)]
    assert {"iteration", "loss", "l1", "ssim", "gaussians", "image_size"} <= set(metrics[-1])
    assert sum("psnr_db" in values for values in metrics) == 5
    assert made.of(Preview)[-1].path.read_bytes()[:2] == b"\xff\xd8"


def test_out_of_memory_makes_do_with_less(bench, plain_engine) -> None:
    engine = plain_engine()
    plain = engine.step
    failures = [12]

    def step(view, settings):
        if settings.iteration in failures:
            failures.remove(settings.iteration)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return plain(view, settings)

    engine.step = step
    options = replace(OPTIONS, iterations=20, max_gaussians=2000, image_size=160)
    made = bench(engine, width=160, options=options)
    made.train()
    assert [event.code for event in made.of(Notice)] == ["less_memory"]
    assert made.trainer.iteration == 20
    assert made.trainer.schedule.options.max_gaussians == 1000
    assert engine.seen[-1][1] == made.trainer.schedule.options.image_size == 128


def test_limits_go_down_to_an_end() -> None:
    limits = Limits(10_000, 640)
    sizes = []
    while limits.lower(limits.gaussians):
        sizes.append((limits.gaussians, limits.image_size))
    assert sizes[0] == (7500, 640) and sizes[1] == (5625, 480)
    assert sizes[-1] == (1000, 128)


def test_memory_that_never_suffices_is_told(bench, plain_engine) -> None:
    engine = plain_engine()

    def step(view, settings):
        raise MemoryError

    engine.step = step
    with pytest.raises(StageError) as caught:
        bench(engine).train()
    assert caught.value.code == "out_of_memory"


def test_other_errors_are_not_swallowed(bench, plain_engine) -> None:
    engine = plain_engine()

    def step(view, settings):
        raise RuntimeError("shapes do not fit")

    engine.step = step
    with pytest.raises(RuntimeError, match="fit"):
        bench(engine).train()


def breaking(engine, at: set[int], poisons: bool):
    plain = engine.step

    def step(view, settings):
        metrics = plain(view, settings)
        if settings.iteration in at:
            at.remove(settings.iteration)
            if poisons:
                engine.parameters["means"][:] = torch.nan
            return replace(metrics, loss=float("nan"))
        if not torch.isfinite(engine.parameters["means"]).all():
            return replace(metrics, loss=float("nan"))
        return metrics

    engine.step = step
    return engine


def test_one_bad_step_is_left_out(bench, plain_engine) -> None:
    made = bench(breaking(plain_engine(), {30}, poisons=False))
    made.train()
    assert [event.code for event in made.of(Notice)] == ["bad_step"]


def test_a_poisoned_state_goes_back_to_a_good_one(bench, plain_engine) -> None:
    made = bench(breaking(plain_engine(), {30}, poisons=True))
    result = made.train()
    assert "went_back" in [event.code for event in made.of(Notice)]
    assert made.trainer.iteration == 60
    assert np.isfinite(result.means).all()
    iterations = [row["iteration"] for row in made.trainer._observer.history.steps]
    assert iterations == list(range(1, 61))


def test_training_that_always_fails_says_so(bench, plain_engine) -> None:
    engine = plain_engine()
    plain = engine.step
    engine.step = lambda view, settings: replace(plain(view, settings), loss=float("inf"))
    made = bench(engine)
    with pytest.raises(StageError) as caught:
        made.train()
    assert caught.value.code == "training_diverged"


def test_a_full_disk_costs_the_checkpoint_only(bench, monkeypatch) -> None:
    def full(self, checkpoint):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Checkpoints, "save", full)
    made = bench()
    made.train()
    assert made.trainer.iteration == 60
    assert {event.code for event in made.of(Notice)} == {"no_checkpoint"}
    assert "No space left" in made.of(Notice)[0].message


def with_record(path, change):
    """Change what the trainer has kept in a checkpoint, leaving the archive whole."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file.items())
    head = json.loads(arrays["record"].tobytes())
    change(head["record"])
    arrays["record"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    np.savez(path, allow_pickle=False, **arrays)


@pytest.mark.parametrize("damaged", [1, 2])
def test_a_state_that_makes_no_sense_never_stops_training(bench, plain_engine, damaged) -> None:
    killed = bench(killed_after(plain_engine(), 20), "killed")
    with pytest.raises(Killed):
        killed.train()
    paths = sorted((killed.trainer._checkpoints._folder).glob("*.npz"), reverse=True)
    assert len(paths) == 2
    for path in paths[:damaged]:
        with_record(path, lambda record: record.update(gaussians=-1))
    resumed = bench(folder="killed")
    resumed.train()
    assert len(resumed.engine.seen) == 60 - (19 if damaged == 1 else 0)
    (told,) = [one for one in resumed.of(Notice) if one.code == "checkpoint_damaged"]
    assert ("from step 19" if damaged == 1 else "from the start") in told.message


def test_a_state_with_anything_wrong_in_it_is_read_or_refused(bench, plain_engine) -> None:
    made = bench(options=replace(OPTIONS, refine_poses=True, iterations=3))
    made.train()
    found = made.trainer._checkpoints.latest()
    taken = []
    for words, text in mutations(found.record):
        try:
            raw = records.parse(text)
            made.trainer._restore(Checkpoint(3, found.engine, raw))
            taken.append(words)
        except ValueError:
            continue
        except Exception as error:
            pytest.fail(f"{words}: {error!r}")
        assert 1 <= made.trainer._limits.gaussians <= OPTIONS.max_gaussians, words
    assert len(taken) < 300
