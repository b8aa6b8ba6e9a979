"""The row of controls above the splat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from spaceport_app import visible
from spaceport_app.gui import theme
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.splat.navigation import UP_AXES

_FREE = "Free camera"
_SPLIT_STEPS = 1000


class SplatControls(QWidget):
    """Which photo to stand at, comparing with it, and which way is up."""

    photo_chosen = Signal(str)
    freed = Signal()
    """The camera is to be no photo's any more."""
    stepped = Signal(int)
    """To the next photo (1) or to the one before (-1)."""
    compared = Signal(bool)
    split_changed = Signal()
    up_chosen = Signal(str)
    all_wanted = Signal()
    edited = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.photo = QComboBox()
        self.photo.setAccessibleName("Camera of photo")
        set_tip(self.photo, "Stand where a photo was taken")
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.photo.setSizeAdjustPolicy(policy)
        self.photo.setMinimumContentsLength(12)
        self.photo.addItem(_FREE)
        self.photo.activated.connect(self._choose)
        arrows = Qt.ArrowType.LeftArrow, Qt.ArrowType.RightArrow
        self._previous = self._step_button(parent, "Previous photo", arrows[0], "PgUp", -1)
        self._next = self._step_button(parent, "Next photo", arrows[1], "PgDown", 1)
        self.compare = QToolButton()
        self.compare.setText("Compare")
        self.compare.setCheckable(True)
        self.compare.setShortcut("Ctrl+K")
        set_tip(self.compare, "Wipe between the photo and the splat (Ctrl+K)")
        self.compare.toggled.connect(self.compared)
        self.split = QSlider(Qt.Orientation.Horizontal)
        self.split.setAccessibleName("How much of the photo is shown")
        set_tip(self.split, "Photo to the left, splat to the right; the line can be dragged too")
        self.split.setRange(0, _SPLIT_STEPS)
        self.split.setValue(_SPLIT_STEPS // 2)
        self.split.setMinimumWidth(80)
        self.split.valueChanged.connect(lambda _: self.split_changed.emit())
        self.result = Label()
        self.up = QComboBox()
        self.up.setAccessibleName("Up axis")
        set_tip(self.up, "Which way is up in the file")
        self.up.addItems(list(UP_AXES))
        self.up.textActivated.connect(self.up_chosen)
        self._all = QPushButton("Show all")
        set_tip(self._all, "See the whole scene (Home)")
        self._all.clicked.connect(lambda _: self.all_wanted.emit())
        self.edit = QToolButton()
        self.edit.setText("Edit")
        self.edit.setCheckable(True)
        set_tip(self.edit, "Crop the splat and remove floaters (Ctrl+Shift+E)")
        self.edit.toggled.connect(self.edited)
        self.edit.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.spacing)
        for widget in (self.photo, self._previous, self._next, self.compare, self.split):
            row.addWidget(widget)
        row.addWidget(self.result)
        row.addStretch(1)
        row.addWidget(self.up)
        row.addWidget(self._all)
        row.addWidget(self.edit)

    def offer(self, *, scene: bool, photos: bool) -> None:
        """Show what is of use with or without a scene and photos; nothing without a scene."""
        self.setVisible(scene)
        for widget in (self.photo, self._previous, self._next, self.compare):
            widget.setVisible(photos)
        # A project's frame is known: east, north, up.
        self.up.setVisible(not photos)
        comparing = photos and self.compare.isChecked()
        self.split.setVisible(comparing)
        self.result.setVisible(comparing)

    def set_photos(self, names: Sequence[str]) -> None:
        """Offer these photos to stand at."""
        with QSignalBlocker(self.photo):
            self.photo.clear()
            self.photo.addItem(_FREE)
            for name in names:
                self.photo.addItem(visible.line(name), name)

    def show_photo(self, name: str) -> None:
        """Tell at which photo the camera stands; an empty name for none."""
        with QSignalBlocker(self.photo):
            index = self.photo.findData(name) if name else 0
            self.photo.setCurrentIndex(max(index, 0))

    def photo_name(self) -> str:
        """Return the name of the photo that the camera stands at, empty for none."""
        return self.photo.currentData() or ""

    def split_part(self) -> float:
        """Return how much of the photo's width is shown, 0 to 1."""
        return self.split.value() / _SPLIT_STEPS

    def split_at(self, part: float) -> None:
        """Show the photo up to this part of its width."""
        self.split.setValue(round(part * _SPLIT_STEPS))

    def _choose(self, index: int) -> None:
        if index > 0:
            self.photo_chosen.emit(self.photo.itemData(index))
        else:
            self.freed.emit()

    def _step_button(
        self, parent: QWidget, words: str, arrow: Qt.ArrowType, key: str, by: int
    ) -> QToolButton:
        sequence = QKeySequence(key)
        shown = sequence.toString(QKeySequence.SequenceFormat.NativeText)
        button = QToolButton()
        button.setAccessibleName(words)
        button.setArrowType(arrow)
        set_tip(button, f"{words} ({shown})")
        button.clicked.connect(lambda _: self.stepped.emit(by))
        # The whole view's, whichever of its widgets has the focus.
        shortcut = QShortcut(sequence, parent)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(partial(self.stepped.emit, by))
        return button
