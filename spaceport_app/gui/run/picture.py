"""A picture that fills its place and keeps its shape."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from spaceport_app.gui import theme


class Picture(QWidget):
    """Shows a `QImage` as large as fits, or a sentence as long as there is none.

    Parameters
    ----------
    words : str
        The sentence.
    """

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._image = QImage()
        self.setMinimumSize(160, 100)
        self.setAccessibleName("Preview of the splat")
        self.setAccessibleDescription(words)

    @property
    def image(self) -> QImage:
        """What is shown."""
        return self._image

    def show_image(self, image: QImage) -> None:
        """Show another picture; a null one brings the sentence back."""
        self._image = image
        self.setAccessibleDescription(self._words if image.isNull() else "")
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size it likes best."""
        return QSize(480, 320)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture."""
        painter = QPainter(self)
        if self._image.isNull():
            painter.setPen(QColor(theme.current().muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), flags, self._words)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left = (self.width() - size.width()) / 2
        painter.drawImage(QRectF(left, 0.0, size.width(), size.height()), self._image)
