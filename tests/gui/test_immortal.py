from __future__ import annotations

import subprocess
import sys

CALLS = """
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal
import spaceport_app.gui
app = QCoreApplication([])
class Bell(QObject):
    rung = Signal(object)
bell, timer = Bell(), QTimer()
for number in range(150_000):
    bell.rung.emit(number)
    timer.stop()
print("alive")
"""


def test_many_signals_and_calls_of_qt_end_no_program() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CALLS], capture_output=True, text=True, check=False
    )
    assert done.stdout == "alive\n", done.stderr
    assert done.returncode == 0, done.stderr
