"""How one photo looks in the list: picture, name, badges and the mark of being used."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QTransform,
)
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from spaceport_app import visible
from spaceport_app.gui import theme
from spaceport_app.gui.photos.list_model import BROKEN_ROLE, ENTRY_ROLE, PICTURE_ROLE
from spaceport_app.gui.photos.listing import Entry
from spaceport_app.gui.photos.marks import Mark
from spaceport_app.gui.theme import Colours

Index = QModelIndex | QPersistentModelIndex

_MOST_BADGES = 2
_KEPT_PICTURES = 96
"""Pictures kept in the size at which they are painted; twice of what is in sight."""
_ROUND = 4.0
_CHECK = 18


class PhotoDelegate(QStyledItemDelegate):
    """Paints rows of a `PhotoListModel` into cells of `cell` pixels."""

    cell = QSize(150, 140)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cut: OrderedDict[tuple[int, int, int], QPixmap] = OrderedDict()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of every cell."""
        return self.cell

    def height_for(self, width: int, font: QFont) -> int:
        """Return the height of a cell of `width` pixels with a picture of 4:3."""
        inner = width - theme.spacing
        return inner * 3 // 4 + QFontMetrics(font).height() + 2 * theme.spacing

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one photo."""
        entry: Entry = index.data(ENTRY_ROLE)
        colours = theme.current()
        frame = self._picture_frame(option)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_picture(painter, frame, index, entry, colours)
        self._paint_edge(painter, frame, option, colours)
        self._paint_name(painter, frame, option, entry, colours)
        self._paint_badges(painter, frame, option.font, entry.marks, colours)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if entry.changeable and (hovered or entry.by_hand):
            self._paint_check(painter, self._check_frame(frame), entry.used, colours)
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: object, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Take a photo out or in when its check mark is clicked."""
        if not isinstance(event, QMouseEvent) or event.button() != Qt.MouseButton.LeftButton:
            return False
        entry: Entry = index.data(ENTRY_ROLE)
        inside = self._check_frame(self._picture_frame(option)).contains(event.position().toPoint())
        if not (entry.changeable and inside):
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            state = Qt.CheckState.Unchecked if entry.used else Qt.CheckState.Checked
            index.model().setData(index, state, Qt.ItemDataRole.CheckStateRole)
        # Press and double click are taken too, so that they neither select nor open the photo.
        return True

    def _picture_frame(self, option: QStyleOptionViewItem) -> QRect:
        margin = theme.spacing // 2
        text = QFontMetrics(option.font).height() + theme.spacing
        return option.rect.adjusted(margin, margin, -margin, -margin - text)

    @staticmethod
    def _check_frame(frame: QRect) -> QRect:
        return QRect(frame.right() - _CHECK - 4, frame.top() + 5, _CHECK, _CHECK)

    def _paint_picture(
        self, painter: QPainter, frame: QRect, index: Index, entry: Entry, colours: Colours
    ) -> None:
        picture = index.data(PICTURE_ROLE)
        if picture is not None:
            painter.setOpacity(1.0 if entry.used else 0.3)
            painter.drawPixmap(frame.topLeft(), self._cut_out(picture, frame.size(), painter))
            painter.setOpacity(1.0)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRectF(frame), _ROUND, _ROUND)
        if index.data(BROKEN_ROLE):
            painter.setPen(QPen(QColor(colours.muted), 1.5))
            cross = QRectF(0, 0, 16, 16)
            cross.moveCenter(QPointF(frame.center()))
            painter.drawLine(cross.topLeft(), cross.bottomRight())
            painter.drawLine(cross.topRight(), cross.bottomLeft())

    def _cut_out(self, picture: QImage, size: QSize, painter: QPainter) -> QPixmap:
        """Return a picture that fills `size`, with round corners, in the pixels of the screen.

        Scaling and rounding take thirty times as long as painting the result, which is kept.
        """
        ratio = painter.device().devicePixelRatioF()
        pixels = size * ratio
        key = picture.cacheKey(), pixels.width(), pixels.height()
        kept = self._cut.get(key)
        if kept is not None:
            self._cut.move_to_end(key)
            return kept
        scaled = picture.scaled(
            pixels,
            Qt.AspectRatioMode.KeepAspectRatioByExpanding,
            Qt.TransformationMode.SmoothTransformation,
        )
        left, top = (scaled.width() - pixels.width()) // 2, (scaled.height() - pixels.height()) // 2
        cut = QPixmap(pixels)
        cut.fill(Qt.GlobalColor.transparent)
        brush = QPainter(cut)
        brush.setRenderHint(QPainter.RenderHint.Antialiasing)
        filled = QBrush(scaled)
        filled.setTransform(QTransform.fromTranslate(-left, -top))
        brush.setBrush(filled)
        brush.setPen(Qt.PenStyle.NoPen)
        brush.drawRoundedRect(QRectF(cut.rect()), _ROUND * ratio, _ROUND * ratio)
        brush.end()
        cut.setDevicePixelRatio(ratio)
        self._cut[key] = cut
        if len(self._cut) > _KEPT_PICTURES:
            self._cut.popitem(last=False)
        return cut

    @staticmethod
    def _paint_edge(
        painter: QPainter, frame: QRect, option: QStyleOptionViewItem, colours: Colours
    ) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if not (selected or focused):
            return
        pen = QPen(QColor(colours.accent if selected else colours.muted), 2.5 if selected else 1.0)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(frame).adjusted(-1, -1, 1, 1), _ROUND + 1, _ROUND + 1)

    @staticmethod
    def _paint_name(
        painter: QPainter,
        frame: QRect,
        option: QStyleOptionViewItem,
        entry: Entry,
        colours: Colours,
    ) -> None:
        metrics = QFontMetrics(option.font)
        place = QRect(frame.left(), frame.bottom() + 4, frame.width(), metrics.height())
        text = metrics.elidedText(
            visible.line(entry.name), Qt.TextElideMode.ElideMiddle, place.width()
        )
        painter.setFont(option.font)
        painter.setPen(QColor(colours.text if entry.used else colours.muted))
        painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, text)

    @staticmethod
    def _paint_badges(
        painter: QPainter, frame: QRect, font: QFont, marks: tuple[Mark, ...], colours: Colours
    ) -> None:
        if not marks:
            return
        small = QFont(font)
        small.setPointSizeF(max(font.pointSizeF() * theme.small, 6.0))
        metrics = QFontMetrics(small)
        painter.setFont(small)
        # Three badges stand in full; of more, two and a count.
        shown = marks if len(marks) <= _MOST_BADGES + 1 else marks[:_MOST_BADGES]
        labels = [(mark.label, getattr(colours, mark.loudness)) for mark in shown]
        if len(marks) > len(shown):
            labels.append((f"+{len(marks) - len(shown)}", colours.muted))
        height = metrics.height() + 2
        top = frame.bottom() - 4 - len(labels) * (height + 2)
        for label, colour in labels:
            width = min(metrics.horizontalAdvance(label) + 12, frame.width() - 8)
            pill = QRectF(frame.left() + 4, top, width, height)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(pill, height / 2, height / 2)
            painter.setPen(QColor(colours.background))
            text = metrics.elidedText(label, Qt.TextElideMode.ElideRight, int(width) - 8)
            painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
            top += height + 2

    @staticmethod
    def _paint_check(painter: QPainter, frame: QRect, used: bool, colours: Colours) -> None:
        painter.setPen(QPen(QColor(colours.accent if used else colours.muted), 1.5))
        painter.setBrush(QColor(colours.accent if used else colours.panel))
        box = QRectF(frame)
        painter.drawEllipse(box)
        if used:
            painter.setPen(QPen(QColor(colours.on_accent), 2.0))
            middle = box.center()
            painter.drawPolyline(
                [
                    middle + QPointF(-4.0, 0.0),
                    middle + QPointF(-1.0, 3.5),
                    middle + QPointF(4.5, -3.0),
                ]
            )
