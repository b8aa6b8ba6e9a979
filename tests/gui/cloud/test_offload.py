"""A project handed over to AWS from the window: offered, followed, stopped, left, found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud.client.service import KEY, Job, Service
from cloud.client.test_run import holding
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client import submission
from spaceport_app.cloud.layout import following
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.offer_dialog import OfferDialog
from spaceport_app.gui.cloud.settings_dialog import AwsDialog
from spaceport_app.gui.run import stop_question
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
    press,
    question,
    settled,
    submit,
)


def waits(name: str, job: Job) -> None:
    """Compute for ever, as far as a test goes."""
    job.steps["sfm"] = {"state": "running", "instance": "ml.c6i.2xlarge"}


@pytest.fixture
def panel(window: MainWindow, account: Account, project: Project, qtbot: QtBot) -> StagePanel:
    """The stages of a project whose photos are read, to be done on AWS."""
    panel = opened(window, project, qtbot)
    choose_aws(panel, qtbot)
    return panel


def running(panel: StagePanel, results: Service, qtbot: QtBot) -> Job:
    """Wait until AWS computes and the row says so, and return the job."""
    row = panel.rows["sfm"]
    qtbot.waitUntil(
        lambda: (
            any(job.state == "running" for job in results.jobs.values())
            and row.sentence.text() == "Waiting for a machine of AWS to start"
        ),
        timeout=LONG_MS,
    )
    return next(iter(results.jobs.values()))


def offered(window: MainWindow, panel: StagePanel, qtbot: QtBot) -> OfferDialog:
    click(qtbot, panel.controls.start_button)
    offer = dialog(window, OfferDialog, qtbot)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    return offer


def test_the_target_shows_service_time_and_cost(
    window: MainWindow, panel: StagePanel, service: Service, qtbot: QtBot
) -> None:
    controls = panel.controls
    assert controls.engine.text() == "Service at 127.0.0.1"
    assert "US dollars" in controls.estimate.text() and "on AWS" in controls.estimate.text()
    assert controls.start_button.text() == "Start on AWS"
    assert service.requests == [("GET", "/prod/health")]
    qtbot.keyClick(controls.target, Qt.Key.Key_Up)
    settled(panel, qtbot)
    assert "memory" in controls.estimate.text()
    assert controls.start_button.text() == "Start" and not controls.connection_button.isVisible()


def test_without_a_connection_the_start_asks_for_one(
    window: MainWindow, project: Project, qtbot: QtBot
) -> None:
    panel = opened(window, project, qtbot)
    choose_aws(panel, qtbot)
    assert panel.controls.engine.text() == "Not connected yet"
    click(qtbot, panel.controls.start_button)
    aws = dialog(window, AwsDialog, qtbot)
    assert not panel.running()
    aws.reject()


def test_nothing_leaves_before_a_yes(
    window: MainWindow, panel: StagePanel, service: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    assert "6 photos reduced to" in offer.leaving.text()
    assert "no serial numbers" in offer.leaving.text()
    assert "US dollars" in offer.expected.text()
    before = offer.expected.text()
    assert offer.wish().first == "sfm" and offer.wish().photos == "scaled"
    # SfM and training both there: the values for its card, unless one keeps one's own.
    assert offer.gpu.isVisible()
    offer.photos.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "as they are" in offer.leaving.text(), timeout=LONG_MS)
    assert offer.expected.text() == before
    offer.steps.setCurrentIndex(offer.steps.findText("Camera positions"))
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.expected.text() != before and not offer.gpu.isVisible()
    assert [offer.steps.itemText(n) for n in range(offer.steps.count())] == [
        "All stages",
        "Camera positions and training",
        "Camera positions",
    ]
    qtbot.keyClick(offer, Qt.Key.Key_Escape)
    closed(offer, qtbot)
    assert not panel.running()
    assert not service.jobs and ("POST", "/prod/jobs") not in service.requests


def test_machines_and_spare_capacity_are_chosen_with_their_prices(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    training = offer.machines.lists["3dgs"]
    assert training.currentText() == "ml.g4dn.xlarge, 4 cores, 0.74 USD an hour, usual"
    assert "us-east-1, 2026-11; check them at https://aws" in training.toolTip()
    assert "0.29 instead of 0.74" in offer.machines.spot.toolTip()
    before = offer.expected.text()
    training.setFocus()
    qtbot.keyClick(training, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.expected.text() != before
    assert "0.56 instead of 1.41" in offer.machines.spot.toolTip()
    click(qtbot, offer.machines.spot)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert "Waits for spare capacity" in offer.expected.text()
    offer.steps.setCurrentIndex(offer.steps.findText("Camera positions"))
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert not training.isVisible() and not offer.machines.spot.isVisible()
    assert "spare" not in offer.expected.text()
    offer.steps.setCurrentIndex(0)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    click(qtbot, offer.start)
    over(panel, qtbot)
    (job,) = results.jobs.values()
    assert job.request["instances"] == {"3dgs": "ml.g5.xlarge"}
    assert job.request["spot"] is True


def test_a_wrong_mail_address_is_refused_and_a_good_one_sent(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    qtbot.keyClicks(offer.email, "pilot@")
    click(qtbot, offer.start)
    assert "no mail address" in offer.trouble.text() and offer.isVisible()
    qtbot.keyClicks(offer.email, "example.org")
    click(qtbot, offer.start)
    over(panel, qtbot)
    (job,) = results.jobs.values()
    assert job.request["email"] == "pilot@example.org"


def test_a_job_runs_from_the_offer_to_results_that_everything_works_with(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    sentences: list[str] = []
    metrics: list[object] = []

    def work(name: str, job: Job) -> None:
        values = {"iteration": 100.0, "loss": 0.1, "psnr_db": 20.0}
        results.tell(job, "train", {"event": "metric", "values": values})
        results.finish(name, job)

    results.work = work
    panel.stage_event.connect(metrics.append)
    panel.stage_event.connect(
        lambda _: sentences.extend(row.sentence.text() for row in panel.rows.values())
    )
    submit(window, panel, qtbot)
    over(panel, qtbot)
    assert set(panel.state().values()) == {"done"}
    assert panel.controls.estimate.text() == "Everything is done."
    assert any(words.startswith("Sending 6 files") and "so far" in words for words in sentences)
    assert any(words.startswith("Fetching") and "so far" in words for words in sentences)
    assert any("Metric" in repr(event) for event in metrics)
    assert len(holding(project)) == 5
    # AWS trains on a card, so the project takes the values for one.
    assert Project.open(project.folder).document.settings.device == "cuda"
    assert window.menus.export.isEnabled()
    assert not panel.controls.start_button.isVisible()
    qtbot.waitUntil(lambda: window.session.project is not None, timeout=LONG_MS)
    assert window.session.project is not None
    assert window.session.project.published("export") is not None


def test_keeping_ones_own_values(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    click(qtbot, offer.gpu)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.gpu.isVisible()
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert Project.open(project.folder).document.settings.device == "cpu"
    assert len(holding(project)) == 5


def test_photos_are_read_here_before_the_offer(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    photos = window.session.project
    assert photos is not None
    first = sorted(photos.sources[0].iterdir())[0].name
    window.workspace._exclude(frozenset({first}))
    settled(panel, qtbot)
    click(qtbot, panel.controls.start_button)
    assert panel.running() and not panel.remote()
    offer = dialog(window, OfferDialog, qtbot)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.leaving.text().startswith("5 photos")
    assert not results.jobs
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert set(panel.state().values()) == {"done"}


def test_positions_there_and_the_rest_here_or_there(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    offer.steps.setCurrentIndex(offer.steps.findText("Camera positions"))
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert panel.state()["sfm"] == "done" and panel.state()["train"] == "waiting"
    assert panel.controls.start_button.isEnabled()
    # What is missing is offered next, from what was found.
    offer = offered(window, panel, qtbot)
    assert offer.steps.currentText() == "Training and compression"
    assert "files of the project" in offer.leaving.text() and not offer.photos.isVisible()
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert len(holding(project)) == 5
    firsts = [job.request["first"] for job in results.jobs.values()]
    assert firsts == ["sfm", "3dgs"]
    assert following("3dgs", "compression") == ("3dgs", "compression")


def test_a_stage_is_done_again_there(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    submit(window, panel, qtbot)
    over(panel, qtbot)
    panel.rows["train"].arrow.click()
    click(qtbot, panel.rows["train"].again_button)
    offer = dialog(window, OfferDialog, qtbot)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.wish().first == "3dgs"
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert [job.request["first"] for job in results.jobs.values()] == ["sfm", "3dgs"]


def test_stop_asks_and_is_told_when_aws_confirms(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    results.work, results.stop_s = waits, 0.5
    submit(window, panel, qtbot)
    job = running(panel, results, qtbot)
    click(qtbot, panel.controls.stop_button)
    box = question(window, "stop-question", qtbot)
    assert box.text() == stop_question.ON_AWS
    press(box, "Keep working", qtbot)
    assert panel.running() and job.state == "running"
    click(qtbot, panel.controls.stop_button)
    press(question(window, "stop-question", qtbot), "Stop", qtbot)
    assert panel.rows["sfm"].sentence.text() == "Stopping on AWS"
    assert panel.controls.stop_button.text() == "Stopping…"
    over(panel, qtbot)
    assert job.state == "stopped"
    assert panel.rows["sfm"].sentence.text() == "Stopped on AWS"
    found = submission.read(project)
    assert found is not None and found.ended == "stopped"
    assert panel.controls.start_button.text() == "Start on AWS"
    assert panel.controls.start_button.isEnabled()


def test_a_stop_while_sending_keeps_what_has_arrived(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    results.part_bytes, results.put_s = 16 << 10, 0.05
    submit(window, panel, qtbot)
    qtbot.waitUntil(lambda: sum(results.received.values()) >= 3, timeout=LONG_MS)
    click(qtbot, panel.controls.stop_button)
    box = question(window, "stop-question", qtbot)
    assert box.text() == stop_question.SENDING
    press(box, "Stop", qtbot)
    over(panel, qtbot)
    (job,) = results.jobs.values()
    assert job.state == "uploading"
    assert panel.controls.start_button.text() == "Go on sending"
    results.put_s = 0.0
    click(qtbot, panel.controls.start_button)
    assert panel.running()
    over(panel, qtbot)
    assert len(results.jobs) == 1 and set(results.received.values()) == {1}
    assert set(panel.state().values()) == {"done"}


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


def test_following_can_end_and_begin_again(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    results.work = waits
    submit(window, panel, qtbot)
    job = running(panel, results, qtbot)
    assert panel.controls.pause_button.text() == "Stop following"
    assert window.menus.pause.text().replace("&", "") == "Stop following"
    click(qtbot, panel.controls.pause_button)
    over(panel, qtbot)
    assert job.state == "running"
    assert panel.rows["sfm"].sentence.text() == "The job goes on on AWS"
    assert panel.controls.start_button.text() == "Follow"
    assert "Follow" in panel.controls.estimate.text()
    results.finish(next(iter(results.jobs)), job)
    click(qtbot, panel.controls.start_button)
    over(panel, qtbot)
    assert set(panel.state().values()) == {"done"} and len(results.jobs) == 1


def test_closing_leaves_the_job_and_another_day_finds_it(
    window: MainWindow,
    panel: StagePanel,
    project: Project,
    results: Service,
    account: Account,
    qtbot: QtBot,
) -> None:
    results.work = waits
    submit(window, panel, qtbot)
    job = running(panel, results, qtbot)
    window.close()
    box = question(window, "question", qtbot)
    assert box.informativeText() == ("The job goes on on AWS; open the project again to follow it.")
    press(box, "Close", qtbot)
    assert not window.isVisible() and not panel.running()
    assert job.state == "running"
    results.finish(next(iter(results.jobs)), job)

    later = MainWindow()
    later.workspace.show_tab("Report")
    qtbot.addWidget(later)
    later.show()
    again = opened(later, project, qtbot)
    banner = later.workspace.banner
    assert banner.isVisible() and banner.action.text() == "Follow"
    assert again.controls.target.currentData() == "aws"
    assert again.rows["sfm"].sentence.text() == "Goes on on AWS"
    click(qtbot, banner.action)
    assert again.running() and not banner.isVisible()
    over(again, qtbot)
    assert set(again.state().values()) == {"done"}
    assert len(results.jobs) == 1 and set(results.received.values()) == {1}
    later.leave()


def test_closing_while_sending_says_that_it_is_not_all_there(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    results.part_bytes, results.put_s = 16 << 10, 0.05
    submit(window, panel, qtbot)
    qtbot.waitUntil(lambda: sum(results.received.values()) >= 1, timeout=LONG_MS)
    window.close()
    box = question(window, "question", qtbot)
    assert "send the rest" in box.informativeText()
    press(box, "Cancel", qtbot)
    assert panel.running()
    window.menus.close.trigger()
    press(question(window, "question", qtbot), "Leave it there", qtbot)
    assert window.session.project is None
    panel = opened(window, project, qtbot)
    assert window.workspace.banner.isVisible()
    assert window.workspace.banner.action.text() == "Go on"
    results.put_s = 0.0
    click(qtbot, panel.controls.start_button)
    over(panel, qtbot)
    assert set(results.received.values()) == {1}
    assert set(panel.state().values()) == {"done"}


def test_a_person_may_work_here_beside_a_job(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    results.work = waits
    submit(window, panel, qtbot)
    running(panel, results, qtbot)
    click(qtbot, panel.controls.pause_button)
    over(panel, qtbot)
    qtbot.keyClick(panel.controls.target, Qt.Key.Key_Up)
    panel.look_again()
    settled(panel, qtbot)
    assert panel.controls.target.currentData() == "here"
    assert panel.controls.start_button.isEnabled()


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
