"""Whatever project.json holds: it is told or refused in a sentence, never a traceback."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import typer
from mutated import mutations

from spaceport_app.cli import looking
from spaceport_app.errors import StageError
from spaceport_app.gui.export import choices, results
from spaceport_app.gui.report.facts import gather
from spaceport_app.gui.report.html import page
from spaceport_app.gui.run import history
from spaceport_app.gui.run.state import RunState
from spaceport_app.gui.run.survey import apply, look
from spaceport_app.gui.start import recent
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.project import Project
from spaceport_app.splats import measured

from ..finished import make


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "photos").mkdir()
    made = make(tmp_path / "x.spaceport")
    file = made.folder / "project.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    failed = {**raw["stages"]["train"]["published"], "state": "failed", "report": {}}
    raw["stages"]["train"]["latest"] = {**failed, "code": "c", "message": "M.", "remedy": "R."}
    raw["stages"]["export"]["published"]["files"] = {"x.sog": 3}
    raw["sources"] = [{"path": str(tmp_path / "photos"), "relative": "photos"}]
    raw["settings"]["options"] = {"train": {"iterations": 900}}
    file.write_text(json.dumps(raw), encoding="utf-8")
    return made


def tell(folder: Path) -> None:
    """Tell all that the window tells of a project."""
    stages = registry()
    recent.look(folder, stages)
    try:
        opened = Project.open(folder)
    except ProjectError as error:
        assert "project.json" in error.message or error.code == "project_newer"
        assert error.remedy
        return
    page(gather(opened))
    results.of(opened)
    results.to_look_at(opened)
    try:
        choices.estimate(choices.now(opened, stages), opened, stages)
    except ProjectError as error:
        assert error.remedy
    state = RunState(stages)
    apply(look(folder, stages, None, aws=False), state, after_run=False)
    for row in state.rows.values():
        state.numbers(row)
        state.headline(row)


@pytest.mark.parametrize("most", [120, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_project_ends_in_a_traceback(
    project: Project, most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project.folder / "project.json"
    texts = list(mutations(json.loads(file.read_text(encoding="utf-8"))))
    assert len(texts) > 2000
    for words, text in random.Random(13).sample(texts, min(most, len(texts))):
        file.write_text(text, encoding="utf-8")
        for as_json in (False, True):
            try:
                looking.status(project.folder, as_json)
            except typer.Exit as ended:
                assert ended.exit_code == 3, words
            except Exception as error:
                raise AssertionError(words) from error
            told = capsys.readouterr()
            assert not as_json or json.loads(told.out)
            assert len(told.out) + len(told.err) < 50_000
        try:
            tell(project.folder)
        except Exception as error:
            raise AssertionError(words) from error


@pytest.mark.parametrize("name", ["quality.json", "history.json"])
def test_measurements_that_are_damaged_are_left_away(project: Project, name: str) -> None:
    path = project.folder / "splats" / name
    row = {"iteration": 1, "psnr_db": 20.5, "gaussians": 5}
    if name == "history.json":
        path.write_text(json.dumps({"steps": [row], "held_out": [row]}), encoding="utf-8")
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert gather(project).sections[2].pairs
    for words, text in mutations(whole):
        path.write_text(text, encoding="utf-8")
        try:
            gather(project)
            history.read(path.parent)
            measured.read(path.parent)
        except StageError as error:
            assert error.code == "bad_quality"
            assert name in error.message
            assert error.remedy
        except Exception as error:
            raise AssertionError(words) from error
