"""The 3D part of the flight view: pictures of a scene that mouse and keys move as poses say."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from spaceport_app.gui import theme
from spaceport_app.gui.flight import moving, picking, poses
from spaceport_app.gui.flight.drawing import Change, Drawing, Drawn, Wish
from spaceport_app.gui.flight.layers import MOVING_POINTS
from spaceport_app.gui.flight.poses import Pose
from spaceport_app.gui.flight.scene import Scene
from spaceport_app.gui.frame_pace import FramePace

_FLIGHT_S = 0.45
_REST_MS = 180
_RADIANS_A_PIXEL = 0.008
_STEP = 24.0
"""Pixels of drag that one press of an arrow key stands for."""

_FRAME_SECONDS = 0.04
"""What a frame may take while the view moves."""
_LEVEL, _LEVEL_SOFTWARE = 0, 4
"""How much is left out of the first frames, by a graphics card and by the processor."""
_ARROWS = {
    Qt.Key.Key_Left: (-_STEP, 0.0),
    Qt.Key.Key_Right: (_STEP, 0.0),
    Qt.Key.Key_Up: (0.0, -_STEP),
    Qt.Key.Key_Down: (0.0, _STEP),
}


class FlightCanvas(QWidget):
    """Shows a scene, which VTK draws on a thread of its own.

    Signals: `opened` when it can be drawn, or `failed` with a sentence; `clicked` and
    `double_clicked` with the row of a camera, `hovered` with one or -1, `moved` when the person
    left the pose of a preset, `shown` with every picture.
    """

    opened = Signal()
    failed = Signal(str)
    clicked = Signal(int)
    double_clicked = Signal(int)
    hovered = Signal(int)
    moved = Signal()
    shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mode = "oblique"
        self._scene: Scene | None = None
        self._pose = Pose(np.array([0.0, -1.0, 1.0]), np.zeros(3), np.array([0.0, 0.0, 1.0]))
        self._fits = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Flight in three dimensions")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.pace = FramePace(len(MOVING_POINTS), _FRAME_SECONDS, _LEVEL)
        self._moving = False
        self._picture: QImage | None = None
        self._wish: Wish | None = None
        """The last picture that was asked for, until it is there."""
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._dragging = False
        self._render_soon = self._timer(0, self._render)
        self._rest = self._timer(_REST_MS, self._come_to_rest)
        self._flight = QTimer(self)
        self._flight.setInterval(16)
        self._flight.timeout.connect(self._fly_on)
        self._way: tuple[Pose, Pose, float] | None = None
        self._drawing = Drawing(theme.current(), self.devicePixelRatioF(), self)
        queued = Qt.ConnectionType.QueuedConnection
        self._drawing.opened.connect(self._open, queued)
        self._drawing.drawn.connect(self._take_picture, queued)
        self._drawing.failed.connect(self.failed, queued)
        self._drawing.start()

    @property
    def fits(self) -> bool:
        """Whether it shows a preset, which nobody has left since."""
        return self._fits

    @property
    def pose(self) -> Pose:
        """Where the eye stands."""
        return self._pose

    @property
    def resting(self) -> bool:
        """Whether the whole picture is there."""
        return not (self._moving or self._render_soon.isActive()) and self._wish is None

    def change(self, change: Change) -> None:
        """Have the layers changed by the thread that draws them, and drawn again."""
        self._drawing.change(change)
        self.refresh()

    def show_scene(self, scene: Scene | None, fit: bool) -> None:
        """Take a scene for picking and presets; `fit` brings all of it into sight."""
        self._scene = scene
        if scene is not None and fit:
            self._fits = True
            self.take_pose(self._preset())
        self.refresh()

    def refresh(self) -> None:
        """Draw again soon, once for many calls."""
        self._render_soon.start()

    def fit(self, mode: str | None = None) -> None:
        """Go to a preset, ``"top"``, ``"oblique"`` or ``"free"``; by default the present one."""
        self.mode = mode or self.mode
        if self._scene is not None:
            self._fits = True
            self.fly_to(self._preset())

    def fly_to(self, pose: Pose) -> None:
        """Move there in half a second."""
        if not self.isVisible():
            self.take_pose(pose)
            return
        self._way = (self._pose, pose, time.monotonic())
        self._moving = True
        self._flight.start()

    def fly_to_camera(self, row: int) -> None:
        """Move to where one sees what a camera saw."""
        if self._scene is None:
            return
        self._leave_preset()
        self.fly_to(poses.behind(self._scene, row, self._scene.frustum_length))

    def take_pose(self, pose: Pose) -> None:
        """Move there at once."""
        self._pose = pose
        self.refresh()

    def camera_at(self, where: QPointF) -> int | None:
        """Return the row of the camera under a point, or None."""
        scene = self._scene
        if scene is None:
            return None
        width, height = self.width(), self.height()
        matrix = poses.clip_matrix(self._pose, width / max(height, 1))
        centres = picking.project(scene.centres, matrix, width, height)
        corners = picking.project(scene.corners(scene.frustum_length), matrix, width, height)
        return picking.camera_at(where.x(), where.y(), centres, corners)

    def screenshot(self, path: Path) -> None:
        """Write what is seen as a picture file, PNG or what its name ends in.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        if self._picture is None or not self._picture.save(str(path)):
            raise OSError(f"{path.name} cannot be written there")

    def stop(self) -> None:
        """Give the graphics memory back; the canvas is of no use afterwards."""
        for timer in (self._flight, self._render_soon, self._rest):
            timer.stop()
        self._scene = None
        self._drawing.stop()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what changed while hidden."""
        super().showEvent(event)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw as many pixels as there are now."""
        super().resizeEvent(event)
        if self._fits and self._scene is not None:
            self._pose = self._preset()
        self.refresh()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show the latest picture, stretched where the next one is not there yet."""
        painter = QPainter(self)
        if self._picture is None:
            painter.fillRect(self.rect(), QColor(theme.current().background))
        else:
            painter.drawImage(self.rect(), self._picture)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        self._pressed, self._last, self._dragging = event.position(), event.position(), False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Tell of the camera there."""
        self.mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            row = self.camera_at(event.position())
            self._pressed = None
            if row is not None:
                self.double_clicked.emit(row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn or shift the view, or tell which camera is under the mouse."""
        if self._pressed is None or event.buttons() == Qt.MouseButton.NoButton:
            row = self.camera_at(event.position())
            shape = Qt.CursorShape.ArrowCursor if row is None else Qt.CursorShape.PointingHandCursor
            self.setCursor(shape)
            self.hovered.emit(-1 if row is None else row)
            return
        way = event.position() - self._pressed
        if not self._dragging and way.manhattanLength() < QApplication.startDragDistance() / 2:
            return
        self._dragging = True
        step = event.position() - self._last
        self._last = event.position()
        sideways = (
            event.buttons() != Qt.MouseButton.LeftButton
            or self.mode == "top"
            or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        )
        self._move(self._dragged(step.x(), step.y(), sideways))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell of the camera that was clicked."""
        left = event.button() == Qt.MouseButton.LeftButton
        if left and self._pressed is not None and not self._dragging:
            row = self.camera_at(event.position())
            if row is not None:
                self.clicked.emit(row)
        self._pressed, self._dragging = None, False

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that no camera is under the mouse."""
        super().leaveEvent(event)
        self.hovered.emit(-1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Come nearer to what is under the mouse, or go away from it."""
        factor = 1.0015 ** event.angleDelta().y()
        width, height = max(self.width(), 1), max(self.height(), 1)
        x = 2 * event.position().x() / width - 1
        y = 1 - 2 * event.position().y() / height
        self._move(moving.zoom(self._pose, factor, x, y, width / height))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn, shift or zoom; the window may have a shortcut for any other key."""
        key = Qt.Key(event.key())
        if key in _ARROWS:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._move(self._dragged(*_ARROWS[key], shift or self.mode == "top"))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._move(moving.zoom(self._pose, 1.2, 0.0, 0.0, 1.0))
        elif key == Qt.Key.Key_Minus:
            self._move(moving.zoom(self._pose, 1 / 1.2, 0.0, 0.0, 1.0))
        elif key == Qt.Key.Key_Home:
            self.fit()
        else:
            super().keyPressEvent(event)

    def _timer(self, milliseconds: int, action: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(action)
        return timer

    def _preset(self) -> Pose:
        scene = cast(Scene, self._scene)
        aspect = self.width() / max(self.height(), 1)
        preset = {"top": poses.top, "oblique": poses.oblique, "free": poses.corner}[self.mode]
        return preset(scene, aspect)

    def _leave_preset(self) -> None:
        self._fits = False
        self._flight.stop()
        self._way = None
        self.moved.emit()

    def _move(self, pose: Pose) -> None:
        """Move as the person wants, with a part of the cloud until the view rests."""
        self._leave_preset()
        self._moving = True
        self._rest.start()
        self.take_pose(pose)

    def _come_to_rest(self) -> None:
        self._moving = False
        self.refresh()

    def _fly_on(self) -> None:
        if self._way is None:
            self._flight.stop()
            return
        start, end, began = self._way
        share = min((time.monotonic() - began) / _FLIGHT_S, 1.0)
        self.take_pose(poses.between(start, end, share))
        if share >= 1.0:
            self._way = None
            self._flight.stop()
            self._rest.start()

    def _render(self) -> None:
        if not self.isVisible():
            return
        ratio = self.devicePixelRatioF()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        level = self.pace.level if self._moving else 0
        self._wish = Wish(self._pose, max(width, 1), max(height, 1), level, not self._moving)
        self._drawing.ask(self._wish)

    def _open(self, software: bool) -> None:
        if software:
            self.pace.level = _LEVEL_SOFTWARE
        self.opened.emit()

    def _take_picture(self, drawn: Drawn) -> None:
        self._picture = drawn.image
        self.update()
        if drawn.wish is self._wish:
            self._wish = None
        if self._moving:
            self.pace.took(drawn.seconds)
        self.shown.emit()

    def _dragged(self, right: float, down: float, sideways: bool) -> Pose:
        if sideways:
            height = max(self.height(), 1)
            return moving.pan(self._pose, right / height, down / height)
        turn = moving.tumble if self.mode == "free" else moving.orbit
        return turn(self._pose, _RADIANS_A_PIXEL * right, _RADIANS_A_PIXEL * down)
