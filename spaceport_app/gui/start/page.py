"""The start page: drop area, sample flight, recent projects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from spaceport_app.gui import theme
from spaceport_app.gui.background import Background
from spaceport_app.gui.plain import Label
from spaceport_app.gui.start.card import ProjectCard, read_picture
from spaceport_app.gui.start.drop_area import DropArea
from spaceport_app.gui.start.recent import Entry

_WIDEST = 800
_GAP = 2 * theme.spacing


class StartPage(QScrollArea):
    """What the window shows while nothing is open."""

    choose_folder = Signal()
    try_sample = Signal()
    opened = Signal(object)
    removed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._background = Background(self)
        self._cards: list[ProjectCard] = []
        self.drop_area = DropArea(self)
        self.drop_area.choose_folder.connect(self.choose_folder)
        self.drop_area.try_sample.connect(self.try_sample)
        self._heading = Label("Recent projects", self)
        self._heading.setProperty("role", "heading")
        self._grid = QGridLayout()
        self._grid.setSpacing(_GAP)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._column = QWidget(self)
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_GAP)
        column.addWidget(self.drop_area)
        column.addWidget(self._heading)
        column.addLayout(self._grid)
        page = QWidget(self)
        outer = QVBoxLayout(page)
        outer.setContentsMargins(_GAP, 2 * _GAP, _GAP, _GAP)
        outer.addWidget(self._column, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch()
        self.setWidget(page)
        self.viewport().setAutoFillBackground(False)
        page.setAutoFillBackground(False)
        self.show_recent(())

    def show_recent(self, entries: Sequence[Entry]) -> None:
        """Show these projects, newest first; their pictures follow when they are read."""
        for card in self._cards:
            self._grid.removeWidget(card)
            card.deleteLater()
        self._cards = []
        for entry in entries:
            card = ProjectCard(entry, self._column)
            card.opened.connect(self.opened)
            card.removed.connect(self.removed)
            self._cards.append(card)
            if entry.picture is not None:
                self._background.start(
                    f"picture of {entry.folder}",
                    partial(read_picture, entry.picture),
                    partial(self._show, card),
                )
        self._heading.setVisible(bool(entries))
        self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the column readable, and as many cards a row as fit."""
        super().resizeEvent(event)
        self._column.setFixedWidth(max(320, min(_WIDEST, self.viewport().width() - 2 * _GAP)))
        self._lay_out()

    def wait(self) -> None:
        """Wait until no picture is being read."""
        self._background.wait()

    def _show(self, card: ProjectCard, image: QImage) -> None:
        # The list may have been shown anew in the meantime.
        if card in self._cards:
            card.show_picture(image)

    def _lay_out(self) -> None:
        if not self._cards:
            return
        room = min(_WIDEST, max(320, self.viewport().width() - 2 * _GAP))
        columns = max(1, (room + _GAP) // (self._cards[0].width() + _GAP))
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
