"""How fields for numbers look, beyond what the style sheet can say."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractSpinBox

_MARGIN = 4


def set_up(box: QAbstractSpinBox, *, buttons: bool = True) -> None:
    """Give a field its margin, and take its buttons where arrow keys and the wheel suffice."""
    # The style sheet's padding does not reach the text of a spin box.
    box.lineEdit().setTextMargins(_MARGIN, 0, _MARGIN // 2, 0)
    # Without buttons by Qt's own property, a styled field draws no text either.
    box.setProperty("plain", not buttons)
