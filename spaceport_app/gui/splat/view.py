"""The splat tab: the scene, the photos' cameras, and the comparison of both."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QColor, QResizeEvent, QShowEvent, QUndoStack
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.gui import theme
from spaceport_app.gui.background import Background
from spaceport_app.gui.splat import loading, trained
from spaceport_app.gui.splat.comparison import Comparison
from spaceport_app.gui.splat.comparison import load as load_comparison
from spaceport_app.gui.splat.controls import SplatControls
from spaceport_app.gui.splat.editing.editing import SplatEditing
from spaceport_app.gui.splat.navigation import UP_AXES
from spaceport_app.gui.splat.packing import PackedScene
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Image
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
_SCENE, _PHOTO, _QUALITY = "scene", "photo", "quality"


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Snapshot:
    path: Path
    result: Path
    state: str
    step: str

    @property
    def words(self) -> str:
        return f"{self.state}, {self.step}" if self.step else self.state


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
        self._newest: _Snapshot | None = None
        self._reading_snapshot = False
        self._seen = True
        self._told: _Snapshot | None = None
        self._placed = False
        self._wanted = ""
        self._comparison: Comparison | None = None
        self._measuring: Camera | None = None
        self._pictured = False
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
        self._newest = _Snapshot(path, result, state, step)
        self._read_snapshot()

    def describe_snapshot(self, state: str) -> None:
        """Say another state of the training whose snapshot is shown, or waits to be."""
        if self._newest is not None:
            self._newest = replace(self._newest, state=state)
        if self._told is not None:
            self._told = replace(self._told, state=state)
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
            self._load_photo(view)
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
        if self._newest is None or self._reading_snapshot or not self.isVisible():
            return
        if self._told is not None and not self._seen:
            # On a busy computer nothing would ever be drawn to its end.
            return
        found, self._newest = self._newest, None
        self._reading_snapshot = True
        work = partial(loading.packed, partial(loading.read, found.path), found.path.name)
        done = partial(self._take_snapshot, found)
        self._background.start(_SCENE, work, done, self._snapshot_gone)
        if self._scene is None:
            self._say("Opening the splat")

    def _take_snapshot(self, found: _Snapshot, scene: PackedScene) -> None:
        self._reading_snapshot = False
        # The camera stays: in what was shown of this training, and in its result afterwards.
        self._placed = self._placed and found.result == self._path
        self._path = found.result
        self._trained = trained.read(found.path)
        # The file is that of the newest by now, or all but.
        self._told = found if self._newest is None else self._newest
        self._set_up("Z up")
        self._take_scene(None, scene)
        self._read_snapshot()

    def _snapshot_gone(self, words: str) -> None:
        _log.debug("no snapshot: %s", words)
        self._reading_snapshot = False
        if self._scene is None:
            self._say(_EMPTY)
        self._read_snapshot()

    def _forget_snapshots(self) -> None:
        self._newest, self._reading_snapshot = None, False
        self._seen, self._told = True, None

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
        self._seen = False
        canvas.set_scene(scene, look_at_it=not self._placed)
        self._placed = True
        self._measuring = None
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
            canvas.picture_taken.connect(self._measure)
            canvas.wiped.connect(self.controls.split_at)
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
        if not self._pictured:
            # What moved the camera, a resize say, also ended the drawing to measure by.
            self._measuring = None
        self._place_wipe()

    def _leave_photo(self) -> None:
        self.controls.show_photo("")
        self._forget_comparison()

    # Comparing

    def _toggle_comparison(self, on: bool) -> None:
        if not on or self._canvas is None:
            self._forget_comparison()
        elif self._canvas.navigator.view is not None:
            self._load_photo(self._canvas.navigator.view)
        else:
            self._step(1)
        self._show_controls()

    def _load_photo(self, view: View) -> None:
        work = partial(load_comparison, view, self._trained)
        self._background.start(_PHOTO, work, self._take_photo, self.failed.emit)

    def _take_photo(self, comparison: Comparison) -> None:
        canvas = self._canvas
        if canvas is None or canvas.navigator.view is not comparison.view:
            return
        if not self.controls.compare.isChecked():
            return
        self._comparison = comparison
        canvas.set_photo(comparison.shown)
        self._place_wipe()
        self.controls.result.setText("Measuring")
        if canvas.at_rest():
            self._take_picture()

    def _place_wipe(self) -> None:
        canvas = self._canvas
        if canvas is None:
            return
        frame = canvas.frame()
        if self._comparison is None or frame is None:
            canvas.set_wipe(None)
            return
        from spaceport_app.gui.splat.item import Wipe

        colour = QColor(theme.current().accent)
        line = colour.redF(), colour.greenF(), colour.blueF()
        width = 2.0 * canvas.devicePixelRatioF()
        canvas.set_wipe(Wipe(frame, self.controls.split_part(), line, width))

    def _forget_comparison(self) -> None:
        self._comparison = self._measuring = None
        self.controls.result.clear()
        if self._canvas is not None:
            self._canvas.set_wipe(None)

    def _refined(self, part: float) -> None:
        self._status.setText(self._words(part))
        if part < 1.0:
            return
        if self._comparison is not None and self._measuring is None:
            self._take_picture()
        else:
            self._was_seen()

    def _was_seen(self) -> None:
        self._seen = True
        self._read_snapshot()

    def _take_picture(self) -> None:
        if self._canvas is not None and self._comparison is not None:
            self._measuring = self._comparison.camera
            self._pictured = False
            self._canvas.take_picture(self._comparison.camera)

    def _measure(self, camera: Camera, picture: Image) -> None:
        comparison = self._comparison
        if comparison is None or camera is not comparison.camera:
            return
        self._pictured = True
        self._was_seen()
        work = partial(comparison.psnr_db, picture)
        done = partial(self._take_psnr, comparison)
        self._background.start(_QUALITY, work, done, self.failed.emit)

    def _take_psnr(self, comparison: Comparison, psnr_db: float) -> None:
        if comparison is self._comparison:
            height, width = comparison.photo.shape[:2]
            now = " now" if self._told is not None else ""
            cropped = self.editing.available and self.editing.edits.crop is not None
            part = ", cropped" if cropped else ""
            self.controls.result.setText(f"PSNR {psnr_db:.1f} dB{now}{part}")
            more = " The photo also shows what the crop box takes away." if cropped else ""
            self.controls.result.setToolTip(
                f"Splat against photo at {width} × {height} pixels; the higher, the more "
                f"alike.{more}"
            )
            self.compared.emit(comparison.view.name, psnr_db)

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
        self.controls.split_changed.connect(self._place_wipe)
        self.controls.up_chosen.connect(self._turn_up)
        self.controls.all_wanted.connect(self._show_all)
        self._message = QLabel(_EMPTY, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._message.setObjectName("emptyState")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._message)
        self._pages.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._status = QLabel()
        self._status.setObjectName("splatStatus")
        self._help = QLabel(_HELP)
        self._help.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._help.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._help.setEnabled(False)
        self._help.setToolTip(_MORE_HELP)
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
        if self._told is not None:
            words = f"{self._told.words} · {words}"
        return words if part >= 1.0 else f"{words}, drawing {part:.0%}"

    def _say(self, words: str) -> None:
        self._message.setText(words)
        self._pages.setCurrentWidget(self._message)

    def _show_all(self) -> None:
        if self._canvas is not None:
            self._canvas.show_all()
