from __future__ import annotations

from pathlib import Path

from spaceport_app.gui.run import survey
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.model import Settings, StageRun
from spaceport_app.project.project import Project

from .conftest import choose


def phases(project: Project) -> dict[str, str]:
    found = survey.look(project.folder, registry())
    assert found.failure is None
    return {name: one.phase for name, one in found.stages.items()}


def run(project: Project) -> None:
    Runner(project, lambda event: None).run()


def test_a_new_project_waits(project: Project) -> None:
    assert set(phases(project).values()) == {"waiting"}


def test_a_finished_project_is_complete(project: Project) -> None:
    run(project)
    assert set(phases(project).values()) == {"done"}
    assert survey.look(project.folder, registry()).complete


def test_a_changed_option_outdates_a_stage_and_what_builds_on_it(project: Project) -> None:
    run(project)
    choose(project, count={"letters": "a"})
    assert phases(project) == {"collect": "done", "count": "outdated", "pack": "outdated"}


def test_settings_are_saved_by_the_way(project: Project) -> None:
    settings = Settings("high", "cpu", {"count": {"rounds": 3}})
    found = survey.look(project.folder, registry(), settings)
    assert found.document is not None and found.document.settings == settings
    assert Project.open(project.folder).document.settings == settings


def test_settings_that_make_no_sense_are_told_and_not_saved(project: Project) -> None:
    wrong = Settings("high", "cpu", {"count": {"rounds": -3}})
    found = survey.look(project.folder, registry(), wrong)
    assert found.failure is not None and found.failure.code == "bad_settings"
    assert Project.open(project.folder).document.settings == project.document.settings


def test_what_a_stopped_stage_left_counts_only_for_the_same_options(project: Project) -> None:
    choose(project, count={"fault": "exit"})
    run(project)
    with project.locked():
        latest = project.document.stages["count"].latest
        assert latest is not None
        project.ended("count", StageRun(latest.fingerprint, "cancelled", latest.started))
    found = survey.look(project.folder, registry())
    assert found.goes_on
    assert found.stages["count"].sentence == "Stopped; goes on from its last saved state"
    choose(project, count={"letters": "a"})
    found = survey.look(project.folder, registry())
    assert not found.goes_on and found.stages["count"].sentence == "Stopped"


def test_a_preview_picture_is_no_saved_work(project: Project) -> None:
    scratch = project.scratch("count")
    assert not survey.has_saved_work(project, "count")
    scratch.mkdir()
    (scratch / "preview.jpg").write_bytes(b"x")
    (scratch / ".checkpoint-1.npz.77.partial").write_bytes(b"x")
    assert not survey.has_saved_work(project, "count")
    (scratch / "checkpoint-1.npz").write_bytes(b"x")
    assert survey.has_saved_work(project, "count")


def test_no_project_is_told(tmp_path: Path, small: None) -> None:
    found = survey.look(tmp_path, registry())
    assert found.failure is not None and found.failure.message
    assert found.document is None and not found.complete
