"""The run that is under way: starting it, hearing of it, and the ways in which it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from PySide6.QtCore import QCoreApplication, QObject, Signal

from spaceport_app.gui.run.worker import Maker, RunEnd, RunWorker
from spaceport_app.pipeline.runner import RunEvent, Runner
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.model import Document

Ending: TypeAlias = Literal["", "pause", "stop", "leave"]

CLOSING_GRACE_S = 5.0
"""Time to save work while a person waits for the window to close."""


class RunDriver(QObject):
    """Holds the thread of a run; at most one at a time."""

    told = Signal(object)
    """A `RunEvent`."""
    document = Signal(object)
    """The project's `Document` as a stage's end has left it."""
    ended = Signal(object)
    """The `RunEnd`; nothing runs any more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: RunWorker | None = None
        self.ending: Ending = ""
        """How a person ends the run, or ended the last one."""
        self.remote = False
        """Another computer does, or did, the work."""

    @property
    def running(self) -> bool:
        """Whether stages are at work."""
        return self._worker is not None

    def start(
        self,
        folder: Path,
        stages: Registry,
        first: str | None,
        make: Maker = Runner,
        *,
        remote: bool = False,
    ) -> None:
        """Run what is missing or outdated, `first` a stage even if its result holds."""
        if self._worker is not None:
            raise RuntimeError("a run is under way")
        self.ending, self.remote = "", remote
        worker = RunWorker(folder, stages, first, make, parent=self)
        worker.told.connect(self._tell)
        worker.document.connect(self._tell_document)
        worker.ended.connect(self._take_end)
        self._worker = worker
        worker.start()

    def end(self, how: Ending, grace_s: float) -> None:
        """End the run, its work saved if that takes no longer than `grace_s`."""
        if self._worker is not None:
            self.ending = how
            if how == "leave":
                self._worker.leave()
            else:
                self._worker.stop(grace_s)

    def wait(self) -> None:
        """Return when every process of a run that is to end has ended."""
        worker = self._worker
        if worker is None:
            return
        worker.wait()
        # The last signals wait in the queue: nobody may see a run that is over as running.
        QCoreApplication.sendPostedEvents(self)
        if self._worker is worker:
            self._finish(RunEnd(good=False, cancelled=True))

    def _tell(self, event: RunEvent) -> None:
        if self.sender() is self._worker:
            self.told.emit(event)

    def _tell_document(self, document: Document) -> None:
        if self.sender() is self._worker:
            self.document.emit(document)

    def _take_end(self, end: RunEnd) -> None:
        if self.sender() is self._worker:
            self._finish(end)

    def _finish(self, end: RunEnd) -> None:
        worker, self._worker = self._worker, None
        assert worker is not None
        worker.wait()
        worker.deleteLater()
        self.ended.emit(end)
