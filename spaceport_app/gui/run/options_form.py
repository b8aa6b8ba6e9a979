"""Forms made from the options dataclasses: one field an option, with limits, tooltip and reset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette, QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

from spaceport_app.events import JsonValue
from spaceport_app.gui import theme
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.theme import numbers
from spaceport_app.options import Describe, describe
from spaceport_app.pipeline.settings import as_json

_LARGEST_INT = 2**31 - 1
_LARGEST = 1e15

# Words of options that would read badly with a capital first letter only.
_WORDS = {
    "auto": "Automatic",
    "cpu": "Processor",
    "cuda": "NVIDIA graphics card",
    "mcmc": "MCMC",
    "plas": "PLAS",
    "viewer": "As web viewers turn them",
    "world": "East, north, up",
}

Editor: TypeAlias = "QCheckBox | QComboBox | QSpinBox | NumberBox | QLineEdit"


class NumberBox(QDoubleSpinBox):
    """A box for any number, written as short as it can be: 0.00016 as well as 50.0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(12)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        """Return the shortest words for a value."""
        return f"{value:g}"

    def valueFromText(self, text: str) -> float:
        """Return the value of a text that `validate` accepted."""
        return _number(self._bare(text)) or 0.0

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Tell whether a text is a number within the limits."""
        value = _number(self._bare(text))
        if value is not None and self.minimum() <= value <= self.maximum():
            return QValidator.State.Acceptable, text, position
        allowed = all(letter in "0123456789.,eE+- " for letter in self._bare(text))
        state = QValidator.State.Intermediate if allowed else QValidator.State.Invalid
        return state, text, position

    def _bare(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip() if self.suffix() else text.strip()


class OptionsForm(QWidget):
    """The options of one stage.

    Parameters
    ----------
    options : type
        The options dataclass.
    """

    changed = Signal()

    def __init__(self, options: type, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._about = describe(options)
        self._usual: Mapping[str, JsonValue] = {}
        self.editors: dict[str, Editor] = {}
        self.resets: dict[str, QToolButton] = {}
        self._wheel = _WheelGuard(self)
        self._layout = QGridLayout(self)
        self._layout.setColumnStretch(1, 1)
        self._layout.setHorizontalSpacing(theme.wide)
        self._layout.setVerticalSpacing(theme.spacing)
        defaults = as_json(options())
        for row, (name, about) in enumerate(self._about.items()):
            self._add(row, name, about, defaults[name])
        self._layout.setRowStretch(len(self._about), 1)
        self.show_options(defaults, defaults)

    def _add(self, row: int, name: str, about: Describe, default: JsonValue) -> None:
        editor = _editor(about, default)
        tip = f"{about.help}{_limits(about)}"
        editor.setObjectName(name)
        set_tip(editor, tip)
        editor.setAccessibleName(about.label)
        editor.setAccessibleDescription(tip)
        editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        editor.installEventFilter(self._wheel)
        label = Label(about.label)
        set_tip(label, tip)
        label.setBuddy(editor)
        reset = QToolButton()
        reset.setText("↺")
        reset.setObjectName(f"reset-{name}")
        set_tip(reset, "Back to the value of the preset")
        reset.setAccessibleName(f"Reset: {about.label}")
        reset.clicked.connect(lambda: self._reset(name))
        policy = reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        reset.setSizePolicy(policy)
        self.editors[name] = editor
        self.resets[name] = reset
        self._layout.addWidget(label, row, 0)
        self._layout.addWidget(editor, row, 1)
        self._layout.addWidget(reset, row, 2)
        signal = {
            QCheckBox: "toggled",
            QComboBox: "currentIndexChanged",
            QSpinBox: "valueChanged",
            NumberBox: "valueChanged",
            QLineEdit: "textChanged",
        }[type(editor)]
        getattr(editor, signal).connect(self._mark)

    def show_options(
        self, options: Mapping[str, JsonValue], usual: Mapping[str, JsonValue]
    ) -> None:
        """Show values, and remember the `usual` ones that a reset goes back to."""
        self._usual = dict(usual)
        for name, value in options.items():
            _put(self.editors[name], value)
        self._mark()

    def values(self) -> dict[str, JsonValue]:
        """Return the value of every option."""
        return {name: _take(editor, self._usual[name]) for name, editor in self.editors.items()}

    def differing(self) -> dict[str, JsonValue]:
        """Return the values that differ from the usual ones."""
        return {name: value for name, value in self.values().items() if value != self._usual[name]}

    def reset(self) -> None:
        """Go back to the usual values."""
        for name in self.editors:
            self._reset(name)

    def _reset(self, name: str) -> None:
        _put(self.editors[name], self._usual[name])

    def _mark(self) -> None:
        differing = self.differing()
        for name, button in self.resets.items():
            button.setVisible(name in differing)
        self.changed.emit()


class _WheelGuard(QObject):
    """Lets the wheel scroll the page, not the values of fields that nobody entered."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return False


def _editor(about: Describe, default: JsonValue) -> Editor:
    if isinstance(default, bool):
        return _check_box()
    if about.choices:
        combo = QComboBox()
        for choice in about.choices:
            combo.addItem(choice_words(choice), choice)
        return combo
    if isinstance(default, int):
        whole = QSpinBox()
        whole.setGroupSeparatorShown(True)
        low, high = about.minimum, about.maximum
        whole.setRange(
            -_LARGEST_INT if low is None else int(low),
            _LARGEST_INT if high is None else min(int(high), _LARGEST_INT),
        )
        whole.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        whole.setSuffix(f" {about.unit}" if about.unit else "")
        # Buttons would crowd fifty fields.
        numbers.set_up(whole, buttons=False)
        return whole
    if isinstance(default, float):
        number = NumberBox()
        number.setRange(
            -_LARGEST if about.minimum is None else about.minimum,
            _LARGEST if about.maximum is None else about.maximum,
        )
        number.setSuffix(f" {about.unit}" if about.unit else "")
        numbers.set_up(number, buttons=False)
        return number
    return QLineEdit()


def _check_box() -> QCheckBox:
    box = QCheckBox()
    # The style draws the frame a little darker than the window: on dark ground nobody saw it.
    palette = box.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor(theme.current().muted))
    box.setPalette(palette)
    return box


def choice_words(choice: str) -> str:
    """Return what a person reads for a choice; the field's own names stay as they are."""
    return _WORDS.get(choice, choice.capitalize() if choice.islower() else choice)


def _limits(about: Describe) -> str:
    low, high = about.minimum, about.maximum
    unit = f" {about.unit}" if about.unit else ""
    if low is not None and high is not None:
        return f"\nFrom {low:,.12g} to {high:,.12g}{unit}."
    if low is not None:
        return f"\nAt least {low:,.12g}{unit}."
    if high is not None:
        return f"\nAt most {high:,.12g}{unit}."
    return ""


def _put(editor: Editor, value: Any) -> None:
    if isinstance(editor, QCheckBox):
        editor.setChecked(bool(value))
    elif isinstance(editor, QComboBox):
        editor.setCurrentIndex(editor.findData(value))
    elif isinstance(editor, QSpinBox | NumberBox):
        editor.setValue(value)
    elif isinstance(value, list | tuple):
        editor.setText(", ".join(str(item) for item in value))
    else:
        editor.setText(str(value))


def _take(editor: Editor, usual: JsonValue) -> JsonValue:
    if isinstance(editor, QCheckBox):
        return editor.isChecked()
    if isinstance(editor, QComboBox):
        return str(editor.currentData())
    if isinstance(editor, QSpinBox | NumberBox):
        return editor.value()
    if isinstance(usual, list):
        return [word.strip() for word in editor.text().split(",") if word.strip()]
    return editor.text().strip()


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
