"""Results of real stages, fetched by the window: shown, reported, exported, and up to date."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cloud.client.service import Service
from cloud.client.test_run import holding
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from gui.splat.conftest import display, in_window
from spaceport_app.cloud.layout import STAGES, STEPS
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.export.dialog import ExportDialog
from spaceport_app.gui.results import Results
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.gui.window import MainWindow
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.settings import with_options
from spaceport_app.pipeline.stage import find, registry
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project
from spaceport_app.splats.file import read_ply

from .driving import LONG_MS, choose_aws, click, dialog, offered, opened, over, settled

__all__ = ["display", "in_window"]

_LOAD = Results.load
_TINY = Settings(
    "preview",
    "cpu",
    {
        "sfm": {"max_features": 1500, "feature_image_size": 640, "view_size": 320},
        "train": {"iterations": 20, "max_gaussians": 2000, "image_size": 120, "sh_degree": 0},
    },
)


def tiny(project: Project) -> Project:
    """Give a project settings as small as it gets with every stage real."""
    with project.locked():
        project.change(settings=_TINY)
    return project


@pytest.fixture(scope="session")
def made(read_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as the real stages make it."""
    folder = tmp_path_factory.mktemp("made") / "Flug.spaceport"
    shutil.copytree(read_project / "Flug.spaceport", folder)
    project = tiny(Project.open(folder))
    outcomes = Runner(project, lambda event: None).run()
    assert all(outcome.good for outcome in outcomes), outcomes
    return project


@pytest.fixture
def fetched(
    window: MainWindow,
    account: Account,
    service: Service,
    project: Project,
    made: Project,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> StagePanel:
    """The stages of a project all of whose results were just fetched from AWS."""
    document = json.loads((made.folder / "project.json").read_text(encoding="utf-8"))
    service.records = document["stages"]
    for step in STEPS:
        kept = service.results.setdefault(step, {})
        for name in STAGES[step]:
            folder = made.folder / find(registry(), name).folder
            files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
            for path in (*files, made.log(name)):
                kept[path.relative_to(made.folder).as_posix()] = path.read_bytes()
    monkeypatch.setattr(Results, "load", _LOAD)
    panel = opened(window, tiny(project), qtbot)
    choose_aws(panel, qtbot)
    offer = offered(window, panel, qtbot)
    click(qtbot, offer.gpu)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert set(panel.state().values()) == {"done"}
    return panel


def test_the_report_and_the_cameras_are_those_that_were_measured_there(
    window: MainWindow, fetched: StagePanel, made: Project, qtbot: QtBot
) -> None:
    told = {name: made.published(name).report for name in ("sfm", "train")}  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: window.session.reconstruction is not None, timeout=LONG_MS)
    assert window.session.reconstruction is not None
    assert len(window.session.reconstruction.views) == told["sfm"]["registered"]
    report = window.workspace.tabs.report
    assert report is not None

    def words() -> str:
        return " ".join(label.text() for label in report.findChildren(QLabel))

    measured = f"PSNR {told['train']['psnr_db']:.2f} dB, SSIM {told['train']['ssim']:.3f}"
    qtbot.waitUntil(lambda: measured in words(), timeout=LONG_MS)
    assert f"{told['train']['gaussians']:,}" in words()


def test_the_splat_view_shows_what_was_fetched(
    window: MainWindow,
    fetched: StagePanel,
    project: Project,
    made: Project,
    in_window: Callable[..., None],
) -> None:
    window.leave()
    trained = read_ply(project.folder / "splats" / "splats.ply")
    assert trained.means.tolist() == read_ply(made.folder / "splats" / "splats.ply").means.tolist()
    in_window("../cloud/shown_cases.py", str(project.folder), str(len(trained.means)))


def test_an_export_is_made_here_of_what_was_trained_there(
    window: MainWindow, fetched: StagePanel, project: Project, qtbot: QtBot
) -> None:
    window.menus.export.trigger()
    export = dialog(window, ExportDialog, qtbot)
    export.formats["ply"].setChecked(True)
    exported = project.folder / "export" / "Flug.ply"
    assert not exported.exists()
    click(qtbot, export.start)
    qtbot.waitUntil(lambda: exported.is_file() and export.start.isVisible(), timeout=60_000)
    trained = read_ply(project.folder / "splats" / "splats.ply")
    assert len(read_ply(exported).means) == len(trained.means)
    assert not export.line.failed


def test_nothing_is_left_to_do_until_an_option_changes(
    window: MainWindow, fetched: StagePanel, project: Project, qtbot: QtBot
) -> None:
    assert fetched.controls.estimate.text() == "Everything is done."
    assert not fetched.can_start() and not fetched.controls.start_button.isVisible()
    opened_again = Project.open(project.folder)
    assert len(holding(opened_again)) == 5
    ran = Runner(opened_again, lambda event: None).run()
    assert {outcome.kind for outcome in ran} == {"skipped"}
    stages = registry()
    other = {**_TINY.options["train"], "iterations": 21}
    fetched.save_settings(with_options(stages, _TINY, {"train": other}))
    settled(fetched, qtbot)
    assert fetched.state() == {
        "import": "done",
        "sfm": "done",
        "train": "outdated",
        "compress": "outdated",
        "export": "outdated",
    }
    fetched.save_settings(_TINY)
    settled(fetched, qtbot)
    assert set(fetched.state().values()) == {"done"}
