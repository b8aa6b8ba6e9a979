"""The photo list as Qt's views see it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QImage

from spaceport_app import visible
from spaceport_app.gui.photos.listing import Entry, PhotoListing
from spaceport_app.gui.photos.thumbnails import Thumbnails
from spaceport_app.gui.plain import TIP_ROLE, literal

Index = QModelIndex | QPersistentModelIndex

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The `Entry` of a row."""
PICTURE_ROLE = ENTRY_ROLE + 1
"""The thumbnail of a row, a QImage, or None while it is decoded and where there is none."""
BROKEN_ROLE = ENTRY_ROLE + 2
"""Whether a row's file has no picture to show."""


class PhotoListModel(QAbstractListModel):
    """Shows what a `PhotoListing` lists; `toggled` asks to take a photo out or in."""

    toggled = Signal(str, bool)

    def __init__(
        self, listing: PhotoListing, thumbnails: Thumbnails, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._listing = listing
        self._thumbnails = thumbnails
        self._rows: list[Entry] = []
        self._row_of_path: dict[str, int] = {}
        self._row_of_name: dict[str, int] = {}
        thumbnails.ready.connect(self._picture_came)

    def refresh(self) -> bool:
        """Take over what the listing shows now and return whether rows came, went or moved."""
        rows = self._listing.shown()
        if [row.name for row in rows] == [row.name for row in self._rows]:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return False
        self.beginResetModel()
        self._rows = rows
        self._row_of_path = {str(entry.path): row for row, entry in enumerate(rows)}
        self._row_of_name = {entry.name: row for row, entry in enumerate(rows)}
        self.endResetModel()
        return True

    def index_of(self, name: str) -> QModelIndex:
        """Return the index of a photo, invalid where it is not shown."""
        row = self._row_of_name.get(name)
        return QModelIndex() if row is None else self.index(row)

    def entry(self, index: Index) -> Entry:
        """Return the entry of a valid index."""
        return self._rows[index.row()]

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many photos are shown."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a row."""
        flags = super().flags(index)
        if index.isValid() and self._rows[index.row()].changeable:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a view asks of a row."""
        if not index.isValid():
            return None
        entry = self._rows[index.row()]
        if role == ENTRY_ROLE:
            return entry
        if role == PICTURE_ROLE:
            return self._picture(entry)
        if role == BROKEN_ROLE:
            return self._thumbnails.broken(entry.path)
        if role == Qt.ItemDataRole.DisplayRole:
            return visible.line(entry.name)
        if role == TIP_ROLE:
            names = [entry.name, *(mark.message for mark in entry.marks)]
            return literal("\n".join(visible.line(one) for one in names))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join([entry.name, *(mark.label for mark in entry.marks)])
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if entry.used else Qt.CheckState.Unchecked
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask to take a photo in (checked) or out."""
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        entry = self._rows[index.row()]
        if not entry.changeable:
            return False
        self.toggled.emit(entry.name, Qt.CheckState(value) != Qt.CheckState.Checked)
        return True

    def _picture(self, entry: Entry) -> QImage | None:
        return self._thumbnails.get(entry.path)

    def _picture_came(self, path: str) -> None:
        row = self._row_of_path.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [PICTURE_ROLE])
