"""Sleep held off during a run, and a message after a long one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from spaceport_app.gui import awake, notification, theme
from spaceport_app.gui.awake import Awake
from spaceport_app.gui.run.state import RunState
from spaceport_app.gui.window import MainWindow
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import StageEnded
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

worn = sys.modules["spaceport_app.gui.theme.apply"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows is asked by a call")
def test_the_request_ends_with_release_and_with_our_own_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # "cat" stands for systemd-inhibit, which runs it: it ends when its input does.
    monkeypatch.setattr(awake, "_command", lambda: ["cat"])
    keeper = Awake()
    keeper.keep()
    keeper.keep()
    assert keeper._starting is not None
    keeper._starting.join()
    process = keeper._process
    assert process is not None and process.poll() is None
    keeper.release()
    assert process.poll() is not None
    keeper.release()
    program = (
        "import spaceport_app.gui.awake as a, os\n"
        "a._command = lambda: ['cat']\n"
        "k = a.Awake(); k.keep(); k._starting.join()\n"
        "print(k._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    import psutil

    deadline = time.monotonic() + 5
    while psutil.pid_exists(int(done.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_desktop_without_a_tray_hurts_nothing(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    icons: list[object] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    monkeypatch.setattr(QSystemTrayIcon, "show", icons.append)
    notification.tell(window, "Farm", "The splat is ready.")
    qtbot.wait(20)
    assert icons == []


def test_the_theme_follows_the_desktop_unless_one_was_chosen(
    window: MainWindow, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The offscreen platform has no desktop behind it: the change is told as one would tell it.
    scheme = [Qt.ColorScheme.Light]
    monkeypatch.setattr(worn, "_scheme", lambda: scheme[0])
    theme.follow(qapp)
    try:
        for wanted, colours in (
            (Qt.ColorScheme.Dark, theme.DARK),
            (Qt.ColorScheme.Light, theme.LIGHT),
        ):
            scheme[0] = wanted
            qapp.styleHints().colorSchemeChanged.emit(wanted)
            assert window.palette().color(QPalette.ColorRole.Window).name() == colours.background
            assert colours.background in qapp.styleSheet()
        theme.choose("light")
        scheme[0] = Qt.ColorScheme.Dark
        qapp.styleHints().colorSchemeChanged.emit(scheme[0])
        assert theme.current() is theme.LIGHT
        assert theme.LIGHT.background in qapp.styleSheet()
    finally:
        qapp.styleHints().colorSchemeChanged.disconnect()
        theme.choose("system")


def test_side_panels_are_shown_and_hidden_by_the_menu(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window.workspace, "read_photos", lambda: None)
    window.resize(1000, 640)
    Project.create(tmp_path / "x.spaceport", (tmp_path,), Settings())
    window.open_path(tmp_path / "x.spaceport")
    sides = {"photos": window.workspace.photo_panel, "stages": window.workspace.stage_panel}
    for name, panel in sides.items():
        action = window.menus.panels[name]
        action.setChecked(panel.isVisible())
        before = panel.isVisible()
        action.trigger()
        assert panel.isVisible() is not before
        assert action.isChecked() is not before
        action.trigger()
        assert panel.isVisible() is before


def test_a_run_keeps_awake_and_only_a_long_one_is_told(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    asked: list[str] = []
    monkeypatch.setattr(notification, "tell", lambda window, title, words: told.append(words))
    monkeypatch.setattr(window._awake, "keep", lambda: asked.append("keep"))
    monkeypatch.setattr(window._awake, "release", lambda: asked.append("release"))
    monkeypatch.setattr(window, "isActiveWindow", lambda: False)
    running = [True]
    monkeypatch.setattr(window.workspace, "running", lambda: running[0])
    window.workspace.changed.emit()
    assert asked == ["keep"]
    running[0] = False
    window.workspace.run_ended.emit(True)
    assert asked[-1] == "release"
    assert told == []

    running[0] = True
    window.workspace.changed.emit()
    window._began -= 120
    running[0] = False
    window.workspace.changed.emit()
    window.workspace.run_ended.emit(True)
    assert told == ["The splat is ready."]


def test_a_run_of_some_stages_says_what_is_ready() -> None:
    state = RunState(registry())
    for stage in state.rows.values():
        state.take(StageEnded(Outcome(stage.name, stage.label, "finished")), 0.0)
        if stage.name == "sfm":
            assert state.ready() == "The camera positions are ready."
        if stage.name == "train":
            assert state.ready() == "The training is finished."
    assert state.ready() == "The splat is ready."
