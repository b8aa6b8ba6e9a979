"""Jobs of the API key: listed, fetched into a project, stopped, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud.client.service import Job, Service
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client import submission
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.jobs_dialog import JobsDialog
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.model import Settings

from ..conftest import rich
from .driving import LONG_MS, click, closed, dialog, over, press, question

ONE = "a" * 26


def listed(window: MainWindow, qtbot: QtBot) -> JobsDialog:
    window.menus.aws_jobs.trigger()
    jobs = dialog(window, JobsDialog, qtbot)
    qtbot.waitUntil(lambda: bool(jobs.details.text()), timeout=LONG_MS)
    return jobs


@pytest.fixture
def foreign(results: Service) -> Job:
    """A job that another computer has handed over."""
    job = Job({"name": "Farm", "files": [], "first": "sfm", "last": "compression"})
    results.jobs[ONE] = job
    return job


def test_the_name_of_a_job_is_shown_as_it_is_written(
    window: MainWindow, account: Account, results: Service, qtbot: QtBot
) -> None:
    name = '<img src="/etc/hostname"><b>x</b>\x1b[31m' + "A" * 1000
    results.jobs[ONE] = Job({"name": name, "files": [], "first": "sfm", "last": "compression"})
    jobs = listed(window, qtbot)
    cell = jobs.list.topLevelItem(0).text(0)
    assert cell.startswith('<img src="/etc/hostname"><b>x</b>\\x1b[31mAAA') and len(cell) <= 200
    assert not rich()
    jobs.reject()


def test_results_of_another_computer_become_a_project(
    window: MainWindow,
    account: Account,
    results: Service,
    foreign: Job,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    results.finish(ONE, foreign)
    monkeypatch.setattr(window.workspace, "read_photos", lambda: None)
    chosen = (str(tmp_path / "Fetched"), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    jobs = listed(window, qtbot)
    assert jobs.list.topLevelItem(0).text(0) == "Farm"
    assert "0.12 US dollars" in jobs.details.text()
    assert not jobs.stop_button.isEnabled()
    click(qtbot, jobs.fetch_button)
    closed(jobs, qtbot)
    project = window.session.project
    assert project is not None and project.folder == tmp_path / "Fetched.spaceport"
    assert project.published("export") is not None


def test_stop_and_delete_ask_first(
    window: MainWindow, account: Account, results: Service, foreign: Job, qtbot: QtBot
) -> None:
    foreign.state = "running"
    foreign.steps["sfm"] = {"state": "running"}
    jobs = listed(window, qtbot)
    assert not jobs.fetch_button.isEnabled()
    click(qtbot, jobs.stop_button)
    press(question(window, "question", qtbot), "Cancel", qtbot)
    assert foreign.state == "running"
    jobs.stop_job()
    qtbot.waitUntil(lambda: "nothing computes" in jobs.status.text(), timeout=LONG_MS)
    assert foreign.state == "stopped"
    jobs.delete_job()
    qtbot.waitUntil(lambda: "no jobs" in jobs.status.text(), timeout=LONG_MS)
    assert not results.jobs


def test_a_job_of_another_computer_is_followed_and_stopped_in_a_new_project(
    window: MainWindow,
    account: Account,
    results: Service,
    foreign: Job,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    foreign.state, foreign.step = "running", "sfm"
    foreign.request["settings"] = submission.settings_json(Settings("preview", "cpu"))
    chosen = (str(tmp_path / "Followed"), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    jobs = listed(window, qtbot)
    click(qtbot, jobs.follow_button)
    closed(jobs, qtbot)
    panel = window.workspace.stage_panel
    row = panel.rows["sfm"]
    qtbot.waitUntil(
        lambda: row.sentence.text() == "Waiting for a machine of AWS to start", timeout=LONG_MS
    )
    progress = {"event": "progress", "step": "Matching", "done": 1, "total": 2, "fraction": 0.5}
    results.tell(foreign, "sfm", progress)
    qtbot.waitUntil(lambda: row.sentence.text() == "Matching", timeout=LONG_MS)
    foreign.steps["sfm"] = {"state": "finished"}
    foreign.step = "3dgs"
    qtbot.waitUntil(lambda: panel.state()["sfm"] == "done", timeout=LONG_MS)
    click(qtbot, panel.controls.stop_button)
    press(question(window, "stop-question", qtbot), "Stop", qtbot)
    over(panel, qtbot)
    assert foreign.state == "stopped"
    project = window.session.project
    assert project is not None and project.folder == tmp_path / "Followed.spaceport"
    assert project.document.settings == Settings("preview", "cpu")
    # What was taken holds, so that the rest could be done here.
    assert [panel.state()[name] for name in ("import", "sfm", "train")] == [
        "done",
        "done",
        "stopped",
    ]
