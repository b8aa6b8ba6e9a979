"""What goes wrong with a job on AWS, said in the window with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud.client.service import KEY, Job, Service
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client import submission
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.settings_dialog import AwsDialog
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.project import Project

from .driving import (
    LONG_MS,
    choose_aws,
    click,
    closed,
    dialog,
    opened,
    over,
    running,
    settled,
    submit,
    waits,
)


def test_a_wrong_key_leads_to_the_connection(
    window: MainWindow, panel: StagePanel, service: Service, account: Account, qtbot: QtBot
) -> None:
    from spaceport_app.cloud.client.secrets import Secret

    account.keys.keep(service.url, Secret("old"))
    submit(window, panel, qtbot)
    over(panel, qtbot)
    row = panel.rows["sfm"]
    assert row.message.text() == "The AWS service does not accept this API key."
    assert "spaceport cloud" not in row.remedy.text()
    click(qtbot, row.mend_button)
    aws = dialog(window, AwsDialog, qtbot)
    qtbot.keyClicks(aws.key, KEY)
    click(qtbot, aws.save_button)
    closed(aws, qtbot)
    settled(panel, qtbot)
    submit(window, panel, qtbot)
    over(panel, qtbot)
    assert len(service.jobs) == 1


def test_no_key_is_told_before_anything_is_sent(
    window: MainWindow, panel: StagePanel, account: Account, service: Service, qtbot: QtBot
) -> None:
    account.keys.forget(service.url)
    submit(window, panel, qtbot)
    over(panel, qtbot)
    assert "no API key" in panel.controls.trouble.text()
    assert panel.controls.mend_button.text() == "AWS connection…"


def test_a_failed_job_tells_its_reason_and_keeps_what_is_finished(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    def work(name: str, job: Job) -> None:
        job.steps["sfm"] = {"state": "finished"}
        job.steps["3dgs"] = {"state": "failed"}
        job.reason = {"code": "out_of_memory", "message": "Too little memory.", "remedy": "Less."}
        job.step, job.state = "3dgs", "failed"

    results.work = work
    submit(window, panel, qtbot)
    over(panel, qtbot)
    row = panel.rows["train"]
    assert panel.state()["sfm"] == "done" and panel.state()["train"] == "failed"
    assert row.message.text() == "Too little memory."
    assert panel.controls.start_button.text() == "Try again"


def test_a_lost_network_is_said_and_ends_nothing(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    results.work = waits
    submit(window, panel, qtbot)
    job = running(panel, results, qtbot)
    results.fault = lambda method, path: "reset"
    row = panel.rows["sfm"]
    qtbot.waitUntil(lambda: "The job goes on there." in row.sentence.text(), timeout=LONG_MS)
    assert panel.running()
    results.fault = lambda method, path: None
    results.finish(next(iter(results.jobs)), job)
    over(panel, qtbot)
    assert set(panel.state().values()) == {"done"}


def test_a_copy_of_the_project_does_not_share_the_job(
    window: MainWindow, panel: StagePanel, results: Service, tmp_path: Path, qtbot: QtBot
) -> None:
    results.work = waits
    submit(window, panel, qtbot)
    running(panel, results, qtbot)
    click(qtbot, panel.controls.pause_button)
    over(panel, qtbot)
    window.session.save_copy(tmp_path / "Copy.spaceport")
    assert submission.read(Project.open(tmp_path / "Copy.spaceport")) is None
    assert window.session.cloud_job() is not None


def test_a_damaged_note_of_the_job_is_told_only_when_aws_is_wanted(
    window: MainWindow, account: Account, project: Project, qtbot: QtBot
) -> None:
    submission.folder(project).mkdir()
    note = submission.folder(project) / "job.json"
    note.write_text("{", encoding="utf-8")
    panel = opened(window, project, qtbot)
    assert not window.workspace.banner.isVisible()
    assert panel.controls.start_button.isEnabled() and not panel.controls.trouble.isVisible()
    choose_aws(panel, qtbot)
    submit(window, panel, qtbot)
    over(panel, qtbot)
    assert "damaged" in panel.controls.trouble.text()
    assert panel.controls.mend_button.text() == "Jobs on AWS…"


def test_the_service_of_the_job_is_asked_for_when_another_is_connected(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    results.work = waits
    submit(window, panel, qtbot)
    running(panel, results, qtbot)
    click(qtbot, panel.controls.pause_button)
    over(panel, qtbot)
    found = submission.read(project)
    assert found is not None
    path = submission.folder(project) / "job.json"
    path.write_text(path.read_text().replace(found.endpoint, "https://other.example/prod"))
    panel.look_again()
    settled(panel, qtbot)
    click(qtbot, panel.controls.start_button)
    over(panel, qtbot)
    assert "https://other.example/prod" in panel.rows["sfm"].message.text()
    assert panel.rows["sfm"].mend_button.text() == "AWS connection…"


def test_no_key_is_in_any_file_or_log(
    window: MainWindow,
    panel: StagePanel,
    project: Project,
    results: Service,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    qtbot: QtBot,
) -> None:
    with caplog.at_level("DEBUG"):
        submit(window, panel, qtbot)
        over(panel, qtbot)
    assert KEY not in caplog.text
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
