"""The legend of the cameras' colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QWidget

from spaceport_app.gui import theme

_BAR = 110
_THICK = 8


class ColourBar(QWidget):
    """A strip of colour with the value at each end."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low = self._high = ""
        self._strip: QImage | None = None

    def show_scale(self, table: npt.NDArray[np.uint8], low: str, high: str) -> None:
        """Show a scale, (K, 3), from `low` to `high`."""
        row = np.ascontiguousarray(table[None])
        strip = QImage(row.data, len(table), 1, 3 * len(table), QImage.Format.Format_RGB888)
        self._strip = strip.copy()
        self._low, self._high = low, high
        self.setAccessibleName(f"Colours from {low} to {high}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the strip and both texts."""
        metrics = QFontMetrics(self.font())
        text = metrics.horizontalAdvance(self._low) + metrics.horizontalAdvance(self._high)
        return QSize(_BAR + text + 2 * theme.spacing, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Return the same: a legend that is cut says something wrong."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint low, strip, high."""
        if self._strip is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(theme.current().muted))
        metrics = QFontMetrics(self.font())
        left = metrics.horizontalAdvance(self._low)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self._low)
        bar = QRectF(left + theme.spacing, (self.height() - _THICK) / 2, _BAR, _THICK)
        shape = QPainterPath()
        shape.addRoundedRect(bar, _THICK / 2, _THICK / 2)
        painter.setClipPath(shape)
        painter.drawImage(bar, self._strip)
        painter.setClipping(False)
        rest = self.rect().adjusted(int(bar.right()) + theme.spacing, 0, 0, 0)
        painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter, self._high)
