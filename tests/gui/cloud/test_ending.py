"""A job on AWS is stopped, left alone, and found again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from cloud.client.service import Service
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client import run as run_module
from spaceport_app.cloud.client import submission
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.run import panel as panel_module
from spaceport_app.gui.run import stop_question
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.project import Project

from .driving import (
    LONG_MS,
    click,
    opened,
    over,
    press,
    question,
    running,
    settled,
    submit,
    waits,
)


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


@pytest.fixture
def silence() -> Iterator[threading.Event]:
    """As long as it is cleared, the service answers nothing."""
    spoken = threading.Event()
    spoken.set()

    yield spoken
    spoken.set()


@pytest.mark.parametrize("what", ["sending", "following", "fetching", "listing"])
def test_closing_waits_for_no_answer(
    window: MainWindow,
    panel: StagePanel,
    results: Service,
    silence: threading.Event,
    what: str,
    qtbot: QtBot,
) -> None:
    if what != "fetching":
        results.work = waits
    results.part_bytes, results.put_s = 16 << 10, 0.05

    def fault(method: str, path: str) -> None:
        if what == "fetching" and (method, path.startswith("/s3/")) == ("GET", True):
            silence.clear()
        silence.wait(3600)

    results.fault = fault
    asked = len(results.requests)
    if what == "listing":
        silence.clear()
        window.menus.aws_jobs.trigger()
    else:
        submit(window, panel, qtbot)
    if what == "sending":
        qtbot.waitUntil(lambda: sum(results.received.values()) >= 1, timeout=LONG_MS)
    elif what == "following":
        running(panel, results, qtbot)
    if what in ("sending", "following"):
        silence.clear()
        asked = len(results.requests)
    qtbot.waitUntil(lambda: len(results.requests) > asked and not silence.is_set(), timeout=LONG_MS)
    began = time.monotonic()
    window.leave()
    # About a second where nothing else computes; requests may take 60 to 120 s.
    assert time.monotonic() - began < 20
    assert not window.isVisible() and not panel.running()


@pytest.mark.parametrize("network", ["there", "lost"])
def test_a_stop_that_is_never_confirmed_is_said_and_can_be_asked_for_again(
    window: MainWindow,
    panel: StagePanel,
    project: Project,
    results: Service,
    monkeypatch: pytest.MonkeyPatch,
    network: str,
    qtbot: QtBot,
) -> None:
    monkeypatch.setattr(run_module, "CONFIRM_S", 2.0)
    monkeypatch.setattr(panel_module, "SAVE_GRACE_S", 2.0)
    results.work, results.stop_s = waits, 3600.0
    submit(window, panel, qtbot)
    job = running(panel, results, qtbot)
    if network == "lost":
        results.fault = lambda method, path: "reset"
    said: list[str] = []
    row = panel.rows["sfm"]
    panel.stage_event.connect(lambda _: said.append(row.sentence.text()))
    click(qtbot, panel.controls.stop_button)
    press(question(window, "stop-question", qtbot), "Stop", qtbot)
    over(panel, qtbot)
    assert job.state == ("stopping" if network == "there" else "running")
    assert row.message.text() == (
        "AWS has not confirmed that the job stopped, so it may go on and cost."
    )
    assert row.remedy.text() == "Stop it again in the list of jobs."
    assert row.mend_button.text() == "Jobs on AWS…"
    heard = [words for words in said if "Whether the job stops is not known yet." in words]
    assert bool(heard) == (network == "lost")
    # The job is not given up: it can be followed, and stopped again.
    found = submission.read(project)
    assert found is not None and found.open
    assert panel.controls.start_button.text() == "Follow"
    results.fault, job.state = lambda method, path: None, "running"
    results.stop_s = 0.0
    click(qtbot, panel.controls.start_button)
    running(panel, results, qtbot)
    click(qtbot, panel.controls.stop_button)
    press(question(window, "stop-question", qtbot), "Stop", qtbot)
    over(panel, qtbot)
    assert job.state == "stopped"
