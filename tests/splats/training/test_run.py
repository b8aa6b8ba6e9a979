import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from spaceport_app import stopping
from spaceport_app.errors import StageError
from spaceport_app.events import Notice, Progress, Snapshot, ignore
from spaceport_app.splats import file
from spaceport_app.splats.training import cleanup
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.run import TrainInputs, run, train

OPTIONS = TrainOptions(
    engine="cpu",
    iterations=60,
    max_gaussians=100,
    image_size=32,
    refine_every=5,
    preview_every_s=0,
    largest_gaussian=0.1,  # The ground has few and large ones.
)


@pytest.fixture
def make_inputs(make_reconstruction, tmp_path):
    def make(photos: int = 10, **more) -> TrainInputs:
        output, scratch = tmp_path / "output", tmp_path / "scratch"
        output.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        return TrainInputs(make_reconstruction(photos, **more), output, scratch)

    return make


def test_a_run_on_the_processor_writes_what_it_measured(make_inputs) -> None:
    inputs = make_inputs()
    events = []
    report = run(inputs, OPTIONS, events.append)
    splats = file.read_ply(inputs.output / "splats.ply")
    assert len(splats) == report["gaussians"] <= 100
    assert report["engine"] == "cpu" and report["iterations"] == 60
    assert report["held_out"] == ["photo 04.png"]
    assert report["psnr_db"] > 18
    quality = json.loads((inputs.output / "quality.json").read_text("utf-8"))
    (view,) = quality["views"]
    assert view["psnr_db"] == report["psnr_db"] == quality["psnr_db"]
    photo, render = (
        np.asarray(Image.open(inputs.output / view[kind]), float) / 255
        for kind in ("photo", "render")
    )
    assert -10 * np.log10(((photo - render) ** 2).mean()) == pytest.approx(view["psnr_db"], abs=0.1)
    history = json.loads((inputs.output / "history.json").read_text("utf-8"))
    assert [row["iteration"] for row in history["steps"]] == list(range(1, 61))
    assert history["held_out"][-1]["psnr_db"] == report["psnr_db"]
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert json.dumps(report)


def test_the_processor_repeats_itself(make_inputs) -> None:
    first = make_inputs()
    run(first, OPTIONS, ignore)
    before = file.read_ply(first.output / "splats.ply")
    shutil.rmtree(first.scratch)
    first.scratch.mkdir()
    run(first, OPTIONS, ignore)
    after = file.read_ply(first.output / "splats.ply")
    assert np.allclose(before.means, after.means, atol=1e-6)


def test_named_photos_are_held_out_and_other_options_do_not_resume(
    make_inputs, plain_engine
) -> None:
    inputs = make_inputs(6)
    some = replace(OPTIONS, held_out="photo 01.png, photo 02.png", checkpoint_every_s=0.0)
    engine = plain_engine()
    report = train(engine, inputs, some, ignore)
    assert report["held_out"] == ["photo 01.png", "photo 02.png"]
    assert {key for key, _ in engine.seen} == {0, 1, 2, 3}
    other = plain_engine()
    train(other, inputs, replace(some, held_out="none"), ignore)
    assert len(other.seen) == 60


def test_the_clean_up_is_judged_by_training_photos_at_full_size(
    make_inputs, plain_engine, monkeypatch
) -> None:
    inputs = make_inputs(12)
    judged = []

    def look_on(engine, photos, *rest):
        judged.extend(photos)
        return {}

    monkeypatch.setattr(cleanup, "clean_up", look_on)
    report = train(plain_engine(), inputs, OPTIONS, ignore)
    assert {max(photo.image.shape) for photo in judged} == {report["image_size_px"]}
    by_name = {view.name: view.view_matrix for view in inputs.reconstruction.views}
    for name in report["held_out"]:
        assert not any(np.array_equal(by_name[name], p.camera.view_matrix) for p in judged)


def test_few_photos_are_all_trained_with_and_it_says_so(make_inputs, plain_engine) -> None:
    events = []
    report = train(plain_engine(), make_inputs(4), OPTIONS, events.append)
    assert report["psnr_db"] is None and report["held_out"] == []
    assert [e.code for e in events if isinstance(e, Notice)] == ["no_held_out"]


@pytest.mark.parametrize(
    ("options", "photos", "code"),
    [
        (replace(OPTIONS, iterations=0), 6, "bad_option"),
        (replace(OPTIONS, held_out="nobody.jpg"), 6, "unknown_photo"),
        (OPTIONS, 1, "too_few_views"),
    ],
)
def test_what_cannot_be_trained_is_told(make_inputs, options, photos: int, code: str) -> None:
    with pytest.raises(StageError) as caught:
        run(make_inputs(photos), options, ignore)
    assert caught.value.code == code


def test_snapshots_are_told_of_and_a_stop_is_heeded(make_inputs, plain_engine) -> None:
    inputs = make_inputs(6)
    options = replace(OPTIONS, snapshot_every_s=1e-6, checkpoint_every_s=1e9)
    events = []

    def listen(event) -> None:
        events.append(event)
        if isinstance(event, Snapshot) and event.done >= 1:
            stopping.ask(inputs.scratch)

    with pytest.raises(stopping.StoppedOnRequest) as caught:
        train(plain_engine(), inputs, options, listen)
    (snapshot,) = [event for event in events if isinstance(event, Snapshot)]
    assert snapshot.path == inputs.scratch / "snapshot" / "splats.ply"
    assert caught.value.where == f"step {snapshot.done} of {snapshot.total}" == "step 1 of 60"
    assert len(file.read_ply(snapshot.path)) > 50
    stopping.withdraw(inputs.scratch)
    report = train(plain_engine(), inputs, options, events.append)
    assert report["iterations"] == 60 and report["snapshot_seconds"] > 0


def test_an_engine_that_is_prepared_tells_how_far(make_inputs, plain_engine, monkeypatch) -> None:
    class Slow(plain_engine):
        def prepare(self, counted) -> None:
            for done in range(4):
                counted(done, 3)

    monkeypatch.setattr("spaceport_app.splats.engines.choose.make", lambda name: Slow())
    events = []
    run(make_inputs(4), replace(OPTIONS, iterations=2), events.append)
    told = [e for e in events if isinstance(e, Progress)]
    assert [e.step for e in told[:4]] == [
        f"Preparing the PLAIN engine, once: {done} of 3" for done in range(4)
    ]
    fractions = [e.fraction for e in told]
    assert fractions[3] == 0.0 and fractions == sorted(fractions)
    # A person who stops meanwhile does not wait for the rest of it.
    inputs = make_inputs(4)
    stopping.ask(inputs.scratch)
    with pytest.raises(stopping.StoppedOnRequest):
        run(inputs, OPTIONS, ignore)


def test_too_few_points_are_told(make_inputs) -> None:
    with pytest.raises(StageError) as caught:
        run(make_inputs(6, points=5), OPTIONS, ignore)
    assert caught.value.code == "too_few_points"
