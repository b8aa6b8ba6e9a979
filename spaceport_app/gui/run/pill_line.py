"""A thin line on which a pill grows: how far a stage is."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from spaceport_app.gui import theme

_LINE = 2.0
_PILL = 8.0
_HEIGHT = 12


class PillLine(QWidget):
    """Shows a fraction as a filled pill on a thin line; red where the work failed.

    Everything is laid on whole device pixels, so that it is as crisp at 150 % as at 100 %.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fraction = 0.0
        self._failed = False
        self._active = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def fraction(self) -> float:
        """The part that is filled, 0 to 1."""
        return self._fraction

    @property
    def failed(self) -> bool:
        """Whether the line is red."""
        return self._failed

    def show_fraction(self, fraction: float, *, active: bool = False, failed: bool = False) -> None:
        """Fill the line to `fraction`; `active` shows a dot even where nothing is done yet."""
        fraction = min(1.0, max(0.0, fraction))
        if (fraction, active, failed) == (self._fraction, self._active, self._failed):
            return
        self._fraction, self._active, self._failed = fraction, active, failed
        words = "failed" if failed else f"{fraction:.0%} done"
        self.setAccessibleDescription(words)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size it likes best."""
        return QSize(160, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which it can be read."""
        return QSize(40, _HEIGHT)

    def rects(self, ratio: float, origin: QPointF | None = None) -> tuple[QRectF, QRectF]:
        """Return line and pill on the pixels of a screen with `ratio` of them a unit.

        `origin` is where the widget stands in its window, in units: at 150 % every second unit
        lies between two pixels.
        """
        left, over = (0.0, 0.0) if origin is None else (origin.x(), origin.y())

        def snap(value: float, start: float = 0.0) -> float:
            return round((value + start) * ratio) / ratio - start

        line, pill = max(1 / ratio, snap(_LINE)), snap(_PILL)
        # Both heights in device pixels are made even or odd together, so that they share a middle.
        if round(line * ratio) % 2 != round(pill * ratio) % 2:
            pill += 1 / ratio
        top = snap((self.height() - pill) / 2, over)
        inset = (pill - line) / 2
        # Towards the inside: what sticks out of the widget would be cut off.
        start = math.ceil(left * ratio - 1e-6) / ratio - left
        end = math.floor((left + self.width()) * ratio + 1e-6) / ratio - left
        whole = QRectF(start, top + inset, end - start, line)
        grown = snap(self._fraction * (whole.width() - pill)) + pill
        shown = self._fraction > 0.0 or self._active or self._failed
        return whole, QRectF(start, top, grown if shown else 0.0, pill)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw line and pill."""
        colours = theme.current()
        place = QPointF(self.mapTo(self.window(), QPoint(0, 0)))
        line, pill = self.rects(self.devicePixelRatioF(), place)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.error if self._failed else colours.line))
        painter.drawRoundedRect(line, line.height() / 2, line.height() / 2)
        if pill.width() <= 0:
            return
        painter.setBrush(QColor(colours.error if self._failed else colours.pill))
        painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
