"""What this computer trains with, in plain words, found by a process of its own.

To ask the engines means to import torch, which takes seconds and hundreds of megabytes: so
another process does it, once.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from spaceport_app import records
from spaceport_app.pipeline import environment
from spaceport_app.pipeline.processes import PARENT_VARIABLE

_QUESTION = """
import json
from spaceport_app.pipeline.processes import die_with_parent
die_with_parent()
from spaceport_app.engine_setup.asked import answer
print(json.dumps(answer()))
"""


@dataclass(frozen=True)
class _Answer:
    name: str
    words: str
    offer: bool


class EngineFinder(QObject):
    """Asks which engine training would take on this computer."""

    found = Signal(str, str)
    """Name (``"cpu"`` or ``"cuda"``) and words of the engine."""
    offered = Signal(bool)
    """Whether an NVIDIA card is here that no engine uses."""
    failed = Signal(str)
    """One sentence why no engine could be found."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._process.finished.connect(self._read)
        self._process.errorOccurred.connect(self._broke)

    def start(self) -> None:
        """Ask; the answer comes as a signal."""
        if self._process.state() != QProcess.ProcessState.NotRunning:
            return
        variables = QProcessEnvironment.systemEnvironment()
        for name, value in environment.for_child({}).items():
            if not variables.contains(name):
                variables.insert(name, value)
        variables.insert(PARENT_VARIABLE, str(os.getpid()))
        self._process.setProcessEnvironment(variables)
        # Nothing is imported from the folder in which the window was started.
        self._process.start(sys.executable, ["-P", "-c", _QUESTION])
        self._process.closeWriteChannel()

    def stop(self) -> None:
        """End the question; no answer comes."""
        self._process.blockSignals(True)
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(2000)

    def _read(self, status: int) -> None:
        text = bytes(self._process.readAllStandardOutput().data()).decode("utf-8", "replace")
        try:
            answer = records.decode(text.splitlines()[-1], _Answer)
        except (ValueError, IndexError):
            told = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            errors = told.strip().splitlines()
            reason = errors[-1] if errors else f"exit status {status}"
            self.failed.emit(f"The training engine does not work: {reason}")
            return
        self.found.emit(answer.name, answer.words)
        self.offered.emit(answer.offer)

    def _broke(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.failed.emit("The training engine could not be asked.")
