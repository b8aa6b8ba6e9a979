from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from spaceport_app.project.project import Project

from .conftest import choose

WINDOW = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from spaceport_app.gui.run.engine import EngineFinder
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.project.project import Project
EngineFinder.start = lambda self: None
app = QApplication([])
panel = StagePanel()
panel.set_project(Project.open(Path(sys.argv[1])))
panel.start()
app.exec()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a job object does it there")
def test_a_killed_window_takes_its_stage_with_it(project: Project) -> None:
    choose(project, count={"rounds": 10_000, "pause_s": 0.01})
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    environment["PYTHONPATH"] += os.pathsep + os.pathsep.join(sys.path)
    window = subprocess.Popen([sys.executable, "-c", WINDOW, str(project.folder)], env=environment)
    try:
        state = project.scratch("count") / "state.json"
        deadline = time.monotonic() + 30
        while not state.exists():
            assert time.monotonic() < deadline and window.poll() is None
            time.sleep(0.05)
        children = psutil.Process(window.pid).children(recursive=True)
        assert children
    finally:
        window.send_signal(signal.SIGKILL)
        window.wait()
    _, left = psutil.wait_procs(children, timeout=5)
    assert not [one for one in left if one.status() != psutil.STATUS_ZOMBIE]
