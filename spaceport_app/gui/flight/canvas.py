"""The 3D part of the flight view: a plotter that the mouse and keys move as poses say."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from spaceport_app.gui import theme
from spaceport_app.gui.flight import moving, picking, poses
from spaceport_app.gui.flight.layers import MOVING_POINTS, Layers
from spaceport_app.gui.flight.poses import Pose
from spaceport_app.gui.flight.scene import Scene
from spaceport_app.gui.frame_pace import FramePace

_FLIGHT_S = 0.45
_REST_MS = 180
_RADIANS_A_PIXEL = 0.008
_STEP = 24.0
"""Pixels of drag that one press of an arrow key stands for."""

_FRAME_SECONDS = 0.05
"""What a frame may take while the view moves."""
_FEW_PARTS = 2
"""So many parts are drawn at once: there are few cameras, and no cloud or a small one."""
_LEVEL, _LEVEL_SOFTWARE = 0, 4
"""How much is left out of the first frames, by a graphics card and by the processor."""
_ARROWS = {
    Qt.Key.Key_Left: (-_STEP, 0.0),
    Qt.Key.Key_Right: (_STEP, 0.0),
    Qt.Key.Key_Up: (0.0, -_STEP),
    Qt.Key.Key_Down: (0.0, _STEP),
}


def load_libraries() -> None:
    """Import VTK and what stands on it; takes a second or two and needs no GUI thread."""
    import matplotlib.colors  # noqa: F401
    import numpy.random  # noqa: F401
    import pyvista  # noqa: F401
    import pyvistaqt  # noqa: F401

    # What these import only when a plotter is made.
    import vtkmodules.vtkInteractionWidgets
    import vtkmodules.vtkViewsContext2D  # noqa: F401


class FlightCanvas(QWidget):
    """Shows a scene; construct it after `load_libraries`.

    Parameters
    ----------
    software : bool
        Whether OpenGL is drawn by software, see `renderer.is_software`.
    parent : QWidget or None

    Signals: `clicked` and `double_clicked` with the row of a camera, `hovered` with one or -1,
    `moved` when the person left the pose of a preset.
    """

    clicked = Signal(int)
    double_clicked = Signal(int)
    hovered = Signal(int)
    moved = Signal()

    def __init__(self, software: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from pyvistaqt import QtInteractor

        self.mode = "oblique"
        self._scene: Scene | None = None
        self._pose = Pose(np.array([0.0, -1.0, 1.0]), np.zeros(3), np.array([0.0, 0.0, 1.0]))
        self._fits = False
        # Smoothed edges cost a software renderer more than all the rest of a frame.
        self.plotter: Any = QtInteractor(
            self, auto_update=False, multi_samples=0 if software else 4
        )
        # Drops belong to the window; VTK's keys would close or restyle the scene.
        self.plotter.setAcceptDrops(False)
        self.plotter.setMouseTracking(True)
        self.plotter.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plotter.setAccessibleName("Flight in three dimensions")
        self.plotter.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plotter)
        self.layers = Layers(
            self.plotter,
            theme.current(),
            self.devicePixelRatioF(),
        )
        self.pace = FramePace(
            len(MOVING_POINTS), _FRAME_SECONDS, _LEVEL_SOFTWARE if software else _LEVEL
        )
        self._moving = False
        self._parts: list[list[Any]] = []
        self._finishing = False
        self._began = 0.0
        self._in_parts = software
        # Sorting out which of the see-through things is nearer costs a software renderer 12 ms of
        # every frame, for letters and faint faces that look the same in any order.
        self.plotter.renderer.SetUseOIT(not software)
        self.plotter.renderer.AddObserver("StartEvent", self._frame_begins)
        self.plotter.frameSwapped.connect(self._frame_ends)
        self.plotter.camera.view_angle = poses.VIEW_ANGLE
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._dragging = False
        self._render_soon = self._timer(0, self._render)
        self._rest = self._timer(_REST_MS, self._come_to_rest)
        self._next_part = self._timer(0, self._draw_part)
        self._flight = QTimer(self)
        self._flight.setInterval(16)
        self._flight.timeout.connect(self._fly_on)
        self._way: tuple[Pose, Pose, float] | None = None

    @property
    def fits(self) -> bool:
        """Whether it shows a preset, which nobody has left since."""
        return self._fits

    @property
    def pose(self) -> Pose:
        """Where the eye stands."""
        return self._pose

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
        """Return the row of the camera under a point of the plotter, or None."""
        scene = self._scene
        if scene is None:
            return None
        self._apply_pose()
        width, height = self.plotter.width(), self.plotter.height()
        vtk_matrix = self.plotter.camera.GetCompositeProjectionTransformMatrix(
            width / max(height, 1), -1.0, 1.0
        )
        matrix = np.array([[vtk_matrix.GetElement(i, j) for j in range(4)] for i in range(4)])
        centres = picking.project(scene.centres, matrix, width, height)
        corners = picking.project(scene.corners(scene.frustum_length), matrix, width, height)
        return picking.camera_at(where.x(), where.y(), centres, corners)

    def screenshot(self, path: Path) -> None:
        """Write what is seen as a PNG file.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._apply_pose()
        self.layers.thin(0)
        self._end_parts()
        self.plotter.render()
        self.plotter.screenshot(str(path))

    def stop(self) -> None:
        """Give the graphics memory back; the canvas is of no use afterwards."""
        for timer in (self._flight, self._render_soon, self._rest, self._next_part):
            timer.stop()
        self._scene = None
        self.plotter.removeEventFilter(self)
        self.plotter.close()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what changed while hidden."""
        super().showEvent(event)
        self.refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take mouse and keys before VTK does."""
        if watched is not self.plotter:
            return False
        kind = event.type()
        if kind == QEvent.Type.Resize and self._fits and self._scene is not None:
            self.take_pose(self._preset())
        elif kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            return self._press(cast(QMouseEvent, event), kind == QEvent.Type.MouseButtonDblClick)
        elif kind == QEvent.Type.MouseMove:
            return self._drag(cast(QMouseEvent, event))
        elif kind == QEvent.Type.MouseButtonRelease:
            return self._release(cast(QMouseEvent, event))
        elif kind == QEvent.Type.Wheel:
            return self._turn_wheel(cast(QWheelEvent, event))
        elif kind == QEvent.Type.KeyPress:
            return self._press_key(cast(QKeyEvent, event))
        elif kind == QEvent.Type.Leave:
            self.hovered.emit(-1)
            return True
        return kind in (QEvent.Type.Enter, QEvent.Type.KeyRelease)

    def _timer(self, milliseconds: int, action: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(action)
        return timer

    def _preset(self) -> Pose:
        scene = cast(Scene, self._scene)
        aspect = self.plotter.width() / max(self.plotter.height(), 1)
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

    def _apply_pose(self) -> None:
        camera = self.plotter.camera
        # Else pyvista puts it where it thinks fit at the first picture.
        camera.is_set = True
        camera.SetPosition(*self._pose.eye)
        camera.SetFocalPoint(*self._pose.target)
        camera.SetViewUp(*self._pose.up)
        self.plotter.renderer.ResetCameraClippingRange()

    def _render(self) -> None:
        if not self.isVisible():
            return
        self._end_parts()
        self.layers.thin(self.pace.level if self._moving else 0)
        # All parts have the near and far end of the whole, or they would not hide each other.
        self._apply_pose()
        parts = [] if self._moving or not self._in_parts else self.layers.steps()
        if len(parts) > _FEW_PARTS:
            self._parts = parts
            self._next_part.start()
        else:
            # Painting renders; pyvista's own render() would do it twice a frame.
            self.plotter.update()

    def _draw_part(self) -> None:
        """Draw the next part of the picture over those before it; with the last one, show it."""
        if not self._parts:
            return
        self.layers.show_only(self._parts.pop(0))
        if not self._parts:
            self._finishing = True
            self.plotter.update()
            return
        window = self.plotter.render_window
        # What is on the screen stays there until all parts are drawn.
        window.SwapBuffersOff()
        window.Render()
        window.WaitForCompletion()
        window.SwapBuffersOn()
        self._keep_picture(True)
        self._next_part.start()

    def _end_parts(self) -> None:
        """Have the next frame drawn whole, whoever asks for it."""
        self._parts = []
        self._finishing = False
        self._next_part.stop()
        self._keep_picture(False)
        self.layers.show_all()

    def _keep_picture(self, kept: bool) -> None:
        """Draw the next frame over the one that is there, or over nothing."""
        self.plotter.renderer.SetPreserveColorBuffer(kept)
        self.plotter.renderer.SetPreserveDepthBuffer(kept)

    def _frame_begins(self, *_: Any) -> None:
        self._began = time.perf_counter()

    def _frame_ends(self) -> None:
        """Learn from a frame of a moving view; leave a picture whose parts are all there."""
        if not self._began:
            return  # Another part of the window was painted.
        if self._moving:
            self.pace.took(time.perf_counter() - self._began)
        elif self._finishing:
            self._end_parts()
        self._began = 0.0

    def _press(self, event: QMouseEvent, double: bool) -> bool:
        self.plotter.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pressed, self._last, self._dragging = event.position(), event.position(), False
        if double and event.button() == Qt.MouseButton.LeftButton:
            row = self.camera_at(event.position())
            self._pressed = None
            if row is not None:
                self.double_clicked.emit(row)
        return True

    def _drag(self, event: QMouseEvent) -> bool:
        if self._pressed is None or event.buttons() == Qt.MouseButton.NoButton:
            row = self.camera_at(event.position())
            shape = Qt.CursorShape.ArrowCursor if row is None else Qt.CursorShape.PointingHandCursor
            self.plotter.setCursor(shape)
            self.hovered.emit(-1 if row is None else row)
            return True
        way = event.position() - self._pressed
        if not self._dragging and way.manhattanLength() < QApplication.startDragDistance() / 2:
            return True
        self._dragging = True
        step = event.position() - self._last
        self._last = event.position()
        sideways = (
            event.buttons() != Qt.MouseButton.LeftButton
            or self.mode == "top"
            or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        )
        self._move(self._dragged(step.x(), step.y(), sideways))
        return True

    def _dragged(self, right: float, down: float, sideways: bool) -> Pose:
        if sideways:
            height = max(self.plotter.height(), 1)
            return moving.pan(self._pose, right / height, down / height)
        turn = moving.tumble if self.mode == "free" else moving.orbit
        return turn(self._pose, _RADIANS_A_PIXEL * right, _RADIANS_A_PIXEL * down)

    def _release(self, event: QMouseEvent) -> bool:
        left = event.button() == Qt.MouseButton.LeftButton
        if left and self._pressed is not None and not self._dragging:
            row = self.camera_at(event.position())
            if row is not None:
                self.clicked.emit(row)
        self._pressed, self._dragging = None, False
        return True

    def _turn_wheel(self, event: QWheelEvent) -> bool:
        factor = 1.0015 ** event.angleDelta().y()
        width, height = max(self.plotter.width(), 1), max(self.plotter.height(), 1)
        x = 2 * event.position().x() / width - 1
        y = 1 - 2 * event.position().y() / height
        self._move(moving.zoom(self._pose, factor, x, y, width / height))
        return True

    def _press_key(self, event: QKeyEvent) -> bool:
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
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            return False
        else:
            # Not ours: the window may have a shortcut for it.
            event.ignore()
            QApplication.sendEvent(self, event)
        return True
