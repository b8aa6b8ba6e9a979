"""What the window shows while something hovers above it that it would take."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from spaceport_app.gui import theme


class DropOverlay(QWidget):
    """A veil over the window with a sentence; it takes no events."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._sentence = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def say(self, sentence: str) -> None:
        """Cover the parent."""
        self._sentence = sentence
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw veil, frame and sentence."""
        colours = theme.current()
        veil = QColor(colours.background)
        veil.setAlpha(215)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(QColor(colours.accent), 2))
        inset = theme.wide
        frame = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(frame, 2 * theme.radius, 2 * theme.radius)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * theme.title)
        painter.setFont(font)
        painter.setPen(QColor(colours.text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._sentence)
