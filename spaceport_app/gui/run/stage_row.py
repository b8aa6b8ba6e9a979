"""One stage of the panel: name, line, sentence, times, and behind an arrow log and numbers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.events import Notice
from spaceport_app.gui import theme
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.run.pill_line import PillLine
from spaceport_app.gui.run.remedies import Remedy
from spaceport_app.gui.run.state import StageState

_LOG_LINES = 9
_MOST_NOTICES = 12


def small_label(role: str = "small", text: str = "") -> Label:
    """Return a label that wraps and can be copied from."""
    label = Label(text)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


class StageRow(QWidget):
    """Shows one `StageState`.

    Parameters
    ----------
    name, label : str
        The stage and what a person reads of it.
    """

    again = Signal(str)
    """Run again from this stage."""
    mend = Signal(str, object)
    """Do the `Remedy` of this failed stage."""
    opened = Signal(str, bool)
    """The details were opened or closed."""

    def __init__(self, name: str, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.setObjectName(f"stage-{name}")
        self._remedy: Remedy | None = None
        self._numbers_shown: list[tuple[str, str]] | None = None
        self._notices_shown: list[Notice] | None = None

        self.title = Label(label)
        self.title.setProperty("role", "heading")
        self.title.setWordWrap(True)
        self.mark = Label("✓")
        self.mark.setProperty("role", "good")
        self.mark.setAccessibleName("Finished")
        set_tip(self.mark, "Finished")
        self.mark.hide()
        self.elapsed = Label()
        self.elapsed.setProperty("role", "small")
        set_tip(self.elapsed, "Time it took")
        self.left = Label()
        self.left.setProperty("role", "small")
        self.left.hide()
        set_tip(self.left, "Time it will still take, from the speed of the last minutes")
        self.arrow = QToolButton()
        self.arrow.setObjectName("details")
        self.arrow.setCheckable(True)
        self.arrow.setArrowType(Qt.ArrowType.RightArrow)
        self.arrow.setAutoRaise(True)
        self.arrow.setFixedSize(3 * theme.spacing, 3 * theme.spacing)
        # A button in every row would shout; the focus frame stays for the keyboard.
        self.arrow.setStyleSheet(
            "QToolButton#details"
            "{ background: transparent; border: 1px solid transparent; padding: 0; }"
            "QToolButton#details:focus { border-color: palette(highlight); }"
        )
        set_tip(self.arrow, "Show numbers and log")
        self.arrow.setAccessibleName(f"Numbers and log of: {label}")
        self.arrow.toggled.connect(self._toggle)
        self.line = PillLine()
        self.line.setAccessibleName(f"Progress of: {label}")
        self.sentence = small_label()

        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(theme.spacing // 2)
        head.addWidget(self.title, 1)
        head.addWidget(self.elapsed)
        head.addWidget(self.arrow)
        layout = QVBoxLayout(self)
        half = theme.spacing // 2
        layout.setContentsMargins(0, half, 0, theme.spacing)
        layout.setSpacing(half)
        layout.addLayout(head)
        layout.addWidget(self.line)
        foot = QHBoxLayout()
        foot.setSpacing(theme.spacing)
        foot.addWidget(self.sentence, 1)
        foot.addWidget(self.left, 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(foot)
        layout.addWidget(self._failure_box())
        layout.addWidget(self._details())

    def _failure_box(self) -> QWidget:
        self.failure = QWidget()
        self.message = small_label("error")
        self.remedy = small_label("muted")
        self.mend_button = QPushButton()
        self.mend_button.setObjectName("mend")
        self.mend_button.clicked.connect(self._mend)
        layout = QVBoxLayout(self.failure)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.spacing // 2)
        layout.addWidget(self.message)
        layout.addWidget(self.remedy)
        layout.addWidget(self.mend_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.failure.hide()
        return self.failure

    def _details(self) -> QWidget:
        self.details = QWidget()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.wide)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self.notices = small_label("warning")
        self.log = QPlainTextEdit()
        self.log.setObjectName("log")
        self.log.setReadOnly(True)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setPlaceholderText("Nothing was logged")
        self.log.setAccessibleName(f"Log of: {self.title.text()}")
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF() * theme.small)
        self.log.setFont(font)
        self._fit_log()
        self.log.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.again_button = QPushButton("Run again from here")
        self.again_button.setObjectName("again")
        set_tip(self.again_button, "Do this stage again, and then what builds on it")
        self.again_button.clicked.connect(lambda: self.again.emit(self.name))
        layout = QVBoxLayout(self.details)
        layout.setContentsMargins(0, theme.spacing // 2, 0, 0)
        layout.setSpacing(theme.spacing)
        layout.addLayout(self._grid)
        layout.addWidget(self.notices)
        layout.addWidget(self.log)
        layout.addWidget(self.again_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.details.hide()
        return self.details

    @property
    def is_open(self) -> bool:
        """Whether numbers and log are shown."""
        return self.arrow.isChecked()

    def show_state(
        self, state: StageState, now_s: float, numbers: Sequence[tuple[str, str]]
    ) -> None:
        """Show a state as it is at `now_s`, with the numbers that were measured."""
        failed = state.phase == "failed"
        running = state.phase == "running"
        self.line.show_fraction(state.fraction, active=running, failed=failed)
        self.mark.setVisible(state.phase == "done")
        set_tip(self.line, f"{state.fraction:.0%}" if running else "")
        self.show_times(state, now_s)
        if self.sentence.text() != state.sentence:
            self.sentence.setText(state.sentence)
        self.sentence.setVisible(bool(state.sentence) and not failed)
        if self.is_open:
            self._show_numbers(list(numbers))
            self._show_notices(state.notices)

    def show_times(self, state: StageState, now_s: float) -> None:
        """Show elapsed and remaining time as they are at `now_s`."""
        for label, words in zip((self.elapsed, self.left), state.times(now_s), strict=True):
            if label.text() != words:
                label.setText(words)
                label.setVisible(bool(words))

    def show_failure(self, message: str, remedy: Remedy | None) -> None:
        """Show what went wrong and what can be done; nothing for an empty message."""
        self.failure.setVisible(bool(message))
        self._remedy = remedy
        self.message.setText(message)
        self.remedy.setText(remedy.sentence if remedy else "")
        self.mend_button.setVisible(remedy is not None and bool(remedy.button))
        self.mend_button.setText(remedy.button if remedy else "")

    def show_log(self, text: str) -> None:
        """Show the end of the log, staying at its end unless a person scrolled up."""
        if text == self.log.toPlainText():
            return
        bar = self.log.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 1
        self.log.setPlainText(text)
        self._fit_log()
        bar.setValue(bar.maximum() if at_end else min(bar.value(), bar.maximum()))

    def _fit_log(self) -> None:
        lines = min(_LOG_LINES, max(2, self.log.blockCount() + 1))
        bar = self.log.horizontalScrollBar().sizeHint().height()
        height = lines * self.log.fontMetrics().lineSpacing()
        self.log.setFixedHeight(height + bar + 2 * theme.spacing)

    def allow(self, *, again: bool, mend: bool) -> None:
        """Allow or forbid what the buttons of this row do."""
        self.again_button.setVisible(again)
        self.mend_button.setEnabled(mend)

    def _show_numbers(self, numbers: list[tuple[str, str]]) -> None:
        if numbers == self._numbers_shown:
            return
        self._numbers_shown = numbers
        for row in range(max(len(numbers), self._grid.rowCount())):
            for column in (0, 1):
                item = self._grid.itemAtPosition(row, column)
                widget = item.widget() if item is not None else None
                if row >= len(numbers):
                    if widget is not None:
                        widget.hide()
                    continue
                if not isinstance(widget, Label):
                    widget = small_label("small" if column == 0 else "")
                    self._grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignTop)
                    widget.setWordWrap(column == 1)
                widget.setText(numbers[row][column])
                widget.show()

    def _show_notices(self, notices: list[Notice]) -> None:
        if notices == self._notices_shown:
            return
        self._notices_shown = list(notices)
        lines = [f"{one.subject}: {one.message}" if one.subject else one.message for one in notices]
        hidden = len(lines) - _MOST_NOTICES
        lines = lines[-_MOST_NOTICES:] + ([f"and {hidden} more"] if hidden > 0 else [])
        self.notices.setText("\n".join(lines))
        self.notices.setVisible(bool(lines))

    def _toggle(self, shown: bool) -> None:
        self.arrow.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        set_tip(self.arrow, "Hide numbers and log" if shown else "Show numbers and log")
        self.details.setVisible(shown)
        self.opened.emit(self.name, shown)

    def _mend(self) -> None:
        if self._remedy is not None:
            self.mend.emit(self.name, self._remedy)
