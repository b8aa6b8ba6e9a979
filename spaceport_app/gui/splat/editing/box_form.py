"""The crop box in numbers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QGridLayout, QWidget

from spaceport_app.gui import theme
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.theme import numbers
from spaceport_app.splats.edits.box import CropBox, Triple

_FARTHEST = 1e6
_SMALLEST = 1e-3


class BoxForm(QWidget):
    """Middle, size and turn of a crop box, in metres and degrees."""

    changed = Signal(object, str)
    """The box that a person typed, and which of its numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box: CropBox | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.spacing // 2)
        grid.setVerticalSpacing(theme.spacing // 2)
        self._heads = {"Middle": Label(), "Size": Label()}
        for column, head in enumerate(self._heads.values(), 1):
            head.setProperty("role", "muted")
            grid.addWidget(head, 0, column)
        self._names = [Label() for _ in range(3)]
        self.centre = [self._field(f"centre {k}") for k in range(3)]
        self.size_ = [self._field(f"size {k}", least=_SMALLEST) for k in range(3)]
        for k in range(3):
            grid.addWidget(self._names[k], k + 1, 0)
            grid.addWidget(self.centre[k], k + 1, 1)
            grid.addWidget(self.size_[k], k + 1, 2)
        self.turn = self._field("turn")
        self.turn.setRange(-180.0, 180.0)
        self.turn.setWrapping(True)
        self.turn.setSuffix("°")
        self.turn.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
        self.turn.setSingleStep(5.0)
        self.turn.setDecimals(1)
        self.turn.setAccessibleName("Turn of the crop box")
        set_tip(self.turn, "Turns the box about its middle, counter-clockwise from above")
        name = Label("Turn")
        name.setBuddy(self.turn)
        grid.addWidget(name, 4, 0)
        grid.addWidget(self.turn, 4, 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        self.name_axes(in_metres=True)

    def name_axes(self, *, in_metres: bool) -> None:
        """Call the axes by what they are: east, north and up where the place is known."""
        names = ("East", "North", "Up") if in_metres else ("X", "Y", "Z")
        unit = "metres" if in_metres else "units of the scene"
        for words, head in self._heads.items():
            head.setText(f"{words}, m" if in_metres else words)
        for k, name in enumerate(names):
            self._names[k].setText(name)
            self.centre[k].setAccessibleName(f"Middle of the crop box, {name.lower()}")
            set_tip(self.centre[k], f"Where the middle of the box is, {name.lower()}, {unit}")
            self.size_[k].setAccessibleName(f"Size of the crop box, {name.lower()}")
            set_tip(self.size_[k], f"How far the box reaches along {name.lower()}, {unit}")

    def show_box(self, box: CropBox | None) -> None:
        """Show the numbers of a box; None shows none to change."""
        self._box = box
        self.setEnabled(box is not None)
        if box is None:
            return
        for k in range(3):
            self._put(self.centre[k], box.centre[k])
            self._put(self.size_[k], box.size[k])
        self._put(self.turn, (box.turn_degrees + 180.0) % 360.0 - 180.0)

    def _put(self, field: QDoubleSpinBox, value: float) -> None:
        with QSignalBlocker(field):
            field.setValue(value)

    def _field(self, kind: str, least: float = -_FARTHEST) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setRange(least, _FARTHEST)
        field.setDecimals(2)
        field.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setKeyboardTracking(False)
        field.setMinimumWidth(64)
        numbers.set_up(field, buttons=False)
        field.valueChanged.connect(self._teller(kind))
        return field

    def _teller(self, kind: str) -> Callable[[float], None]:
        def tell(value: float) -> None:
            box = self._box
            if box is None:
                return
            name, _, number = kind.partition(" ")
            centre, size, turn = box.centre, box.size, box.turn_degrees
            # Only what was typed changes: the other fields show rounded numbers.
            if name == "centre":
                centre = _with(centre, int(number), value)
            elif name == "size":
                size = _with(size, int(number), value)
            else:
                turn = value
            self.changed.emit(CropBox(centre, size, turn), kind)

        return tell


def _with(values: Triple, place: int, value: float) -> Triple:
    changed = [*values]
    changed[place] = value
    return changed[0], changed[1], changed[2]
