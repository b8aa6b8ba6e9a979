"""The dialog that sets the GPU engine up, goes back, and removes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QVBoxLayout
from PySide6.QtWidgets import QWidget as Parent

from spaceport_app import installed_engine
from spaceport_app.engine_setup import plan, recipes, setup, status, switching
from spaceport_app.engine_setup.plan import Plan
from spaceport_app.engine_setup.status import Status
from spaceport_app.errors import StageError
from spaceport_app.events import Failed, Progress, Report
from spaceport_app.gui import theme
from spaceport_app.gui.buttons import push_button
from spaceport_app.gui.dialogs import ask, fit
from spaceport_app.gui.engine_setup import words
from spaceport_app.gui.engine_setup.worker import Worker
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.run.pill_line import PillLine
from spaceport_app.gui.run.stage_row import small_label

_CLOSING_S = 3.0


@dataclass(frozen=True)
class _Found:
    status: Status
    plan: Plan | None
    trouble: StageError | None


def _look(home: Path, table: Path | None) -> _Found:
    found = status.look(home)
    try:
        with setup.told(home):
            return _Found(found, plan.make(recipes.read(table), home), None)
    except StageError as error:
        return _Found(found, None, error)


class EngineDialog(QDialog):
    """Says what is set up and what could be; fetches, tests and switches on request.

    Parameters
    ----------
    table : Path, optional
        Another table of packages than the one that comes with Spaceport.
    """

    changed = Signal()
    """Another engine is in use."""

    def __init__(self, parent: Parent | None = None, table: Path | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("GPU engine")
        self.setObjectName("gpu-engine")
        fit(self, 560, 360)
        self._home = installed_engine.home()
        self._table = table
        self._found: _Found | None = None
        self._doing = ""
        self._worker = Worker(self)
        self._worker.told.connect(self._progress)
        self._worker.ended.connect(self._ended)

        self.state = Label("Looking for the card…")
        self.state.setWordWrap(True)
        self.details = small_label()
        self.agree = QCheckBox()
        self.agree.toggled.connect(self._refresh)
        self.line = PillLine(self)
        self.line.setAccessibleName("GPU engine setup")
        self.step = small_label()
        self.trouble = small_label("error")
        self.remedy = small_label("muted")
        self.start = push_button("Set up", self._start)
        self.start.setProperty("main", True)
        self.stop = push_button("Stop", self._stop)
        self.back = push_button("Go back", self._back)
        set_tip(self.back, "Use the engine before, or Spaceport's own")
        self.remove = push_button("Remove…", self._ask_to_remove)
        set_tip(self.remove, "Remove all GPU engines and what was fetched")
        close = push_button("Close", self.close)
        close.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.back)
        buttons.addWidget(self.remove)
        buttons.addStretch()
        for button in (self.start, self.stop, close):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing + 4)
        for widget in (self.state, self.details, self.agree, self.line, self.step):
            layout.addWidget(widget)
        layout.addWidget(self.trouble)
        layout.addWidget(self.remedy)
        layout.addStretch()
        layout.addLayout(buttons)
        self._say(None)
        self.look()

    def look(self) -> None:
        """Look at card, driver and disk, and at what is set up."""
        home, table = self._home, self._table
        self._begin("look", lambda cancel, report: _look(home, table))

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return bool(self._doing)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what is under way; what was fetched is kept."""
        self._halt()
        super().closeEvent(event)

    def reject(self) -> None:
        """Close, as Escape does."""
        self._halt()
        super().reject()

    # What the buttons do

    def _start(self) -> None:
        planned = self._found.plan if self._found is not None else None
        if planned is None:
            self._say(None)
            self.look()
            return
        agreed = self.agree.isChecked()

        def work(cancel: threading.Event, report: Report) -> object:
            return setup.set_up(planned, cancel, report, unverified=agreed)

        self._do("set_up", work)

    def _stop(self) -> None:
        self._worker.stop()
        self.stop.setEnabled(False)
        self.step.setText("Stopping…")

    def _back(self) -> None:
        home = self._home

        def work(cancel: threading.Event, report: Report) -> object:
            with setup.told(home), setup.held(home):
                return switching.back(home)

        self._do("back", work)

    def _ask_to_remove(self) -> None:
        ask(
            self,
            "Remove the GPU engines?",
            "Spaceport trains on the processor then. They can be set up again.",
            "Remove",
            self._remove,
        )

    def _remove(self) -> None:
        home = self._home

        def work(cancel: threading.Event, report: Report) -> object:
            with setup.told(home), setup.held(home):
                return switching.remove_all(home)

        self._do("remove", work)

    def _do(self, kind: str, work: Callable[[threading.Event, Report], object]) -> None:
        self._say(None)
        self.line.show_fraction(0.0, active=True)
        self.step.setText("Starting…")
        self._begin(kind, work)

    def _begin(self, kind: str, work: Callable[[threading.Event, Report], object]) -> None:
        self._doing = kind
        self._worker.start(kind, work)
        self._refresh()

    def _halt(self) -> None:
        if self._worker.running:
            self._worker.stop()
            self._worker.wait(_CLOSING_S)

    # What the worker tells

    def _progress(self, event: Progress) -> None:
        self.line.show_fraction(event.fraction, active=True)
        self.step.setText(event.step)

    def _ended(self, kind: str, result: object) -> None:
        self._worker.wait(_CLOSING_S)
        self._doing = ""
        if isinstance(result, _Found):
            self._found = result
            self._show()
            return
        self.step.setText("")
        if isinstance(result, Failed):
            self._say(result)
        elif kind == "set_up":
            self.step.setText("The GPU engine works and is in use from the next run on.")
        if not isinstance(result, Failed):
            self.changed.emit()
        self.look()

    # What is shown

    def _show(self) -> None:
        found = self._found
        assert found is not None
        self.state.setText(words.state(found.status))
        self.details.setText(words.offer(found.plan) if found.plan else "")
        question = words.unverified(found.plan) if found.plan else ""
        self.agree.setText(question)
        if found.trouble is not None and not self.trouble.text():
            error = found.trouble
            self._say(Failed(error.code, error.message, error.remedy))
        self._refresh()

    def _say(self, failure: Failed | None) -> None:
        stopped = failure is not None and failure.code == "cancelled"
        remedy = failure.remedy if failure else ""
        if failure is not None and failure.code == "unverified":
            remedy = "If you trust this source, say so with the box above."
        # The window has a menu where the terminal has a command.
        remedy = remedy.replace("spaceport setup-engine", "Help, GPU engine")
        self.trouble.setText(failure.message if failure and not stopped else "")
        self.remedy.setText(f"{failure.message} {remedy}" if failure and stopped else remedy)
        self.trouble.setVisible(bool(self.trouble.text()))
        self.remedy.setVisible(bool(self.remedy.text()))

    def _refresh(self) -> None:
        """Show and allow what is possible now."""
        busy, working = bool(self._doing), self._doing == "set_up"
        found = self._found
        planned = found.plan if found is not None else None
        has_engine = found is not None and found.status.active is not None
        again = found is not None and found.status.previous is not None
        self.start.setText("Set up" if planned and not has_engine else "Set up again")
        if planned is None:
            self.start.setText("Look again")
        self.details.setVisible(bool(self.details.text()))
        self.agree.setVisible(bool(self.agree.text()) and not busy)
        agreed = self.agree.isChecked() or not self.agree.text()
        self.start.setEnabled(not busy and (planned is None or agreed))
        self.start.setVisible(not busy)
        self.stop.setVisible(working)
        self.stop.setEnabled(working)
        self.back.setText("Go back" if has_engine else "Use the last one")
        self.back.setVisible(has_engine or again)
        self.back.setEnabled(not busy)
        self.remove.setVisible(has_engine or again or bool(found and found.status.left_bytes))
        self.remove.setEnabled(not busy)
        self.line.setVisible(working)
        self.step.setVisible(bool(self.step.text()) or working)
