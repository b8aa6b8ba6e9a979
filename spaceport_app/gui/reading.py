"""Photos read as soon as they are dropped, so that one sees them before one starts anything."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from spaceport_app.events import Failed, Progress
from spaceport_app.gui import theme
from spaceport_app.gui.plain import Label
from spaceport_app.gui.run.pill_line import PillLine
from spaceport_app.gui.stage_thread import StageThread
from spaceport_app.pipeline.runner import StageEvent
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project


class ReadingStrip(QFrame):
    """Runs the import stage and shows its progress as a strip above the work."""

    ended = Signal(object)
    """None if the photos were read, else a `Failed`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self._thread: StageThread | None = None
        self._sentence = Label(parent=self)
        self._sentence.setMinimumWidth(240)
        self._line = PillLine(self)
        self._line.setAccessibleName("Reading the photos")
        stop = QPushButton("Stop", self)
        stop.clicked.connect(lambda: self.stop(wait=False))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.wide, theme.spacing, theme.spacing, theme.spacing)
        layout.addWidget(self._sentence)
        layout.addWidget(self._line, 1)
        layout.addWidget(stop)
        self.hide()

    def running(self) -> bool:
        """Whether photos are being read."""
        return self._thread is not None

    def start(self, project: Project) -> None:
        """Read the photos of a project."""
        self._sentence.setText("Reading the photos")
        self._line.show_fraction(0.0, active=True)
        self.show()
        thread = StageThread(project.folder, ("import",), registry(), parent=self)
        thread.told.connect(self._heard)
        thread.ended.connect(self._over)
        self._thread = thread
        thread.start()

    def stop(self, wait: bool = True) -> None:
        """Stop reading; with `wait`, until its process is gone, and then tell nothing."""
        thread = self._thread
        if thread is None:
            return
        thread.cancel()
        if wait:
            thread.ended.disconnect(self._over)
            thread.wait()
            self._thread = None
            self.hide()

    def _heard(self, event: object) -> None:
        if isinstance(event, StageEvent) and isinstance(event.event, Progress):
            self._sentence.setText(event.event.step)
            self._line.show_fraction(event.event.fraction, active=True)

    def _over(self, failure: Failed | None) -> None:
        if self._thread is not None:
            self._thread.wait()
            self._thread.deleteLater()
            self._thread = None
        self.hide()
        self.ended.emit(failure)
