"""The splat tab: the scene, the photos' cameras, and the comparison of both."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent, QShowEvent, QUndoStack
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.gui import theme
from spaceport_app.gui.background import Background
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.splat import loading, trained
from spaceport_app.gui.splat.comparing import Comparing
from spaceport_app.gui.splat.controls import SplatControls
from spaceport_app.gui.splat.editing.editing import SplatEditing
from spaceport_app.gui.splat.navigation import UP_AXES
from spaceport_app.gui.splat.packing import PackedScene
from spaceport_app.gui.splat.snapshots import Snapshot, Snapshots
from spaceport_app.sfm.model import View
from spaceport_app.splats.model import Splats

if TYPE_CHECKING:
    from spaceport_app.gui.splat.canvas import SplatCanvas

_EMPTY = "No splat yet. It appears here after training; or drop a .ply or .sog file."
_HELP = "Drag to turn, wheel to zoom, W A S D to fly"
_MORE_HELP = (
    "Drag: turn. Shift and drag, or right button: shift. Wheel: zoom to the pointer.\n"
    "W A S D: fly, E and Q: up and down, faster with Shift. Arrow keys: look around.\n"
    "Double-click: turn about that point. Home: show all."
)
_ROOM_FOR_HELP = 560
_SCENE = "scene"


_log = logging.getLogger(__name__)


class SplatView(QWidget):
    """Shows one scene of Gaussians; fly through it or stand where the photos were taken."""

    view_changed = Signal(str)
    """Name of the photo whose camera the view went to."""
    failed = Signal(str)
    """Something could not be opened or shown: one sentence, and what to do."""
    shown = Signal(int)
    """A scene of so many Gaussians is there."""
    compared = Signal(str, float)
    """Name of a photo and the PSNR in dB of the splat there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("splatView")
        self._canvas: SplatCanvas | None = None
        self._scene: PackedScene | None = None
        self._waiting: PackedScene | None = None
        self._views: dict[str, View] = {}
        self._background = Background(self)
        self._kept: int | None = None
        self._result: Path | None = None
        self._path: Path | None = None
        self._trained = trained.Trained()
        self._snapshots = Snapshots()
        self._placed = False
        self._wanted = ""
        self._build()
        self._show_controls()

    # What to show

    def set_splats(self, splats: Splats, antialiased: bool = False) -> None:
        """Show a project's Gaussians, whose frame is east, north, up.

        The camera stays where it is if a scene is there already, so that a newer result of the
        same training replaces an older one before one's eyes.
        """
        self._forget_snapshots()
        self._set_up("Z up")
        self._trained = trained.Trained(antialiased=antialiased)
        self._load(lambda: (splats, antialiased), "The splat", None)

    def open(self, path: Path) -> None:
        """Show the Gaussians in a .ply, .sog or bundle of any program, read in the background.

        The camera stays if it is the result of the same training once more.
        """
        self._forget_snapshots()
        own = trained.is_result(path)
        self._placed = self._placed and own and path == self._path
        self._path = path
        self._trained = trained.read(path) if own else trained.Trained()
        self._set_up("Z up" if own else "Y down")
        self._load(partial(loading.read, path), path.name, path if own else None)

    def show_snapshot(self, path: Path, result: Path, state: str, step: str = "") -> None:
        """Show the Gaussians of a training under way, from the view that a person has.

        A snapshot is read while the tab is in front, and once all of the one before was drawn
        and compared; of those that come meanwhile only the newest counts. One that is gone by
        then is passed over.

        Parameters
        ----------
        result : Path
            What `open` will be given when this training has ended.
        state, step : str
            What it is a snapshot of: ``"Training"`` and ``"step 900 of 1,800"``.
        """
        self._snapshots.newest = Snapshot(path, result, state, step)
        self._read_snapshot()

    def describe_snapshot(self, state: str) -> None:
        """Say another state of the training whose snapshot is shown, or waits to be."""
        if self._snapshots.describe(state):
            self._show_controls()

    def set_views(self, views: Sequence[View]) -> None:
        """Offer the cameras of these photos, in this order."""
        self._views = {view.name: view for view in views}
        self.controls.set_photos(list(self._views))
        present = None if self._canvas is None else self._canvas.navigator.view
        if present is None or present.name not in self._views:
            self._leave_photo()
        else:
            self.controls.show_photo(present.name)
        self._show_controls()

    def jump_to(self, name: str) -> None:
        """Look through the camera of a photo, as soon as there is something to see.

        A name without a camera is ignored.
        """
        view = self._views.get(name)
        if view is None:
            return
        if self._canvas is None or self._waiting is not None:
            self._wanted = name
            return
        self._placed = True
        self._forget_comparison()
        self._canvas.stand_at(view)
        self.controls.show_photo(name)
        if self.controls.compare.isChecked():
            self._comparing.load(view, self._trained)
        self.view_changed.emit(name)

    def clear(self) -> None:
        """Show nothing and forget all photos."""
        self._background.forget(_SCENE)
        self._forget_snapshots()
        self._scene = self._waiting = None
        self._placed = False
        self.set_views(())
        self.editing.leave_scene()
        self.controls.edit.hide()
        if self._canvas is not None:
            self._canvas.clear_scene()
        self._say(_EMPTY)
        self._show_controls()

    @property
    def undo_stack(self) -> QUndoStack:
        """The steps of editing what is shown."""
        return self.editing.stack

    @property
    def canvas(self) -> SplatCanvas | None:
        """The drawing surface, once there was something to draw."""
        return self._canvas

    # Loading

    def _load(
        self, source: Callable[[], tuple[Splats, bool]], subject: str, result: Path | None
    ) -> None:
        work = partial(loading.packed, source, subject)
        take = partial(self._take_scene, result)
        self._background.start(_SCENE, work, take, self._take_failure)
        if self._scene is None:
            self._say("Opening the splat")

    def _read_snapshot(self) -> None:
        found = self._snapshots.take() if self.isVisible() else None
        if found is None:
            return
        work = partial(loading.packed, partial(loading.read, found.path), found.path.name)
        done = partial(self._take_snapshot, found)
        self._background.start(_SCENE, work, done, self._snapshot_gone)
        if self._scene is None:
            self._say("Opening the splat")

    def _take_snapshot(self, found: Snapshot, scene: PackedScene) -> None:
        self._snapshots.was_read(found)
        # The camera stays: in what was shown of this training, and in its result afterwards.
        self._placed = self._placed and found.result == self._path
        self._path = found.result
        self._trained = trained.read(found.path)
        self._comparing.under_way = True
        self._set_up("Z up")
        self._take_scene(None, scene)
        self._read_snapshot()

    def _snapshot_gone(self, words: str) -> None:
        _log.debug("no snapshot: %s", words)
        self._snapshots.reading = False
        if self._scene is None:
            self._say(_EMPTY)
        self._read_snapshot()

    def _forget_snapshots(self) -> None:
        self._snapshots = Snapshots()
        self._comparing.under_way = False

    def _take_scene(self, result: Path | None, scene: PackedScene) -> None:
        self._scene, self._result, self._kept = scene, result, None
        if self.isVisible():
            self._present(scene)
        else:
            self._waiting = scene
        self._show_controls()
        self.shown.emit(len(scene))

    def _take_failure(self, words: str) -> None:
        if self._scene is None:
            self._say(words)
        self.failed.emit(words)

    def _present(self, scene: PackedScene) -> None:
        self._waiting = None
        canvas = self._made_canvas()
        canvas.item.background = self._trained.background
        self._pages.setCurrentWidget(canvas)
        self._snapshots.seen = False
        canvas.set_scene(scene, look_at_it=not self._placed)
        self._placed = True
        self._comparing.draw_again()
        self.editing.take_scene(canvas, scene, self._result)
        self.controls.edit.setVisible(self.editing.available)
        wanted, self._wanted = self._wanted, ""
        self.jump_to(wanted)

    def _made_canvas(self) -> SplatCanvas:
        if self._canvas is None:
            # OpenGL and pyqtgraph are only imported once there is something to draw.
            from spaceport_app.gui.splat.canvas import SplatCanvas

            canvas = SplatCanvas(self._pages)
            canvas.setBackgroundColor((0, 0, 0))
            canvas.navigator.turn_up(UP_AXES[self.controls.up.currentText()])
            canvas.moved.connect(self._camera_moved)
            canvas.refined.connect(self._refined)
            self._comparing.take_canvas(canvas)
            canvas.failed.connect(self._cannot_draw)
            self._pages.addWidget(canvas)
            self._canvas = canvas
        return self._canvas

    def _cannot_draw(self, words: str) -> None:
        self._say(words)
        self.failed.emit(words)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what came while the tab was hidden."""
        super().showEvent(event)
        if self._waiting is not None:
            self._present(self._waiting)
        self._read_snapshot()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the help out where there is no room for it."""
        super().resizeEvent(event)
        self._help.setVisible(self._scene is not None and self.width() >= _ROOM_FOR_HELP)

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the drawing's thread."""
        self.editing.stop()
        if self._canvas is not None:
            self._canvas.stop()
        super().closeEvent(event)

    # Photos

    def _step(self, by: int) -> None:
        names = list(self._views)
        if names:
            present = names.index(name) if (name := self.controls.photo_name()) else None
            if present is None:
                present = -1 if by > 0 else 0
            self.jump_to(names[(present + by) % len(names)])

    def _editing_opened(self, on: bool) -> None:
        self.controls.edit.setChecked(on)
        if on:
            # What is faint or highlighted is no picture to measure.
            self.controls.compare.setChecked(False)
        self.controls.compare.setEnabled(not on)

    def _show_kept(self, number: int) -> None:
        self._kept = number
        self._status.setText(self._words(1.0))

    def _free(self) -> None:
        if self._canvas is not None:
            self._canvas.navigator.view = None
            self._canvas.changed()

    def _camera_moved(self) -> None:
        if self._canvas is not None and self._canvas.navigator.view is None:
            self._leave_photo()
        self._comparing.camera_moved()

    def _leave_photo(self) -> None:
        self.controls.show_photo("")
        self._forget_comparison()

    # Comparing

    def _toggle_comparison(self, on: bool) -> None:
        if not on or self._canvas is None:
            self._forget_comparison()
        elif self._canvas.navigator.view is not None:
            self._comparing.load(self._canvas.navigator.view, self._trained)
        else:
            self._step(1)
        self._show_controls()

    def _forget_comparison(self) -> None:
        self._comparing.forget()

    def _refined(self, part: float) -> None:
        self._status.setText(self._words(part))
        if part < 1.0:
            return
        if not self._comparing.take_turn():
            self._was_seen()

    def _was_seen(self) -> None:
        self._snapshots.seen = True
        self._read_snapshot()

    # Up

    def _set_up(self, name: str) -> None:
        self.controls.up.setCurrentText(name)
        if self._canvas is not None:
            up = UP_AXES[name]
            if not np.array_equal(self._canvas.navigator.up, up):
                self._canvas.navigator.turn_up(up)

    def _turn_up(self, name: str) -> None:
        if self._canvas is not None:
            self._canvas.navigator.turn_up(UP_AXES[name])
            self._canvas.show_all()

    # Layout

    def _build(self) -> None:
        self.editing = SplatEditing(self)
        self.editing.failed.connect(self.failed)
        self.editing.opened.connect(self._editing_opened)
        self.editing.counted.connect(self._show_kept)
        self.controls = SplatControls(self)
        self.controls.edited.connect(self.editing.open)
        self.controls.photo_chosen.connect(self.jump_to)
        self.controls.freed.connect(self._free)
        self.controls.stepped.connect(self._step)
        self.controls.compared.connect(self._toggle_comparison)
        self._comparing = Comparing(self.controls, self.editing, self._background, self)
        self._comparing.failed.connect(self.failed)
        self._comparing.compared.connect(self.compared)
        self._comparing.seen.connect(self._was_seen)
        self.controls.up_chosen.connect(self._turn_up)
        self.controls.all_wanted.connect(self._show_all)
        self._message = Label(_EMPTY, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._message.setObjectName("emptyState")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._message)
        self._pages.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._status = Label()
        self._status.setObjectName("splatStatus")
        self._help = Label(_HELP)
        self._help.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._help.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._help.setEnabled(False)
        set_tip(self._help, _MORE_HELP)
        foot = QHBoxLayout()
        foot.addWidget(self._status)
        foot.addWidget(self._help, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(4 * [theme.spacing]))
        layout.setSpacing(theme.spacing)
        layout.addWidget(self.controls)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self._pages, 1)
        middle.addWidget(self.editing.panel)
        layout.addLayout(middle, 1)
        layout.addLayout(foot)

    def _show_controls(self) -> None:
        scene, views = self._scene is not None, bool(self._views)
        self.controls.offer(scene=scene, photos=views)
        self._help.setVisible(scene and self.width() >= _ROOM_FOR_HELP)
        self._status.setText(self._words(1.0))

    def _words(self, part: float) -> str:
        if self._scene is None:
            return ""
        words = f"{len(self._scene):,} Gaussians, SH degree {self._scene.degree}"
        if self._kept is not None and self._kept < len(self._scene):
            words = f"{self._kept:,} of {words}"
        if self._snapshots.shown is not None:
            words = f"{self._snapshots.shown.words} · {words}"
        return words if part >= 1.0 else f"{words}, drawing {part:.0%}"

    def _say(self, words: str) -> None:
        self._message.setText(words)
        self._pages.setCurrentWidget(self._message)

    def _show_all(self) -> None:
        if self._canvas is not None:
            self._canvas.show_all()
