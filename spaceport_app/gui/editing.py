"""Edits of the open project: read when it is opened, saved when they change, and their menu."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence, QUndoGroup
from PySide6.QtWidgets import QMenu, QWidget

from spaceport_app.gui.background import Background
from spaceport_app.gui.dialogs import tell
from spaceport_app.gui.session import Change, Session
from spaceport_app.pipeline import editing as store
from spaceport_app.project.project import Project

if TYPE_CHECKING:
    from spaceport_app.gui.splat.view import SplatView
    from spaceport_app.splats.edits.history import History

_log = logging.getLogger(__name__)

_SAVE_MS = 300
_READ, _SAVE = "read edits", "save edits"


class ProjectEditing(QObject):
    """Carries edits between the project on disk and the splat view.

    Parameters
    ----------
    session : Session
    owner : QWidget
        The parent of messages.
    """

    saved = Signal()
    """The edits on disk are others now: bundle and files are outdated, or no more."""
    changed = Signal()
    """What can be edited has changed."""

    def __init__(self, session: Session, owner: QWidget) -> None:
        super().__init__(owner)
        self.group = QUndoGroup(self)
        self._session = session
        self._owner = owner
        self._background = Background(self, 1)
        self._view: SplatView | None = None
        self._project: Project | None = None
        self._unsaved = False
        self._due = QTimer(self, interval=_SAVE_MS, singleShot=True)
        self._due.timeout.connect(self._save)
        session.listen(self._heard)

    @property
    def view(self) -> SplatView | None:
        """The splat view, once there is one."""
        return self._view

    def take_view(self, view: SplatView) -> None:
        """Edit in this view from now on."""
        self._view = view
        self.group.addStack(view.undo_stack)
        view.editing.changed.connect(self._changed)
        view.editing.opened.connect(self.changed)
        view.shown.connect(self.changed)
        self._heard("project")

    def come_to_front(self, there: bool) -> None:
        """Have Undo mean the splat's edits while they can be seen."""
        if self._view is not None:
            self._view.undo_stack.setActive(there)
        self.changed.emit()

    def finish(self) -> None:
        """Save what is not saved yet, now: the window closes."""
        unsaved = self._unsaved
        self._due.stop()
        # Ends what is being saved, and drops what only waits to be.
        self._background.wait()
        if unsaved and self._project is not None and self._view is not None:
            try:
                store.save(self._project, self._view.editing.history)
            except OSError:
                _log.exception("the last edits were not saved")

    def _heard(self, change: Change) -> None:
        if change not in ("project", "reconstruction"):
            return
        if self._due.isActive():
            self._due.stop()
            self._save()
        project = self._session.project
        if change == "project":
            self._project = project
            if self._view is not None:
                self._forget()
        if self._view is None or project is None:
            return
        # After what is still being saved: both go over the same one thread.
        self._background.start(_READ, lambda: store.read(project), self._take, self._cannot_read)

    def _forget(self) -> None:
        from spaceport_app.splats.edits.history import History

        assert self._view is not None
        self._view.editing.set_history(History())

    def _take(self, standing: store.Standing) -> None:
        if self._view is None:
            return
        georeference = self._session.reconstruction and self._session.reconstruction.georeference
        self._view.editing.name_axes(
            in_metres=bool(georeference and georeference.origin is not None)
        )
        self._view.editing.set_history(standing.history, standing.set_aside)
        self.changed.emit()

    def _cannot_read(self, sentence: str) -> None:
        self._forget()
        tell(self._owner, "The edits of this project are not applied.", sentence)

    def _changed(self) -> None:
        self._unsaved = True
        self._due.start()

    def _save(self) -> None:
        project = self._project
        if project is None or self._view is None:
            return
        history: History = self._view.editing.history
        self._background.start(
            _SAVE, lambda: store.save(project, history), self._take_saved, self._cannot_save
        )

    def _take_saved(self, kept: object) -> None:
        self._unsaved = self._due.isActive()
        if isinstance(kept, Path) and self._view is not None:
            self._view.editing.panel.say(f"The file of edits before is kept as {kept.name}.")
        self.saved.emit()

    def _cannot_save(self, sentence: str) -> None:
        tell(self._owner, "The edits cannot be saved.", sentence)


def fill_menu(menu: QMenu, window: QWidget, editing: ProjectEditing) -> None:
    """Put undo, redo and the splat's editing into the Edit menu."""
    undo = editing.group.createUndoAction(window, "&Undo")
    undo.setShortcuts(QKeySequence.StandardKey.Undo)
    redo = editing.group.createRedoAction(window, "&Redo")
    redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
    edit = QAction("&Edit splat", window)
    edit.setCheckable(True)
    edit.setShortcut("Ctrl+Shift+E")
    clear = QAction("&Take back all edits", window)

    def enable() -> None:
        view = editing.view
        front = editing.group.activeStack() is not None
        can = view is not None and view.editing.available and front
        edit.setEnabled(can)
        edit.setChecked(view is not None and view.editing.is_open)
        clear.setEnabled(view is not None and can and bool(view.editing.edits))

    def open_panel(on: bool) -> None:
        if editing.view is not None:
            editing.view.editing.open(on)
        enable()

    def clear_all() -> None:
        if editing.view is not None:
            editing.view.editing.clear_all()

    edit.triggered.connect(open_panel)
    clear.triggered.connect(clear_all)
    editing.changed.connect(enable)
    editing.group.indexChanged.connect(lambda _: enable())
    menu.aboutToShow.connect(enable)
    menu.addAction(undo)
    menu.addAction(redo)
    menu.addSeparator()
    menu.addAction(edit)
    menu.addAction(clear)
    enable()
