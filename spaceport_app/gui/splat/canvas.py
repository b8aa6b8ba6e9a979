"""The splat's drawing surface with mouse and keys."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from spaceport_app.gui.splat import picking
from spaceport_app.gui.splat.surface import SplatSurface
from spaceport_app.splats.camera import Camera

_FRAME_MS = 16
_GRIP = 6.0
_RADIANS_A_PIXEL = 0.006
_FLY = {
    Qt.Key.Key_W: (0.0, 0.0, 1.0),
    Qt.Key.Key_S: (0.0, 0.0, -1.0),
    Qt.Key.Key_A: (-1.0, 0.0, 0.0),
    Qt.Key.Key_D: (1.0, 0.0, 0.0),
    Qt.Key.Key_E: (0.0, -1.0, 0.0),
    Qt.Key.Key_Q: (0.0, 1.0, 0.0),
}
_TURN = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}


class Tool(Protocol):
    """Something in the scene that the mouse can take hold of before the camera does."""

    def press(self, camera: Camera, x: float, y: float) -> bool:
        """Take hold of what is at pixel (x, y); False leaves the mouse to the camera."""

    def drag(self, camera: Camera, x: float, y: float) -> None:
        """Move what is held."""

    def release(self) -> None:
        """Let go."""

    def hover(self, camera: Camera, x: float, y: float) -> bool:
        """Whether there is something to take hold of at pixel (x, y)."""


class SplatCanvas(SplatSurface):
    """Turns what a person does into moves of the camera.

    Left button: orbit. Right or middle button, or left with Shift: pan. Wheel: zoom to the
    pointer. W, A, S, D, Q, E: fly, faster with Shift. Arrow keys: look around. Double click:
    turn about that point. Home: see all.
    """

    wiped = Signal(float)
    """The wipe's line was dragged to this part of the photo's width, 0 to 1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Splat")
        self._keys: set[Qt.Key] = set()
        self._pointer = QPointF()
        self._dragging_line = False
        self._dragging_tool = False
        self.tool: Tool | None = None
        """Asked first what the left button does."""
        self._flown = time.perf_counter()
        self._flight = QTimer(self, interval=_FRAME_MS)
        self._flight.timeout.connect(self._fly)

    def flying(self) -> bool:
        """Whether keys move the camera just now."""
        return self._flight.isActive()

    def stop(self) -> None:
        """End all work; the widget is not used after it."""
        self._flight.stop()
        super().stop()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where dragging began."""
        self._pointer = event.position()
        left = event.button() == Qt.MouseButton.LeftButton
        self._dragging_line = left and self._is_on_line(event.position())
        if left and self.tool is not None and not self._dragging_line:
            self._dragging_tool = self.tool.press(*self._at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Orbit, pan, or drag the wipe's line."""
        wipe = self.item.wipe
        if self._dragging_line and wipe is not None:
            x = event.position().x() * self.devicePixelRatioF()
            self.wiped.emit(min(max((x - wipe.frame.left) / wipe.frame.width, 0.0), 1.0))
            return
        if self._dragging_tool and self.tool is not None:
            self.tool.drag(*self._at(event.position()))
            return
        if not event.buttons():
            self.setCursor(self._cursor_at(event.position()))
            return
        step = event.position() - self._pointer
        self._pointer = event.position()
        left = event.buttons() == Qt.MouseButton.LeftButton
        if left and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.navigator.orbit(step.x() * _RADIANS_A_PIXEL, step.y() * _RADIANS_A_PIXEL)
        else:
            self.navigator.pan(step.x(), step.y(), self.height())
        self.changed()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the wipe's line."""
        self._dragging_line = False
        if self._dragging_tool and self.tool is not None:
            self.tool.release()
        self._dragging_tool = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Turn about the point under the pointer from now on."""
        depth, x, y = self._under(event.position())
        if depth is not None:
            camera = self.camera()
            ray = np.array([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1.0])
            self.navigator.turn_about(
                self.navigator.position + depth * (ray @ self.navigator.rotation)
            )
            self.changed()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the pointer."""
        turns = event.angleDelta().y() / 120.0
        if turns:
            depth, x, y = self._under(event.position())
            depth = depth or self.navigator.distance
            self.navigator.zoom(0.87**turns, self.camera(), x, y, depth)
            self.changed()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Fly or look around while keys are down."""
        key = Qt.Key(event.key())
        if key in _FLY or key in _TURN:
            if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._keys.add(key)
                if not self._flight.isActive():
                    self._flown = time.perf_counter()
                    self._flight.start()
                return
        elif key == Qt.Key.Key_Home:
            self.show_all()
            return
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Stop when the last key is up."""
        if not event.isAutoRepeat():
            self._keys.discard(Qt.Key(event.key()))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop flying: the release of a key would go elsewhere."""
        self._keys.clear()
        super().focusOutEvent(event)

    def _fly(self) -> None:
        now = time.perf_counter()
        seconds, self._flown = min(now - self._flown, 0.25), now
        if not self._keys:
            self._flight.stop()
            return
        move = np.sum([_FLY[key] for key in self._keys if key in _FLY] or [(0.0,) * 3], axis=0)
        turn = np.sum([_TURN[key] for key in self._keys if key in _TURN] or [(0.0,) * 2], axis=0)
        fast = Qt.KeyboardModifier.ShiftModifier & self._modifiers()
        speed = 0.5 * min(self.radius, self.navigator.distance) * (4.0 if fast else 1.0)
        if np.any(turn):
            self.navigator.look(*(1.0 * seconds * turn).tolist())
        if np.any(move):
            self.navigator.fly(*(speed * seconds * move).tolist())
        if np.any(turn) or np.any(move):
            self.changed()

    def _at(self, point: QPointF) -> tuple[Camera, float, float]:
        """Return the camera and the point in its pixels."""
        ratio = self.devicePixelRatioF()
        return self.camera(), point.x() * ratio, point.y() * ratio

    def _cursor_at(self, point: QPointF) -> Qt.CursorShape:
        if self._is_on_line(point):
            return Qt.CursorShape.SplitHCursor
        if self.tool is not None and self.tool.hover(*self._at(point)):
            return Qt.CursorShape.OpenHandCursor
        return Qt.CursorShape.ArrowCursor

    def _is_on_line(self, point: QPointF) -> bool:
        wipe = self.item.wipe
        if wipe is None:
            return False
        line = (wipe.frame.left + wipe.split * wipe.frame.width) / self.devicePixelRatioF()
        return bool(abs(point.x() - line) <= _GRIP)

    def _under(self, point: QPointF) -> tuple[float | None, float, float]:
        """Return the scene's depth there, and the point in device pixels."""
        ratio = self.devicePixelRatioF()
        x, y = point.x() * ratio, point.y() * ratio
        if self.scene is None:
            return None, x, y
        return picking.depth_under(self.scene, self.camera(), x, y, 12.0 * ratio), x, y

    @staticmethod
    def _modifiers() -> Qt.KeyboardModifier:
        return QApplication.keyboardModifiers()
