"""The large area that says where photos go."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from spaceport_app.gui import theme
from spaceport_app.gui.plain import Label


class DropArea(QWidget):
    """A dashed frame with one sentence and two buttons; the window takes the drops."""

    choose_folder = Signal()
    try_sample = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inviting = False
        self.setMinimumHeight(230)
        sentence = Label("Drop drone photos, a folder or a zip here", self)
        sentence.setProperty("role", "title")
        sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        more = Label("A finished splat (.ply, .sog or a SOG folder) opens at once.", self)
        more.setProperty("role", "muted")
        more.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.choose = QPushButton("Choose folder…", self)
        self.choose.setProperty("main", True)
        self.choose.setAccessibleDescription("Choose a folder with drone photos")
        self.choose.clicked.connect(self.choose_folder)
        self.sample = QPushButton("Try the sample flight", self)
        self.sample.setAccessibleDescription("Open 30 photos that come with Spaceport")
        self.sample.clicked.connect(self.try_sample)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.spacing)
        buttons.addStretch()
        buttons.addWidget(self.choose)
        buttons.addWidget(self.sample)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing)
        layout.addStretch()
        layout.addWidget(sentence)
        layout.addWidget(more)
        layout.addSpacing(theme.spacing)
        layout.addLayout(buttons)
        layout.addStretch()

    def invite(self, inviting: bool) -> None:
        """Show that a drop would be taken now."""
        self._inviting = inviting
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the dashed frame."""
        colours = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        pen = QPen(QColor(colours.accent if self._inviting else colours.muted), 1.4)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(QColor(colours.raised if self._inviting else colours.panel))
        painter.drawRoundedRect(frame, 2 * theme.radius, 2 * theme.radius)
