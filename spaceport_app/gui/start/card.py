"""A recent project on the start page: picture, name, and how far its stages are."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtWidgets import QFrame, QMenu, QVBoxLayout, QWidget

from spaceport_app import visible
from spaceport_app.gui import pictures, theme
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.start.recent import Entry, Mark

_PICTURE = QSize(256, 144)
_WORDS = {"done": "done", "missing": "not yet", "failed": "failed", "stopped": "stopped"}


def read_picture(path: Path) -> QImage:
    """Read a picture at the size of a card; null if it cannot be read. Runs in any thread."""
    return pictures.read(path, _PICTURE * 2)


class _Picture(QWidget):
    """A picture that fills its frame, with rounded upper corners."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.setFixedHeight(_PICTURE.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        area = QRectF(self.rect())
        path = QPainterPath()
        path.addRoundedRect(area.adjusted(0, 0, 0, theme.radius), theme.radius, theme.radius)
        painter.setClipPath(path)
        painter.fillRect(self.rect(), QColor(theme.current().raised))
        if self.image.isNull():
            return
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        painter.drawImage(QRectF(left, top, size.width(), size.height()), self.image)


class _Marks(QWidget):
    """One short pill a stage: filled when done, hollow when not, red when failed."""

    def __init__(self, marks: tuple[Mark, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self._marks = marks
        self.setFixedHeight(10)
        words = ", ".join(f"{mark.label}: {_WORDS[mark.state]}" for mark in marks)
        self.setAccessibleName(words)
        set_tip(self, words.replace(", ", "\n"))

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.current()
        fills = {
            "done": colours.good,
            "failed": colours.error,
            "stopped": colours.warning,
            "missing": colours.line,
        }
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for number, mark in enumerate(self._marks):
            painter.setBrush(QColor(fills[mark.state]))
            painter.drawRoundedRect(QRectF(number * 24.0, 3, 20, 4), 2, 2)


class ProjectCard(QFrame):
    """A project that opens with a click, Return or Space."""

    opened = Signal(object)
    removed = Signal(object)

    def __init__(self, entry: Entry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        self.setProperty("role", "card")
        self.setFixedWidth(_PICTURE.width())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"Project {visible.line(entry.name)}")
        set_tip(self, str(entry.folder))
        self._picture = _Picture(self)
        name = Label(parent=self)
        name.setProperty("role", "heading")
        name.setText(_elided(name, visible.line(entry.name)))
        count = "photos not read yet" if entry.photos is None else f"{entry.photos} photos"
        about = Label(parent=self)
        about.setProperty("role", "small")
        about.setText(_elided(about, visible.line(f"{count} · {entry.folder.parent}")))
        below = QVBoxLayout()
        below.setContentsMargins(theme.spacing + 4, theme.spacing, theme.spacing, theme.spacing)
        below.setSpacing(theme.spacing // 2)
        below.addWidget(name)
        below.addWidget(about)
        below.addWidget(_Marks(entry.marks, self))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self._picture)
        layout.addLayout(below)

    def show_picture(self, image: QImage) -> None:
        """Show the picture of the project."""
        self._picture.image = image
        self._picture.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open on a click."""
        inside = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and inside:
            self.opened.emit(self.entry.folder)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open on Return and Space, forget on Delete."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit(self.entry.folder)
        elif event.key() == Qt.Key.Key_Delete:
            self.removed.emit(self.entry.folder)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to forget the project."""
        menu = QMenu(self)
        forget = QAction("Remove from this list", menu)
        forget.triggered.connect(lambda: self.removed.emit(self.entry.folder))
        menu.addAction(forget)
        menu.exec(event.globalPos())


def _elided(label: Label, text: str) -> str:
    label.ensurePolished()
    room = _PICTURE.width() - 4 * theme.spacing
    return QFontMetrics(label.font()).elidedText(text, Qt.TextElideMode.ElideMiddle, room)
