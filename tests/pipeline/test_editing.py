"""Edits between a project's stages: what counts when, and what is outdated by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app.errors import StageError
from spaceport_app.pipeline import editing, fingerprint, stages, summary
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.settings import resolve
from spaceport_app.pipeline.stage import find
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.project.project import Project
from spaceport_app.sogs import file as bundles
from spaceport_app.splats.edits.box import CropBox
from spaceport_app.splats.edits.history import History
from spaceport_app.splats.edits.model import Edits

from . import trained

BOX = CropBox((0.0, 0.0, 0.0), (4.0, 4.0, 4.0))
CROPPED = History().done("crop", Edits(BOX))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return trained.make(tmp_path / "Öland 1.spaceport")


def run(project: Project) -> dict[str, str]:
    """Run what is missing or outdated, and return how each stage ended."""
    outcomes = Runner(project, lambda event: None, STAGES).run()
    assert all(outcome.good for outcome in outcomes), outcomes
    return {outcome.stage: outcome.kind for outcome in outcomes}


def test_edits_outdate_bundle_and_files_alone_and_undoing_them_too(project: Project) -> None:
    assert run(project)["compress"] == "finished"
    assert summary.outdated(project, STAGES) == []
    before = project.published("compress")
    assert before is not None and before.report["gaussians"] == trained.GROUND + trained.FLOATERS
    bundle = project.folder / "bundle" / "bundle"
    whole = {path.name: path.read_bytes() for path in bundle.iterdir()}
    ply = (project.folder / "splats" / "splats.ply").read_bytes()
    editing.save(project, CROPPED)
    assert summary.outdated(project, STAGES) == ["compress", "export"]
    assert editing.outdated(project)
    ran = run(project)
    assert ran == {
        "import": "skipped",
        "sfm": "skipped",
        "train": "skipped",
        "compress": "finished",
        "export": "finished",
    }
    inside = int(BOX.holds(trained.splats().means).sum())
    assert 0 < inside < trained.GROUND
    assert len(bundles.read(project.folder / "export" / "Öland 1.sog")) == inside
    assert (project.folder / "splats" / "splats.ply").read_bytes() == ply
    assert not editing.outdated(project)
    editing.save(project, CROPPED.undone())
    assert summary.outdated(project, STAGES) == ["compress", "export"]
    run(project)
    again = project.published("compress")
    assert again is not None and again.fingerprint == before.fingerprint
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == whole


def test_steps_that_cancel_each_other_outdate_nothing(project: Project) -> None:
    compress = find(STAGES, "compress")
    options = resolve(compress, project.document.settings)
    plain = fingerprint.of_stage(compress, options, project)
    editing.save(project, CROPPED)
    assert fingerprint.of_stage(compress, options, project) != plain
    editing.save(project, CROPPED.undone())
    assert fingerprint.of_stage(compress, options, project) == plain


def test_crop_box_stays_where_it_is_when_training_runs_again(project: Project) -> None:
    editing.save(project, CROPPED)
    trained.publish(project, "train", "output of another training")
    assert editing.read(project).history == CROPPED


def test_crop_box_goes_along_with_its_place_on_the_earth(project: Project) -> None:
    editing.save(project, CROPPED)
    trained.reconstruct_again(project, gps=True, east=2.5)
    crop = editing.read(project).edits.crop
    assert crop is not None
    assert crop.centre == pytest.approx((-2.5, 0.0, 0.0), abs=1e-6)
    assert (crop.size, crop.turn_degrees) == (BOX.size, pytest.approx(0.0))
    assert editing.read(project).set_aside == ""
    # What was moved is saved in the new frame with the next edit.
    editing.save(project, editing.read(project).history)
    assert editing.read(project).edits.crop == crop


def test_without_gps_a_crop_box_is_set_aside_with_a_sentence(tmp_path: Path) -> None:
    project = trained.make(tmp_path / "a.spaceport", gps=False)
    history = CROPPED.done("remove floaters", Edits(BOX, 50))
    editing.save(project, history)
    assert editing.read(project).history == history
    trained.reconstruct_again(project, gps=False)
    standing = editing.read(project)
    assert standing.edits == Edits(None, 50)
    assert standing.set_aside == editing.SET_ASIDE
    kept = editing.save(project, standing.history.done("keep floaters", Edits()))
    assert kept is not None and kept.is_file()
    assert editing.read(project).set_aside == ""
    assert not editing.read(project).edits


def test_damaged_edits_stop_the_packing_and_lose_nothing(project: Project) -> None:
    run(project)
    bundle = project.folder / "bundle" / "bundle" / "meta.json"
    before = bundle.read_bytes()
    editing.path(project).write_text("{")
    assert summary.outdated(project, STAGES) == ["compress", "export"]
    outcomes = Runner(project, lambda event: None, STAGES).run()
    assert (outcomes[-1].stage, outcomes[-1].code) == ("compress", "edits_damaged")
    assert editing.path(project).read_text() == "{"
    assert bundle.read_bytes() == before
    kept = editing.save(project, CROPPED)
    assert kept is not None and kept.read_text() == "{"
    assert editing.read(project).history == CROPPED


def test_edits_that_leave_nothing_are_refused_in_a_sentence(project: Project) -> None:
    far = CropBox((900.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    editing.save(project, History().done("crop", Edits(far)))
    outcomes = Runner(project, lambda event: None, STAGES).run()
    assert (outcomes[-1].stage, outcomes[-1].code) == ("compress", "nothing_left")


def test_edit_while_the_process_of_the_stage_starts_is_noticed(project: Project) -> None:
    stage = find(STAGES, "compress")
    options = {s.name: resolve(s, project.document.settings) for s in STAGES}
    with project.locked():
        mark = fingerprint.of_stage(stage, options["compress"], project)
        project.begin("compress", stage.folder, mark)
        place = stages.Place(project, project.partial("compress"), Path(), options, 0.0)
        assert not stage.inputs(place).edits
        editing.save(project, CROPPED)
        with pytest.raises(StageError) as caught:
            stage.inputs(place)
    assert caught.value.code == "edits_changed"
