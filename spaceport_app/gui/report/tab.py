"""The report as a page that one reads in the window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.gui import pictures, theme
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.report.facts import Pair, Report, Section

_WIDEST = 860


class ReportTab(QScrollArea):
    """Sections with sentences, tables and pairs of pictures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Report")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._shown: Report | None = None
        self._column: QWidget | None = None

    def show_report(self, report: Report) -> None:
        """Show a report; the place one had scrolled to stays."""
        if report == self._shown:
            return
        self._shown = report
        place = self.verticalScrollBar().value()
        page = QWidget(self)
        page.setAutoFillBackground(False)
        outer = QVBoxLayout(page)
        outer.setContentsMargins(theme.wide, 2 * theme.wide, theme.wide, 2 * theme.wide)
        self._column = QWidget(page)
        outer.addWidget(self._column, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch()
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.spacing)
        column.addWidget(_label(report.title, "title"))
        column.addWidget(_label(report.lead, "muted"))
        for section in report.sections:
            column.addSpacing(theme.wide)
            _fill(column, section)
        self.setWidget(page)
        self.viewport().setAutoFillBackground(False)
        self._fit()
        self.verticalScrollBar().setValue(place)

    def fail(self, sentence: str) -> None:
        """Say that the report cannot be read."""
        self.show_report(Report("Report", sentence, ()))

    def clear(self) -> None:
        """Show nothing."""
        self._shown = None
        self._column = None
        self.setWidget(QWidget(self))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the column readable."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._column is not None:
            room = self.viewport().width() - 2 * theme.wide
            self._column.setFixedWidth(max(280, min(_WIDEST, room)))


class _Picture(QWidget):
    """A picture as wide as its place."""

    def __init__(self, image: QPixmap, words: str) -> None:
        super().__init__()
        self._image = image
        self.setAccessibleName(words)
        set_tip(self, words)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        """Its sides keep their ratio."""
        return not self._image.isNull()

    def heightForWidth(self, width: int) -> int:
        """Return the height that belongs to a width."""
        size = self._image.size()
        return round(width * size.height() / max(size.width(), 1))

    def sizeHint(self) -> QSize:
        """Return a usual size."""
        return QSize(320, self.heightForWidth(320))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self.rect(), self._image)


def _fill(column: QVBoxLayout, section: Section) -> None:
    column.addWidget(_label(section.heading, "heading"))
    line = QFrame()
    line.setProperty("role", "line")
    column.addWidget(line)
    for sentence in section.sentences:
        column.addWidget(_label(sentence, "muted"))
    if section.table:
        column.addLayout(_table(section.table))
    for pair in section.pairs:
        column.addSpacing(theme.spacing)
        column.addLayout(_pictures(pair))
        words = f"{pair.name}: PSNR {pair.psnr_db:.2f} dB, SSIM {pair.ssim:.3f}"
        column.addWidget(_label(words, "small"))


def _table(rows: tuple[tuple[str, ...], ...]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(3 * theme.spacing)
    grid.setVerticalSpacing(theme.spacing // 2)
    columns = len(rows[0])
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            faint = column == 0 or (number == 0 and columns > 2)
            label = _label(cell, "muted" if faint else "")
            grid.addWidget(label, number, column, Qt.AlignmentFlag.AlignTop)
    # Headings as wide as they must be, all else to the words.
    grid.setColumnMinimumWidth(0, 200)
    grid.setColumnStretch(columns - 1, 1)
    return grid


def _pictures(pair: Pair) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.spacing)
    for path, words in (
        (pair.photo, f"Photo {pair.name}"),
        (pair.render, f"Splat from the camera of {pair.name}"),
    ):
        image = pictures.read(path)
        if image.isNull():
            row.addWidget(_label(f"{words} cannot be read.", "muted"))
        else:
            row.addWidget(_Picture(QPixmap.fromImage(image), words))
    return row


def _label(text: str, role: str) -> Label:
    label = Label(text)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label
