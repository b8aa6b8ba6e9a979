"""A thin line on which a pill grows: how far a stage is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from spaceport_app.gui import theme

_LINE = 2.0
_PILL = 8.0
_HEIGHT = 12


class PillLine(QWidget):
    """Shows a fraction as a white pill on a thin line; red where the work failed.

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

    def rects(self, ratio: float) -> tuple[QRectF, QRectF]:
        """Return line and pill on the pixels of a screen with `ratio` of them a unit."""

        def snap(value: float) -> float:
            return round(value * ratio) / ratio

        line, pill = max(1 / ratio, snap(_LINE)), snap(_PILL)
        # Both heights in device pixels are made even or odd together, so that they share a middle.
        if round(line * ratio) % 2 != round(pill * ratio) % 2:
            pill += 1 / ratio
        top = snap((self.height() - pill) / 2)
        inset = (pill - line) / 2
        whole = QRectF(0.0, top + inset, snap(self.width()), line)
        grown = snap(self._fraction * (whole.width() - pill)) + pill
        shown = self._fraction > 0.0 or self._active or self._failed
        return whole, QRectF(0.0, top, grown if shown else 0.0, pill)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw line and pill."""
        colours = theme.current()
        line, pill = self.rects(self.devicePixelRatioF())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        # On light ground the line is stronger, so that the white of the pill stands out from it.
        quiet = colours.line if colours.is_dark else colours.muted
        painter.setBrush(QColor(colours.error if self._failed else quiet))
        painter.drawRoundedRect(line, line.height() / 2, line.height() / 2)
        if pill.width() <= 0:
            return
        painter.setBrush(QColor(colours.error if self._failed else colours.pill))
        if not colours.is_dark and not self._failed:
            # White on a light ground needs an edge.
            width = 1 / self.devicePixelRatioF()
            painter.setPen(QPen(QColor(colours.muted), width))
            pill = pill.adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
