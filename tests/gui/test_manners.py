"""Sleep held off during a run, and a message after a long one."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from pytestqt.qtbot import QtBot

from spaceport_app.gui import awake, notification
from spaceport_app.gui.awake import Awake
from spaceport_app.gui.window import MainWindow


@pytest.mark.skipif(sys.platform == "win32", reason="Windows is asked by a call")
def test_the_request_ends_with_release_and_with_our_own_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # "cat" stands for systemd-inhibit, which runs it: it ends when its input does.
    monkeypatch.setattr(awake, "_command", lambda: ["cat"])
    keeper = Awake()
    keeper.keep()
    keeper.keep()
    process = keeper._process
    assert process is not None and process.poll() is None
    keeper.release()
    assert process.poll() is not None
    keeper.release()
    program = (
        "import spaceport_app.gui.awake as a, os\n"
        "a._command = lambda: ['cat']\n"
        "k = a.Awake(); k.keep(); print(k._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    import psutil

    deadline = time.monotonic() + 5
    while psutil.pid_exists(int(done.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


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
