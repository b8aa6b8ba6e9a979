from __future__ import annotations

import subprocess
import sys

LOST = """
from PySide6.QtCore import QCoreApplication, QObject, Signal
from spaceport_app.gui import booleans
app = QCoreApplication([])
class Bell(QObject):
    rung = Signal(object)
bell = Bell()
booleans.keep()
booleans.keep()
for number in range(100_000):
    bell.rung.emit(number)
print("alive")
"""


def test_a_hundred_thousand_signals_end_no_program() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=False)
    assert done.stdout == "alive\n", done.stderr
    assert done.returncode == 0, done.stderr
