from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from spaceport_app.errors import StageError
from spaceport_app.events import Failed
from spaceport_app.gui.run import panel as panel_module
from spaceport_app.gui.run import stop_question
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.pipeline.processes import TOKEN_VARIABLE
from spaceport_app.pipeline.runner import StageEnded, StageStarted
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

from .conftest import choose, saved

SLOW = {"rounds": 3000, "pause_s": 0.01}


def opened(panel: StagePanel, project: Project, qtbot: Any) -> None:
    panel.set_project(project)
    qtbot.waitUntil(lambda: not panel._background.pending("look"), timeout=10_000)


def click(qtbot: Any, widget: Any) -> None:
    assert widget.isVisible() and widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def ran(panel: StagePanel, qtbot: Any) -> bool:
    """Start by the button and wait for the end."""
    with qtbot.waitSignal(panel.run_finished, timeout=30_000) as signal:
        click(qtbot, panel.controls.start_button)
    qtbot.waitUntil(lambda: not panel._background.pending("look"), timeout=10_000)
    return bool(signal.args[0])


def counting(panel: StagePanel, qtbot: Any, rounds: int = 20) -> None:
    """Wait until the second stage has counted some rounds."""
    row = panel._state.rows["count"]
    qtbot.waitUntil(
        lambda: row.phase == "running" and row.metrics.get("round", 0) >= rounds, timeout=30_000
    )


def processes_of(project: Project) -> list[psutil.Process]:
    stages = Project.open(project.folder).document.stages
    tokens = {record.latest.token for record in stages.values() if record.latest} - {""}
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(TOKEN_VARIABLE) in tokens:
                found.append(process)
        except psutil.Error:
            continue
    return found


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def test_without_a_project_nothing_can_start(panel: StagePanel) -> None:
    assert not panel.controls.start_button.isEnabled()
    assert (
        not panel.controls.pause_button.isVisible() and not panel.controls.stop_button.isVisible()
    )
    assert panel.controls.estimate.text() == "Add photos to begin."
    panel.start()
    assert not panel.running()


def test_a_run_fills_every_line_and_tells_it(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    opened(panel, project, qtbot)
    assert panel.controls.start_button.text() == "Start"
    events: list[Any] = []
    finished: list[str] = []
    panel.stage_event.connect(events.append)
    panel.stage_finished.connect(finished.append)
    assert ran(panel, qtbot)
    assert finished == ["collect", "count", "pack"]
    assert [e.stage for e in events if isinstance(e, StageStarted)] == finished
    assert sum(isinstance(e, StageEnded) for e in events) == 3
    assert set(panel.state().values()) == {"done"}
    assert [row.line.fraction for row in panel.rows.values()] == [1.0] * 3
    assert all(row.elapsed.text() for row in panel.rows.values())
    assert panel.controls.estimate.text() == "Everything is done."
    assert not panel.controls.start_button.isVisible() and not panel.running()
    # The project that the window holds knows what was published.
    assert project.published("pack") is not None


def test_the_line_grows_with_counted_work(panel: StagePanel, project: Project, qtbot: Any) -> None:
    choose(project, count=SLOW)
    opened(panel, project, qtbot)
    click(qtbot, panel.controls.start_button)
    counting(panel, qtbot, 300)
    row, state = panel.rows["count"], panel._state.rows["count"]
    assert state.metrics["round"] / 3000 == pytest.approx(row.line.fraction, abs=0.03)
    assert row.sentence.text() == "Counting letters"
    qtbot.waitUntil(lambda: row.left.text().endswith(" left"), timeout=10_000)
    assert not panel.controls.preset.isEnabled() and not panel.controls.options_button.isEnabled()
    assert not panel.controls.start_button.isVisible()


def test_stop_asks_and_a_no_changes_nothing(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    choose(project, count=SLOW)
    opened(panel, project, qtbot)
    click(qtbot, panel.controls.start_button)
    counting(panel, qtbot)
    click(qtbot, panel.controls.stop_button)
    box = panel.window().findChild(QMessageBox, "stop-question")
    assert box.text() == stop_question.WORDS == "Stop processing? Finished stages are kept."
    qtbot.mouseClick(box.buttons()[1], Qt.MouseButton.LeftButton)
    qtbot.wait(300)
    assert panel.running() and panel.controls.stop_button.isEnabled()


def test_stop_ends_every_process_and_keeps_finished_stages(
    panel: StagePanel, project: Project, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Halfway the stage hangs, with a child of its own, and answers no wish.
    monkeypatch.setattr(panel_module, "SAVE_GRACE_S", 1.0)
    choose(project, count={**SLOW, "rounds": 60, "fault": "orphan"})
    opened(panel, project, qtbot)
    click(qtbot, panel.controls.start_button)
    qtbot.waitUntil(lambda: len(processes_of(project)) >= 1, timeout=20_000)
    counting(panel, qtbot, 30)
    working = processes_of(project)
    assert working
    click(qtbot, panel.controls.stop_button)
    box = panel.window().findChild(QMessageBox, "stop-question")
    with qtbot.waitSignal(panel.run_finished, timeout=10_000) as signal:
        qtbot.mouseClick(box.buttons()[0], Qt.MouseButton.LeftButton)
    assert signal.args == [False]
    assert not [process for process in working if alive(process)]
    assert panel.state()["collect"] == "done"
    assert panel.state()["count"] == "stopped"
    assert saved(project.folder, "count").latest.state == "cancelled"
    assert (project.folder / "texts" / "texts.json").is_file()


def test_a_question_about_a_run_that_ends_meanwhile_goes_away(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    choose(project, count={"rounds": 100, "pause_s": 0.01})
    opened(panel, project, qtbot)
    with qtbot.waitSignal(panel.run_finished, timeout=30_000) as signal:
        click(qtbot, panel.controls.start_button)
        counting(panel, qtbot, 1)
        panel.ask_stop()
    assert signal.args == [True]
    assert not panel._question.is_open


def test_pause_and_resume_goes_on_from_what_was_saved(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    choose(project, count={"rounds": 200, "pause_s": 0.01})
    opened(panel, project, qtbot)
    click(qtbot, panel.controls.start_button)
    counting(panel, qtbot, 40)
    row = panel.rows["count"]
    with qtbot.waitSignal(panel.run_finished, timeout=10_000):
        click(qtbot, panel.controls.pause_button)
        assert row.sentence.text() == "Pausing, saving the state"
        assert panel.controls.pause_button.text() == "Pausing…"
        assert not panel.controls.pause_button.isEnabled()
    done = json.loads((project.folder / ".count.scratch" / "state.json").read_text())[0]
    assert row.sentence.text() == f"Paused at round {done} of 200"
    assert 0.1 < row.line.fraction < 1.0 and not row.line.failed
    qtbot.waitUntil(panel.controls.start_button.isEnabled, timeout=10_000)
    assert panel.controls.start_button.text() == "Resume"
    assert row.sentence.text() == f"Paused at round {done} of 200"
    assert ran(panel, qtbot)
    report = Project.open(project.folder).published("count").report
    assert report["letters"] == 18 * 200
    assert report["first_round"] == done >= 40, "not one round was lost or done twice"


def test_a_killed_project_offers_to_go_on(panel: StagePanel, project: Project, qtbot: Any) -> None:
    with project.locked():
        run = project.begin("collect", "texts", "x")
    assert run.state == "running"
    opened(panel, project, qtbot)
    assert (
        panel.controls.start_button.text() == "Resume" and panel.controls.start_button.isEnabled()
    )
    assert panel.rows["collect"].sentence.text() == "Spaceport was closed while it worked"
    assert ran(panel, qtbot)


@pytest.mark.parametrize(
    ("fault", "message"),
    [("stage_error", "There are too few letters."), ("segfault", "SIGSEGV")],
)
def test_a_failure_turns_the_line_red_and_can_be_tried_again(
    panel: StagePanel, project: Project, qtbot: Any, fault: str, message: str
) -> None:
    choose(project, count={"fault": fault})
    opened(panel, project, qtbot)
    assert not ran(panel, qtbot)
    row = panel.rows["count"]
    assert panel.state() == {"collect": "done", "count": "failed", "pack": "waiting"}
    assert row.line.failed and not panel.rows["collect"].line.failed
    assert message in row.message.text() and row.remedy.text()
    assert row.mend_button.isVisible() and row.mend_button.text() == "Try again"
    choose(project, count={"fault": "none"})
    with qtbot.waitSignal(panel.run_finished, timeout=30_000) as signal:
        click(qtbot, row.mend_button)
    assert signal.args == [True]
    assert not row.line.failed and not row.failure.isVisible()


def test_a_failed_project_shows_its_failure_when_opened_again(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    choose(project, count={"fault": "stage_error"})
    opened(panel, project, qtbot)
    assert not ran(panel, qtbot)
    opened(panel, Project.open(project.folder), qtbot)
    row = panel.rows["count"]
    assert row.line.failed and row.message.text() == "There are too few letters."


def test_a_failure_before_the_stage_begins_stays_told(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    def gone(project: Project) -> None:
        raise StageError("photo_missing", "a.jpg is gone.", "Put it back: spaceport stage import")

    panel._stages = tuple(
        replace(stage, check=gone) if stage.name == "count" else stage for stage in panel._stages
    )
    opened(panel, project, qtbot)
    assert not ran(panel, qtbot)
    row = panel.rows["count"]
    assert row.line.failed and row.message.text() == "a.jpg is gone."
    assert row.remedy.text() == "Put it back and try again, or go on without it."
    assert row.mend_button.text() == "Go on without it"


def test_run_again_from_here(panel: StagePanel, project: Project, qtbot: Any) -> None:
    opened(panel, project, qtbot)
    assert ran(panel, qtbot)
    before = (
        Project.open(project.folder).published("count").started,
        saved(project.folder, "collect"),
    )
    row = panel.rows["count"]
    row.arrow.click()
    kinds: list[tuple[str, str]] = []

    def keep(event: object) -> None:
        if isinstance(event, StageEnded):
            kinds.append((event.outcome.stage, event.outcome.kind))

    panel.stage_event.connect(keep)
    with qtbot.waitSignal(panel.run_finished, timeout=30_000) as signal:
        click(qtbot, row.again_button)
    assert signal.args == [True]
    assert kinds[0] == ("count", "finished")
    assert kinds[1:] == [("collect", "skipped"), ("count", "skipped"), ("pack", "skipped")]
    assert saved(project.folder, "collect") == before[1]


def test_numbers_and_log_behind_the_arrow(panel: StagePanel, project: Project, qtbot: Any) -> None:
    choose(project, count={"fault": "noise"})
    opened(panel, project, qtbot)
    assert ran(panel, qtbot)
    row = panel.rows["count"]
    assert not row.details.isVisible()
    click(qtbot, row.arrow)
    qtbot.waitUntil(lambda: "written by native code" in row.log.toPlainText(), timeout=5000)
    assert ("Letters", "90") in row._numbers_shown


def test_a_preset_is_saved_and_keeps_what_was_changed(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    choose(project, count={"letters": "a"})
    opened(panel, project, qtbot)
    panel.controls.preset.setCurrentIndex(panel.controls.preset.findData("high"))
    with qtbot.waitSignal(panel.settings_changed, timeout=10_000):
        panel.controls.preset.activated.emit(panel.controls.preset.currentIndex())
    settings = Project.open(project.folder).document.settings
    assert (settings.preset, settings.options) == ("high", {"count": {"letters": "a"}})
    assert (
        "finest" in panel.controls.purpose.text()
        and "1 option is changed." in panel.controls.purpose.text()
    )


def test_settings_chosen_just_before_the_start_count(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    opened(panel, project, qtbot)
    with qtbot.waitSignal(panel.run_finished, timeout=30_000) as signal:
        panel.save_settings(Settings("preview", "cpu", {"count": {"letters": "a"}}))
        panel.start()
    assert signal.args == [True]
    assert json.loads((project.folder / "count" / "count.json").read_text()) == {"letters": 30}


def test_a_project_at_work_elsewhere_is_told(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    with Project.open(project.folder).locked():
        opened(panel, project, qtbot)
        assert "Another Spaceport" in panel.controls.trouble.text()
        assert not panel.controls.start_button.isEnabled()
    click(qtbot, panel.controls.mend_button)
    qtbot.waitUntil(panel.controls.start_button.isEnabled, timeout=10_000)
    assert not panel.controls.trouble.isVisible()


def test_a_vanished_project_is_told_not_raised(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    opened(panel, project, qtbot)
    (project.folder / "project.json").unlink()
    with qtbot.waitSignal(panel.run_finished, timeout=10_000) as signal:
        panel.start()
    assert signal.args == [False]
    assert panel.controls.trouble.isVisible() and panel.controls.trouble.text()
    assert not panel.running()


def test_stop_with_wait_leaves_nothing_running(
    panel: StagePanel, project: Project, qtbot: Any
) -> None:
    choose(project, count=SLOW)
    opened(panel, project, qtbot)
    ends: list[bool] = []
    panel.run_finished.connect(ends.append)
    panel.start()
    counting(panel, qtbot)
    working = processes_of(project)
    assert working
    panel.stop(wait=True)
    assert not panel.running() and ends == [False]
    assert not [process for process in working if alive(process)]


def test_add_photos_is_offered_only_where_somebody_listens(panel: StagePanel) -> None:
    row = panel.rows["collect"]
    failure = Failed("too_few_photos", "Only 1 photo can be used.", "Add more photos.")
    row.show_failure(failure.message, panel._remedy_of(failure))
    assert row.remedy.text() == "Add more photos." and not row.mend_button.isVisible()
    asked: list[bool] = []
    panel.photos_requested.connect(lambda: asked.append(True))
    row.show_failure(failure.message, panel._remedy_of(failure))
    assert row.mend_button.isVisible() and row.mend_button.text() == "Add photos"
