"""All stages below each other: their rows, and the logs behind them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from spaceport_app.events import Failed
from spaceport_app.gui import theme
from spaceport_app.gui.run import log_tail
from spaceport_app.gui.run.background import Background
from spaceport_app.gui.run.remedies import Remedy
from spaceport_app.gui.run.stage_row import StageRow
from spaceport_app.gui.run.state import RunState
from spaceport_app.pipeline.stage import Registry


class StageList(QScrollArea):
    """Shows a `RunState`.

    Parameters
    ----------
    stages : Registry
        All stages in order.
    remedy_of : callable
        Returns what can be done about a failure.
    """

    again = Signal(str)
    """Run again from this stage."""
    mend = Signal(str, object)
    """Do the `Remedy` of this failed stage."""

    def __init__(
        self,
        stages: Registry,
        remedy_of: Callable[[Failed], Remedy],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._remedy_of = remedy_of
        self._logs = Background(self)
        self._log_of: Callable[[str], Path] | None = None
        self._state = RunState(stages)
        self.rows: dict[str, StageRow] = {}
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.wide, theme.spacing, theme.wide, theme.wide)
        column.setSpacing(theme.spacing)
        for stage in stages:
            row = StageRow(stage.name, stage.label)
            row.again.connect(self.again)
            row.mend.connect(self.mend)
            row.opened.connect(self._opened)
            self.rows[stage.name] = row
            column.addWidget(row)
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setWidget(inner)
        self.setObjectName("stages")
        self.setAccessibleName("Stages")
        # Its rows take the focus and scroll into sight by themselves.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_another(self, state: RunState, log_of: Callable[[str], Path] | None) -> None:
        """Show another project; `log_of` returns where the log of a stage is."""
        self._state, self._log_of = state, log_of
        self.show_all()
        for row in self.rows.values():
            row.show_log("")
        self.forget_failures()

    def show_all(self) -> None:
        """Show every stage as it is now, and what can be done where one failed."""
        for name, row in self.rows.items():
            self.show_one(name)
            state = self._state.rows[name]
            if state.phase == "failed" and state.failure is not None:
                row.show_failure(state.failure.message, self._remedy_of(state.failure))
            else:
                row.show_failure("", None)

    def show_one(self, name: str) -> None:
        """Show the work of a stage as it is now."""
        state = self._state.rows[name]
        self.rows[name].show_state(state, time.monotonic(), self._state.numbers(state))

    def forget_failures(self) -> None:
        """Show no failure any more, as a new run begins."""
        for row in self.rows.values():
            row.show_failure("", None)

    def tick(self) -> None:
        """Bring times and logs of what runs up to date."""
        now = time.monotonic()
        for name, state in self._state.rows.items():
            if state.phase == "running":
                self.rows[name].show_times(state, now)
                self.read_log(name)

    def read_log(self, name: str) -> None:
        """Read the end of a stage's log where it can be seen."""
        if self._log_of is not None and self.rows[name].is_open:
            path = self._log_of(name)
            self._logs.submit(name, lambda: log_tail.read(path), self.rows[name].show_log)

    def close_down(self) -> None:
        """End the thread that reads logs."""
        self._logs.close()

    def _opened(self, name: str, shown: bool) -> None:
        if shown:
            self.show_one(name)
            self.read_log(name)
