"""A thread that runs chosen stages of a project, each in its process, and nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal

from spaceport_app.events import Failed
from spaceport_app.pipeline import trouble
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

_log = logging.getLogger(__name__)


class StageThread(QThread):
    """Saves other settings if there are any, then runs stages by name.

    Parameters
    ----------
    folder : Path
        The project folder; it is opened in the thread.
    names : sequence of str
        The stages to run, even if their results hold.
    stages : Registry
        All stages.
    settings : Settings, optional
        To be saved first.
    """

    told = Signal(object)
    """A `RunEvent` of the runner."""
    ended = Signal(object)
    """None if all went well, else a `Failed`; its code is ``"cancelled"`` after a stop."""

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        stages: Registry,
        settings: Settings | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._folder = folder
        self._names = tuple(names)
        self._stages = stages
        self._settings = settings
        self._lock = threading.Lock()
        self._cancelled = False
        self._runner: Runner | None = None

    def cancel(self) -> None:
        """Stop; what was there before stays."""
        with self._lock:
            self._cancelled = True
            if self._runner is not None:
                self._runner.cancel()

    def run(self) -> None:
        """Do the work; called by Qt in the thread."""
        try:
            failure = self._run()
        except Exception as error:
            _log.warning("the stages could not be run", exc_info=True)
            failure = trouble.explain(error, self._folder, self._folder / "logs")
        self.ended.emit(failure)

    def _run(self) -> Failed | None:
        project = Project.open(self._folder)
        if self._settings is not None:
            with project.locked():
                project.change(settings=self._settings)
        for name in self._names:
            with self._lock:
                if self._cancelled:
                    return Failed("cancelled", "Stopped.", "")
                self._runner = Runner(project, self.told.emit, self._stages)
            for outcome in self._runner.run(only=name):
                if outcome.kind == "cancelled":
                    return Failed("cancelled", "Stopped.", "")
                if not outcome.good:
                    return Failed(outcome.code, outcome.message, outcome.remedy)
        return Failed("cancelled", "Stopped.", "") if self._cancelled else None
