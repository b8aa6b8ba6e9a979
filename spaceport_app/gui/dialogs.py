"""Dialogs for what went wrong, and for diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from spaceport_app import visible
from spaceport_app.errors import StageError
from spaceport_app.gui import theme
from spaceport_app.gui.plain import Box, Label
from spaceport_app.pipeline import trouble

# What a window manager puts around a window, with a little air.
_FRAME = 48


class TextDialog(QDialog):
    """A sentence above a long text that one can copy."""

    def __init__(
        self, parent: QWidget | None, title: str, sentence: str, text: str, *, waiting: bool = False
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(visible.line(title))
        fit(self, 760, 480)
        head = Label(sentence, self)
        head.setWordWrap(True)
        self.text = QPlainTextEdit(text, self)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(title)
        self.copy = QPushButton("Copy", self)
        self.copy.setProperty("main", True)
        self.copy.setEnabled(not waiting)
        self.copy.clicked.connect(self._copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        self._buttons = buttons
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing)
        layout.addWidget(head)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    def add(self, words: str, deed: Callable[[], None]) -> QPushButton:
        """Add a button that does something more; the dialog stays open."""
        button = QPushButton(words, self)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: deed())
        self._buttons.addButton(button, QDialogButtonBox.ButtonRole.HelpRole)
        return button

    def fill(self, text: str) -> None:
        """Show the text that has arrived in the meantime."""
        self.text.setPlainText(text)
        self.copy.setEnabled(True)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copy.setText("Copied")


def fit(dialog: QDialog, width: int, height: int) -> None:
    """Give a dialog its usual size, or what the screen has room for."""
    room = dialog.screen().availableGeometry()
    dialog.resize(min(width, room.width() - _FRAME), min(height, room.height() - _FRAME))


def grow(dialog: QDialog) -> None:
    """Make a dialog high enough for what it says now, as far as the screen has room."""
    _grow(dialog)
    # Rows that have just been shown or hidden count only once the layout has seen them.
    QTimer.singleShot(0, dialog, lambda: _grow(dialog))


def _grow(dialog: QDialog) -> None:
    layout = dialog.layout()
    if layout is None:
        return
    layout.activate()
    needed = max(layout.totalHeightForWidth(dialog.width()), dialog.minimumSizeHint().height())
    if needed > dialog.height():
        fit(dialog, dialog.width(), needed)


def show(box: Box) -> None:
    """Open a message box without waiting for its answer.

    Without a reference Python may take the box away while it is shown; this keeps one until then.
    """
    box.finished.connect(lambda _result, shown=box: shown.deleteLater())
    box.open()


def tell(parent: QWidget | None, message: str, remedy: str = "") -> None:
    """Say what went wrong and what to do, without stopping anything."""
    box = Box(Box.Icon.Warning, "Spaceport", message, parent=parent)
    box.setObjectName("told")
    box.setInformativeText(remedy)
    box.setModal(True)
    show(box)


def attempt(parent: QWidget | None, deed: Callable[[], object], folder: Path) -> bool:
    """Do something with a project folder; on trouble say what to do, and return False."""
    try:
        deed()
    except (OSError, StageError) as error:
        failed = trouble.explain(error, folder, folder / "logs")
        tell(parent, failed.message, failed.remedy)
        return False
    return True


def ask(parent: QWidget, question: str, more: str, yes: str, answered: Callable[[], None]) -> Box:
    """Ask before something that one cannot take back; `answered` is called on yes."""
    box = Box(Box.Icon.Question, "Spaceport", question, parent=parent)
    box.setObjectName("question")
    box.setInformativeText(more)
    button = box.addButton(yes, Box.ButtonRole.AcceptRole)
    cancel = box.addButton(Box.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    button.clicked.connect(lambda _=False: answered())
    show(box)
    # Return must not do what cannot be undone, whichever button was made first.
    cancel.setFocus()
    return box
