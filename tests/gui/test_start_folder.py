"""Nothing that lies beside an opened document is run: not by the window, not by its processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from spaceport_app.gui import app, diagnostics
from spaceport_app.gui.run.engine import EngineFinder

STARTED = """
import json, os, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from spaceport_app.gui import app
from spaceport_app.gui.window import MainWindow

def take(self, paths):
    print(json.dumps([os.getcwd(), [str(path) for path in paths]]), flush=True)
    self.leave()
    QApplication.quit()

MainWindow.take = take
app.main([Path(word) for word in sys.argv[1:]])
"""


def trap(folder: Path) -> Path:
    """Put modules into a folder that tell when they are imported, and return what they write."""
    told = folder / "RAN"
    for name in ("json", "platform", "psutil", "numpy"):
        (folder / f"{name}.py").write_text(f"open({str(told)!r}, 'w').write(__name__)\n")
    return told


def test_the_window_leaves_the_folder_of_the_document(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "theirs"
    home.mkdir()
    folder.mkdir()
    own = [str(home), str(home / ".config"), str(home / ".local")]
    places = dict(zip(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), own, strict=True))
    done = subprocess.run(
        [sys.executable, "-P", "-c", STARTED, "scene.sog", "more/photos"],
        cwd=folder,
        env={**os.environ, **places, "USERPROFILE": str(home), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, paths = json.loads(done.stdout.splitlines()[-1])
    assert Path(where) == home.resolve()
    assert paths == [str(folder / "scene.sog"), str(folder / "more" / "photos")]


def test_processes_find_the_same_modules_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["near", "", str(tmp_path / "far")]))
    app.leave_the_folder()
    found = os.environ["PYTHONPATH"].split(os.pathsep)
    assert found == [str(tmp_path / "near"), str(tmp_path / "far")]
    assert Path.cwd() == Path.home().resolve()


def test_asking_for_the_engine_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: QApplication, qtbot: Any
) -> None:
    told = trap(tmp_path)
    monkeypatch.chdir(tmp_path)
    finder = EngineFinder()
    with qtbot.waitSignal(finder.found, timeout=60_000):
        finder.start()
    finder.stop()
    assert not told.exists()


def test_examining_the_computer_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = trap(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert "versions" in diagnostics._examined(tmp_path)
    assert not told.exists()
