"""The panel of all photos: thumbnails, badges, filter and order, one line that sums them up."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QComboBox,
    QLineEdit,
    QListView,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.gui import theme
from spaceport_app.gui.latest import Latest
from spaceport_app.gui.photos import summary
from spaceport_app.gui.photos.delegate import PhotoDelegate
from spaceport_app.gui.photos.list_model import PhotoListModel
from spaceport_app.gui.photos.listing import SORTS, PhotoListing
from spaceport_app.gui.photos.thumbnails import Thumbnails
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.photos.model import PhotoSet

_CELL = 124
"""Width in pixels below which no cell of the list is squeezed."""
_TYPING_SECONDS = 1.0
"""A longer pause begins another text to look for."""
_SIDE_BY_SIDE = 270
"""Width in pixels of the panel from which filter and order stand side by side."""


class PhotoPanel(QWidget):
    """Lists photos and lets a person look for, take out and take in some of them.

    Signals: `selected` and `activated` with the name of a photo, `excluded_changed` with the
    frozenset of the names that are out by hand, only when the person changed it.
    """

    selected = Signal(str)
    activated = Signal(str)
    excluded_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("photoPanel")
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Photos")
        self.listing = PhotoListing()
        self._thumbnails = Thumbnails(self, pixel_ratio=self.devicePixelRatioF())
        self._geometry = Latest(self, "geometry")
        self._geometry.answered.connect(self._show_geometry)
        self._facts: list[str] = []
        self._quiet = False
        self._model = PhotoListModel(self.listing, self._thumbnails, self)
        self._model.toggled.connect(lambda name, out: self.exclude([name], out))
        self.filter_box = QComboBox()
        self.filter_box.setAccessibleName("Which photos to show")
        set_tip(self.filter_box, "Which photos to show")
        self.sort_box = QComboBox()
        self.sort_box.setAccessibleName("Order of the photos")
        set_tip(self.sort_box, "Order of the photos")
        for key, (label, _) in SORTS.items():
            self.sort_box.addItem(label, key)
        self.search_field = QLineEdit()
        self.search_field.setPlaceholderText("Find by name")
        self.search_field.setAccessibleName("Find photos by name")
        self.search_field.setClearButtonEnabled(True)
        self._view = _ListView()
        self._view.setModel(self._model)
        self._empty = Label()
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._summary = Label()
        self._summary.setObjectName("photoSummary")
        self._summary.setProperty("role", "small")
        self._summary.setWordWrap(True)
        self._summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self._make_actions()
        self._wait_for_typing = QTimer(self)
        self._wait_for_typing.setSingleShot(True)
        self._wait_for_typing.setInterval(150)
        self._wait_for_typing.timeout.connect(self._search_changed)
        self.search_field.textChanged.connect(self._wait_for_typing.start)
        self.filter_box.activated.connect(self._filter_chosen)
        self.sort_box.activated.connect(self._sort_chosen)
        self._view.selectionModel().currentChanged.connect(self._current_changed)
        self._view.activated.connect(self._index_activated)
        self._view.customContextMenuRequested.connect(self._open_menu)
        self._refresh()

    def show_files(self, files: Sequence[tuple[str, Path]]) -> None:
        """Show files that were just dropped, name and path, before the import stage is done."""
        self._thumbnails.clear()
        self.listing.set_files(files)
        self._refresh()

    def set_photos(
        self,
        photos: PhotoSet,
        excluded: Iterable[str] | None = None,
        left_out: Mapping[str, str] | None = None,
    ) -> None:
        """Show the result of the import stage.

        Parameters
        ----------
        excluded : iterable of str, optional
            The photos that are out by hand as the project keeps it; else as the import found it.
        left_out : mapping, optional
            As for `set_left_out`.
        """
        self.listing.set_photos(photos, excluded, left_out)
        self._refresh()

    def set_left_out(self, left_out: Mapping[str, str]) -> None:
        """Mark the photos, by name, that structure from motion left out, with its reason."""
        self.listing.set_not_placed(left_out)
        self._refresh()

    def lock(self, locked: bool) -> None:
        """Let no photo be taken out or in, while stages work on them."""
        if self.listing.lock(locked):
            self._refresh()

    def select(self, name: str) -> None:
        """Select a photo and bring it into sight, without telling so by `selected`.

        A photo that the filter hides is shown by showing all photos again.
        """
        index = self._model.index_of(name)
        if not index.isValid() and any(entry.name == name for entry in self.listing.entries):
            self.listing.filter, self.listing.text = "all", ""
            self.search_field.blockSignals(True)
            self.search_field.clear()
            self.search_field.blockSignals(False)
            self._refresh()
            index = self._model.index_of(name)
        if not index.isValid() or index == self._view.currentIndex():
            return
        self._set_current(index)
        self._view.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)

    def begin_search(self) -> None:
        """Let a person type a part of a name."""
        self.search_field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search_field.selectAll()

    def clear(self) -> None:
        """Show no photos."""
        self._thumbnails.clear()
        self.listing.clear()
        self._refresh()

    def stop(self) -> None:
        """Wait for background work; no more is begun until something new is shown."""
        self._thumbnails.stop()
        self._geometry.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put filter and order below each other where both would be cut."""
        narrow = self.width() < _SIDE_BY_SIDE
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if direction != self._choices.direction():
            self._choices.setDirection(direction)
        super().resizeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave no thread behind."""
        self.stop()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.spacing, theme.spacing, theme.spacing, theme.spacing)
        layout.setSpacing(theme.spacing)
        self._choices = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._choices.setSpacing(theme.spacing)
        for box in (self.filter_box, self.sort_box):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(8)
            self._choices.addWidget(box, 1)
        layout.addWidget(self.search_field)
        layout.addLayout(self._choices)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self._view)
        self._pages.addWidget(self._empty)
        layout.addWidget(pages, 1)
        layout.addWidget(self._summary)
        self.setMinimumWidth(_CELL + 4 * theme.spacing)

    def _make_actions(self) -> None:
        self._go = QAction("Go there", self)
        self._go.triggered.connect(lambda: self._index_activated(self._view.currentIndex()))
        self._copy = QAction("Copy path", self)
        self._copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self._copy.triggered.connect(self._copy_paths)
        find = QAction("Find photos by name", self)
        find.setShortcut(QKeySequence(QKeySequence.StandardKey.Find))
        find.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        find.triggered.connect(self.begin_search)
        self.addAction(find)
        self._take_out = QAction("Take out", self)
        self._take_out.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        self._take_out.triggered.connect(lambda: self.exclude(self._chosen(), True))
        self._take_in = QAction("Take in again", self)
        self._take_in.setShortcut(QKeySequence(Qt.Key.Key_Insert))
        self._take_in.triggered.connect(lambda: self.exclude(self._chosen(), False))
        self._toggle = QAction("Take out or in", self)
        self._toggle.setShortcut(QKeySequence(Qt.Key.Key_Space))
        self._toggle.triggered.connect(self._toggle_chosen)
        for action in (self._take_out, self._take_in, self._toggle, self._copy):
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self._view.addAction(action)

    def _refresh(self) -> None:
        current = self._view.currentIndex()
        name = self._model.entry(current).name if current.isValid() else ""
        chosen = set(self._chosen())
        self._fill_filter()
        if self._model.refresh():
            self._restore(name, chosen)
        self._pages.setCurrentIndex(0 if self._model.rowCount() else 1)
        self._empty.setText(
            "No photo matches the search."
            if self.listing.entries
            else "The photos will be listed here."
        )
        has_any = bool(self.listing.entries)
        for widget in (self.search_field, self.filter_box, self.sort_box):
            widget.setEnabled(has_any)
        self._sum_up()

    def _restore(self, name: str, chosen: set[str]) -> None:
        selection = self._view.selectionModel()
        index = self._model.index_of(name)
        if index.isValid():
            self._set_current(index)
            self._view.scrollTo(index)
        for other in chosen - {name}:
            selection.select(self._model.index_of(other), QItemSelectionModel.SelectionFlag.Select)

    def _set_current(self, index: QModelIndex) -> None:
        self._quiet = True
        try:
            self._view.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
        finally:
            self._quiet = False

    def _fill_filter(self) -> None:
        filters = self.listing.filters()
        keys = [choice.key for choice in filters]
        if self.listing.filter not in keys:
            self.listing.filter = keys[0]
        self.filter_box.clear()
        for choice in filters:
            self.filter_box.addItem(f"{choice.label} ({choice.count:,})", choice.key)
        self.filter_box.setCurrentIndex(keys.index(self.listing.filter))

    def _sum_up(self) -> None:
        entries = self.listing.entries
        used = self.listing.used_photos
        if self.listing.photos is None:
            count = sum(entry.used for entry in entries)
            self._facts = [summary.count_line(len(entries), count)] if entries else []
            self._geometry.forget()
        else:
            self._facts = [summary.count_line(len(entries), len(used)), *summary.facts(used)]
            origin = self.listing.photos.origin
            self._geometry.ask(lambda: summary.geometry(used, origin))
        self._show_geometry([])

    def _show_geometry(self, parts: list[str]) -> None:
        self._summary.setText(" · ".join([*self._facts, *parts]))
        self._summary.setVisible(bool(self._facts))

    def _filter_chosen(self) -> None:
        self.listing.filter = self.filter_box.currentData()
        self._refresh()

    def _sort_chosen(self) -> None:
        self.listing.sort = self.sort_box.currentData()
        self._refresh()

    def _search_changed(self) -> None:
        self.listing.text = self.search_field.text()
        self._refresh()

    def _current_changed(self, current: QModelIndex) -> None:
        if current.isValid() and not self._quiet:
            self.selected.emit(self._model.entry(current).name)

    def _index_activated(self, index: QModelIndex) -> None:
        self.activated.emit(self._model.entry(index).name)

    def _chosen(self) -> list[str]:
        rows = self._view.selectionModel().selectedIndexes()
        return [self._model.entry(index).name for index in rows]

    def _copy_paths(self) -> None:
        chosen = set(self._chosen())
        paths = [str(entry.path) for entry in self.listing.entries if entry.name in chosen]
        QGuiApplication.clipboard().setText("\n".join(paths))

    def _toggle_chosen(self) -> None:
        chosen = set(self._chosen())
        used = any(entry.used for entry in self.listing.entries if entry.name in chosen)
        self.exclude(list(chosen), used)

    def exclude(self, names: Sequence[str], out: bool) -> None:
        """Take photos out by hand or in again, and tell so by `excluded_changed`."""
        if self.listing.exclude(names, out):
            self._refresh()
            self.excluded_changed.emit(self.listing.excluded)

    def _open_menu(self, where: QPoint) -> None:
        if not self._view.indexAt(where).isValid():
            return
        chosen = set(self._chosen())
        entries = [entry for entry in self.listing.entries if entry.name in chosen]
        self._take_out.setEnabled(any(entry.changeable and entry.used for entry in entries))
        self._take_in.setEnabled(any(entry.changeable and entry.by_hand for entry in entries))
        menu = QMenu(self)
        self._take_out.setShortcutVisibleInContextMenu(True)
        self._take_in.setShortcutVisibleInContextMenu(True)
        menu.addAction(self._go)
        menu.addSeparator()
        menu.addActions([self._take_out, self._take_in])
        menu.addSeparator()
        menu.addAction(self._copy)
        menu.exec(self._view.viewport().mapToGlobal(where))
        self._take_out.setEnabled(True)
        self._take_in.setEnabled(True)


class _ListView(QListView):
    """A grid whose cells fill the width."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("photos")
        self._typed = ""
        self._typed_at: float | None = None
        self.setAccessibleName("Photo list")
        self._delegate = PhotoDelegate(self)
        self.setItemDelegate(self._delegate)
        # Wrapped lines rather than icon mode, which keeps a tree of all item rectangles.
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)

    def keyboardSearch(self, search: str) -> None:
        """Go to the next photo with what was typed anywhere in its name.

        Names of one flight begin alike: what tells them apart is the number at their end.
        """
        model, count = self.model(), self.model().rowCount()
        again = self._typed_at is not None and time.monotonic() - self._typed_at < _TYPING_SECONDS
        self._typed = self._typed + search if again else search
        self._typed_at = time.monotonic()
        text = self._typed.casefold().strip()
        current = self.currentIndex()
        # A longer text may still mean the photo that a shorter one found.
        first = (current.row() if current.isValid() else -1) + (0 if again else 1)
        for step in range(count if text else 0):
            index = model.index((first + step) % count, 0)
            if text in str(index.data()).casefold():
                self.setCurrentIndex(index)
                return

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width among as many cells as fit."""
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Fit the cells to another font."""
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        super().changeEvent(event)

    def _fit(self) -> None:
        # One pixel is kept back: the layout wraps when the cells fill the width exactly.
        width = self.viewport().width() - 1
        cell = width // max(1, width // _CELL)
        size = QSize(cell, self._delegate.height_for(cell, self.font()))
        if size != self._delegate.cell:
            self._delegate.cell = size
            self.setGridSize(size)
            self.verticalScrollBar().setSingleStep(size.height() // 4)
