"""The column beside the splat in which it is edited."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QUndoStack
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.gui import theme
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.splat.editing.box_form import BoxForm
from spaceport_app.quantities import count
from spaceport_app.splats.edits.model import (
    LEAST_STRENGTH,
    MOST_STRENGTH,
    USUAL_STRENGTH,
    Edits,
)

_WIDTH = 236


class EditPanel(QScrollArea):
    """Crop box, floaters, and what is left of the Gaussians."""

    crop_wanted = Signal(bool)
    """The crop box is to be there, or no more."""
    fit_wanted = Signal()
    strength_moved = Signal(int)
    floaters_wanted = Signal(object)
    """Remove floaters with this strength, or None to keep them."""
    highlight_wanted = Signal(bool)
    clear_wanted = Signal()
    closed = Signal()

    def __init__(self, stack: QUndoStack, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editPanel")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(_WIDTH)
        self._strength_applied: int | None = None
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(theme.spacing, 0, theme.spacing, 0)
        layout.setSpacing(theme.spacing)
        self._build_crop(layout)
        layout.addWidget(_line())
        self._build_floaters(layout)
        layout.addWidget(_line())
        self.left = Label()
        self.left.setObjectName("editLeft")
        self.left.setWordWrap(True)
        layout.addWidget(self.left)
        self._build_steps(layout, stack)
        self.note = Label()
        self.note.setObjectName("editNote")
        self.note.setWordWrap(True)
        self.note.setProperty("role", "muted")
        self.note.hide()
        layout.addWidget(self.note)
        layout.addStretch(1)
        self.setWidget(content)

    # What it shows

    def show_edits(self, edits: Edits) -> None:
        """Show which edits are made."""
        with QSignalBlocker(self.crop):
            self.crop.setChecked(edits.crop is not None)
        self.box.show_box(edits.crop)
        self.fit.setEnabled(edits.crop is not None)
        if edits.floaters is not None and edits.floaters != self._strength_applied:
            with QSignalBlocker(self.strength):
                self.strength.setValue(edits.floaters)
        self._strength_applied = edits.floaters
        self.keep.setEnabled(edits.floaters is not None)
        self.clear.setEnabled(bool(edits))
        self._show_remove()

    def show_floaters(self, number: int | None) -> None:
        """Tell how many Gaussians the strength at hand takes; None while nobody knows."""
        known = number is not None
        for widget in (self.strength, self.highlight):
            widget.setEnabled(known)
        self.found.setText(f"{_gaussians(number)} float" if known else "Looking for floaters")
        self._show_remove()

    def show_left(self, stay: int, of: int) -> None:
        """Tell how many Gaussians stay."""
        self.left.setText(f"{count(stay)} of {_gaussians(of)} stay")

    def say(self, words: str) -> None:
        """Show a sentence below everything, or none."""
        self.note.setText(words)
        self.note.setVisible(bool(words))

    def _show_remove(self) -> None:
        same = self._strength_applied == self.strength.value()
        self.remove.setEnabled(self.strength.isEnabled() and not same)
        self.remove.setText("Removed" if same else "Remove floaters")
        self.shown_strength.setText(str(self.strength.value()))

    # Its parts

    def _build_crop(self, layout: QVBoxLayout) -> None:
        self.crop = QCheckBox("Crop box")
        set_tip(self.crop, "Keep only what is in a box; drag its faces by their handles")
        self.crop.toggled.connect(self.crop_wanted)
        self.fit = QPushButton("Reset")
        self.fit.setAccessibleName("Reset the crop box")
        set_tip(self.fit, "Put the box around the scene again")
        self.fit.clicked.connect(lambda _=False: self.fit_wanted.emit())
        head = QHBoxLayout()
        head.addWidget(self.crop, 1)
        head.addWidget(self.fit)
        self.box = BoxForm()
        layout.addLayout(head)
        layout.addWidget(self.box)

    def _build_floaters(self, layout: QVBoxLayout) -> None:
        head = QHBoxLayout()
        words = Label("Floaters")
        self.shown_strength = Label()
        self.shown_strength.setProperty("role", "muted")
        head.addWidget(words, 1)
        head.addWidget(self.shown_strength)
        self.strength = _Slider(Qt.Orientation.Horizontal)
        self.strength.setRange(LEAST_STRENGTH, MOST_STRENGTH)
        self.strength.setValue(USUAL_STRENGTH)
        self.strength.setPageStep(10)
        self.strength.setAccessibleName("Strength of removing floaters")
        set_tip(
            self.strength, "How little away from everything else a group of Gaussians must be to go"
        )
        self.strength.valueChanged.connect(self._strength_moved)
        words.setBuddy(self.strength)
        self.found = Label()
        self.highlight = QCheckBox("Highlight them")
        set_tip(self.highlight, "Show in colour which Gaussians this strength removes")
        self.highlight.toggled.connect(self.highlight_wanted)
        self.remove = QPushButton("Remove floaters")
        set_tip(self.remove, "Take the highlighted Gaussians away; Undo brings them back")
        self.remove.clicked.connect(
            lambda _=False: self.floaters_wanted.emit(self.strength.value())
        )
        self.keep = QPushButton("Keep")
        self.keep.setAccessibleName("Keep floaters")
        set_tip(self.keep, "Bring removed floaters back")
        self.keep.clicked.connect(lambda _=False: self.floaters_wanted.emit(None))
        buttons = QHBoxLayout()
        buttons.addWidget(self.remove, 1)
        buttons.addWidget(self.keep)
        layout.addLayout(head)
        layout.addWidget(self.strength)
        layout.addWidget(self.found)
        layout.addWidget(self.highlight)
        layout.addLayout(buttons)

    def _build_steps(self, layout: QVBoxLayout, stack: QUndoStack) -> None:
        self.undo, self.redo = QToolButton(), QToolButton()
        for button, words, keys in (
            (self.undo, "Undo", "Ctrl+Z"),
            (self.redo, "Redo", "Ctrl+Shift+Z"),
        ):
            button.setText(words)
            button.setEnabled(False)
            set_tip(button, f"{words} ({keys})")
        self.undo.clicked.connect(stack.undo)
        self.redo.clicked.connect(stack.redo)
        stack.canUndoChanged.connect(self.undo.setEnabled)
        stack.canRedoChanged.connect(self.redo.setEnabled)
        stack.undoTextChanged.connect(lambda t: set_tip(self.undo, f"Undo {t} (Ctrl+Z)"))
        stack.redoTextChanged.connect(lambda t: set_tip(self.redo, f"Redo {t} (Ctrl+Shift+Z)"))
        self.done = QToolButton()
        self.done.setText("Done")
        set_tip(self.done, "Leave editing; the edits stay (Ctrl+Shift+E)")
        self.done.clicked.connect(self.closed)
        row = QHBoxLayout()
        for button in (self.undo, self.redo):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.done)
        self.clear = QPushButton("Take back all edits")
        set_tip(self.clear, "Show all that was trained; Undo makes the edits again")
        self.clear.clicked.connect(lambda _=False: self.clear_wanted.emit())
        layout.addLayout(row)
        layout.addWidget(self.clear)

    def _strength_moved(self, value: int) -> None:
        self._show_remove()
        self.strength_moved.emit(value)


class _Slider(QSlider):
    """A slider that keeps Page Up and Page Down, with which the splat view steps through photos."""

    def event(self, event: QEvent) -> bool:
        """Take these keys before a shortcut does."""
        if event.type() == QEvent.Type.ShortcutOverride:
            pressed = cast(QKeyEvent, event)
            if pressed.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
                pressed.accept()
                return True
        return super().event(event)


def _gaussians(number: int | None) -> str:
    return "1 Gaussian" if number == 1 else f"{count(number or 0)} Gaussians"


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
