"""The row of tools above the flight."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QSlider, QToolButton, QWidget

from spaceport_app.gui import theme
from spaceport_app.gui.flight.layers import LAYERS
from spaceport_app.gui.flight.values import PhotoValues
from spaceport_app.gui.plain import Label, set_tip

_PRESETS = {
    "top": ("Top", "From straight above, north up; drag to move"),
    "oblique": ("Oblique", "From the south; drag to turn, the horizon stays level"),
    "free": ("Free", "Drag to turn in any direction"),
}
_ONE_COLOUR = "One colour"
_ROOMY = 740
"""Width in pixels from which all tools have their label."""


class FlightTools(QWidget):
    """Presets, colours, layers, size of points, picture.

    Signals: `preset_chosen` with its key, `colour_chosen`, `layer_switched` with its key and
    whether it is on, `point_size_changed` with pixels, `picture_wanted`.
    """

    preset_chosen = Signal(str)
    colour_chosen = Signal()
    layer_switched = Signal(str, bool)
    point_size_changed = Signal(int)
    picture_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presets = QActionGroup(self)
        self._preset_buttons = []
        for key, (label, tip) in _PRESETS.items():
            action = QAction(label, self)
            action.setCheckable(True)
            action.setChecked(key == "oblique")
            set_tip(action, tip)
            action.setData(key)
            self._presets.addAction(action)
            button = QToolButton()
            button.setDefaultAction(action)
            self._preset_buttons.append(button)
        self._presets.triggered.connect(lambda action: self.preset_chosen.emit(action.data()))
        self._colour_by = QComboBox()
        self._colour_by.setAccessibleName("Colour cameras by")
        set_tip(self._colour_by, "What the cameras are coloured by")
        self._colour_by.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._colour_by.setMinimumContentsLength(11)
        self._colour_by.activated.connect(self.colour_chosen)
        self._layer_menu = QMenu(self)
        for key, label in LAYERS.items():
            action = self._layer_menu.addAction(label)
            action.setCheckable(True)
            action.setChecked(True)
            action.setData(key)
            action.toggled.connect(lambda on, layer=key: self.layer_switched.emit(layer, on))
        self._layer_button = QToolButton()
        self._layer_button.setText("Layers")
        set_tip(self._layer_button, "What is shown")
        self._layer_button.setMenu(self._layer_menu)
        self._layer_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._point_size = QSlider(Qt.Orientation.Horizontal)
        self._point_size.setRange(1, 10)
        self._point_size.setValue(2)
        self._point_size.setFixedWidth(80)
        self._point_size.setAccessibleName("Size of the points")
        set_tip(self._point_size, "Size of the points")
        self._point_size.valueChanged.connect(self.point_size_changed)
        self._shoot = QToolButton()
        self._shoot.setText("Save picture")
        set_tip(self._shoot, "Save what is seen as a PNG file")
        self._shoot.clicked.connect(self.picture_wanted)
        self._lay_out()

    def layers(self) -> dict[str, bool]:
        """Return which layers are switched on."""
        return {action.data(): action.isChecked() for action in self._layer_menu.actions()}

    def point_size(self) -> float:
        """Return the size of the cloud's points in pixels."""
        return float(self._point_size.value())

    def offer(self, quantities: Sequence[PhotoValues]) -> None:
        """Offer quantities to colour by; the chosen one stays chosen where it still is there."""
        before = self._colour_by.currentText()
        self._colour_by.clear()
        if quantities:
            for quantity in quantities:
                self._colour_by.addItem(quantity.label, quantity)
            self._colour_by.addItem(_ONE_COLOUR, None)
            self._colour_by.setCurrentIndex(max(self._colour_by.findText(before), 0))

    def quantity(self) -> PhotoValues | None:
        """Return the quantity to colour by, or None for one colour."""
        found = self._colour_by.currentData()
        return found if isinstance(found, PhotoValues) else None

    def enable(self, ready: bool, points: bool) -> None:
        """Let only those tools be used that have something to work on."""
        for widget in (*self._preset_buttons, self._colour_by, self._layer_button, self._shoot):
            widget.setEnabled(ready)
        self._presets.setEnabled(ready)
        self._point_size.setEnabled(ready and points)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Do without the labels that tooltips can stand in for where it is narrow."""
        super().resizeEvent(event)
        for label in self._labels:
            label.setVisible(self.width() >= _ROOMY)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.spacing, theme.spacing // 2, theme.spacing, 0)
        row.setSpacing(theme.spacing // 2)
        self._labels = [Label("Colour by"), Label("Points")]
        for label in self._labels:
            label.setProperty("role", "muted")
            # They may be cut for the moment before they are hidden, but hold nothing open.
            label.setMinimumWidth(1)
        for button in self._preset_buttons:
            row.addWidget(button)
        row.addSpacing(theme.spacing)
        row.addWidget(self._labels[0])
        row.addWidget(self._colour_by)
        row.addSpacing(theme.spacing)
        row.addWidget(self._layer_button)
        row.addWidget(self._labels[1])
        row.addWidget(self._point_size)
        row.addStretch(1)
        row.addWidget(self._shoot)
