"""The widget that Gaussians are drawn in, and what of them is drawn when.

While the camera moves, as much of what is in sight is drawn as the computer can draw in time.
Once it rests, finer pictures and then all Gaussians are drawn, in steps between which the window
stays alive, and each picture fades in over the one before it.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from pyqtgraph.opengl import GLViewWidget
from PySide6.QtCore import QRect, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QMatrix4x4,
    QResizeEvent,
    QSurfaceFormat,
)
from PySide6.QtWidgets import QWidget

from spaceport_app.gui.splat import picking
from spaceport_app.gui.splat.item import SplatItem, Wipe
from spaceport_app.gui.splat.navigation import Frame, Navigator
from spaceport_app.gui.splat.pace import FULL, Detail, Pace, growth
from spaceport_app.gui.splat.packing import PackedScene, bounds
from spaceport_app.gui.splat.sorting import Order, SortingThread, SortRequest, slopes_of
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera

_log = logging.getLogger(__name__)

_REST_MS = 160
_STEPS_SECONDS = 0.012
_TELL_SECONDS = 0.4
_FADE_SECONDS = 0.15
_FADE_MS = 16


class SplatSurface(GLViewWidget):  # type: ignore[misc, unused-ignore]
    """An OpenGL view with one scene of Gaussians, seen through the camera of `navigator`."""

    moved = Signal()
    """The camera moved."""
    refined = Signal(float)
    """Part of the full picture that is drawn, up to 1 when it is on show."""
    picture_taken = Signal(object, object)
    """The camera and the picture that `take_picture` asked for, float32."""
    failed = Signal(str)
    """OpenGL cannot do it: one sentence for a person."""
    _sorted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        form = QSurfaceFormat()
        form.setVersion(3, 3)
        form.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
        form.setDepthBufferSize(24)
        self.setFormat(form)
        self.setMinimumSize(160, 120)
        self.navigator = Navigator()
        self.pace = Pace()
        self.item = SplatItem()
        self.addItem(self.item)
        self.scene: PackedScene | None = None
        """The scene to show, uploaded or about to be."""
        self.radius = 1.0
        """Half the scene's diagonal, in world units."""
        self._marks: np.ndarray[Any, np.dtype[np.uint8]] | None = None
        self._usable = True
        self._stale = False
        self._moving = False
        self._plan: tuple[Detail, ...] = ()
        """Pictures that are still to come until the view is at rest."""
        self._full_drawn = False
        self._asked: SortRequest | None = None
        self._quick_drawn = 0.0
        self._quick_seconds = 0.0
        self._job: Iterator[None] | None = None
        self._pictures: list[Camera] = []
        self._rest = QTimer(self, interval=_REST_MS, singleShot=True)
        self._rest.timeout.connect(self._come_to_rest)
        self._work = QTimer(self, interval=0)
        self._work.timeout.connect(self._advance)
        self._fading = QTimer(self, interval=_FADE_MS)
        self._fading.timeout.connect(self._fade)
        self._faded_since = 0.0
        self.frameSwapped.connect(self._learn_pace)
        self._sorted.connect(self._take_order)
        self._sorting = SortingThread(self._deliver)
        self.destroyed.connect(self._sorting.stop)

    # What is shown

    def set_scene(self, scene: PackedScene, *, look_at_it: bool) -> None:
        """Show a scene as soon as it is uploaded; `look_at_it` moves the camera to see it all."""
        self.scene = scene
        self._marks = None
        low, high = bounds(scene)
        self.radius = max(0.5 * float(np.linalg.norm(high - low)), 1e-3)
        if look_at_it:
            self.show_all()
        self._begin(self._upload(scene))

    def set_marks(self, marks: np.ndarray[Any, np.dtype[np.uint8]] | None) -> None:
        """Hide, fade or highlight Gaussians of the scene by their marks, (N,), from now on.

        See `shaders.HIDDEN` and the like; None shows all. A new scene begins without marks.
        """
        self._marks = marks
        if self.scene is not None and self.item.scene is self.scene and self._current():
            self.item.take_marks(marks)
            self.doneCurrent()
            self.changed()

    def clear_scene(self) -> None:
        """Show nothing."""
        self.scene = None
        self._drop_job()
        self._plan = ()
        self._rest.stop()
        self._fading.stop()
        if self._current():
            self.item.remove_scene()
            self.item.forget_picture()
            self.doneCurrent()
        self.update()

    def show_all(self) -> None:
        """Look at the whole scene."""
        if self.scene is not None:
            low, high = bounds(self.scene)
            self.navigator.look_from(0.5 * (low + high), 0.8 * self.radius)
            self.changed()

    def stand_at(self, view: View) -> None:
        """Look through the camera of a photo."""
        camera = Camera.of_view(view)
        depth = None
        if self.scene is not None:
            middle = 0.5 * view.width, 0.5 * view.height
            depth = picking.depth_under(self.scene, camera, *middle, 0.1 * view.width)
        self.navigator.stand_at(view, depth or self.navigator.distance)
        self.changed()

    def set_photo(self, pixels: np.ndarray[Any, np.dtype[np.uint8]] | None) -> None:
        """Take the photo that `set_wipe` compares with."""
        if self._current():
            self.item.set_photo(pixels)
            self.doneCurrent()
            self.update()

    def set_wipe(self, wipe: Wipe | None) -> None:
        """Show the photo over part of the picture, or no more."""
        self.item.wipe = wipe
        self.update()

    def take_picture(self, camera: Camera) -> None:
        """Draw all Gaussians aside, and emit `picture_taken`, unless the camera moves first.

        `camera` must stand and look as the view does; its size is free.
        """
        self._pictures.append(camera)
        if self._job is None and not self._moving and not self._plan:
            self._begin(self._take_pictures())

    # What happens when

    def changed(self) -> None:
        """Draw again, the camera has moved."""
        self._drop_job(keep_upload=True)
        self._stale = self._moving = True
        self._plan = ()
        self._rest.start()
        self._ask_for_order()
        self.moved.emit()
        self.update()

    def camera(self) -> Camera:
        """Return the camera of the whole widget in device pixels."""
        return self.navigator.camera(max(1, self.deviceWidth()), max(1, self.deviceHeight()))

    def frame(self) -> Frame | None:
        """Return where in device pixels the photo is whose camera the view stands at."""
        return self.navigator.frame(self.deviceWidth(), self.deviceHeight())

    def at_rest(self) -> bool:
        """Whether the full picture is on show."""
        waits = self._moving or self._plan or self._job is not None or self._fading.isActive()
        return not waits and self._full_drawn

    def initializeGL(self) -> None:
        """Make the item ready, or say that this OpenGL can't."""
        version = self.context().format().version()
        if tuple(version) < (3, 3):
            self._give_up(f"it offers OpenGL {version[0]}.{version[1]}, and 3.3 is needed")
            return
        try:
            super().initializeGL()
        except Exception as error:
            _log.exception("OpenGL did not take the splat view's programs")
            self._give_up(str(error))

    def paintGL(self) -> None:
        """Draw a quick picture where the camera moved, and show the last picture."""
        if not self._usable:
            return
        try:
            if self._stale and self.scene is not None and self.item.scene is self.scene:
                self._draw_quickly()
        except Exception as error:
            _log.exception("Drawing the splat failed")
            self._give_up(str(error))
            return
        super().paintGL()

    def _draw_quickly(self) -> None:
        self._fading.stop()
        started = time.perf_counter()
        order = self.item.order
        if order is not None and self.item.draw_now(self._small(self.pace.detail), _growth(order)):
            self._quick_drawn = time.perf_counter()
            self._quick_seconds = self._quick_drawn - started
            self._stale = self._full_drawn = False

    def _small(self, detail: Detail) -> Camera:
        camera = self.camera()
        return camera.resized(
            max(1, round(camera.width * detail.scale)), max(1, round(camera.height * detail.scale))
        )

    def _learn_pace(self) -> None:
        """Learn from a quick picture that is on the screen now what drawing and showing took."""
        if self._quick_seconds:
            showing = time.perf_counter() - self._quick_drawn
            self.pace.took(self._quick_seconds, showing)
            self._quick_seconds = 0.0

    def _come_to_rest(self) -> None:
        # A quick picture that is still due would come over the full one, or in between its steps.
        self._moving = self._stale = False
        self._plan = self.pace.steps_to_rest()
        self._ask_for_order()

    def _ask_for_order(self) -> None:
        if self.scene is None or self.item.scene is not self.scene:
            return
        total = self._count()
        detail = self._plan[0] if self._plan else self.pace.detail
        count = round(total * detail.share) if self._plan else self.pace.count(total)
        slopes = slopes_of(self.camera()) if count < total else None
        self._asked = SortRequest(self.scene, self.navigator.view_matrix(), count, slopes)
        self._sorting.ask(self._asked)

    def _take_order(self, order: Order) -> None:
        if order.request.scene is not self.scene or self._job is not None:
            return
        if not self._moving and (order.request is not self._asked or not self._plan):
            return
        if not self._current():
            return
        taken = self.item.take_order(order)
        self.doneCurrent()
        if not taken:
            return
        if self._moving:
            self._stale = True
            self.update()
        else:
            self._begin(self._refine(self._plan[0]))

    def _count(self) -> int:
        return self.item.count

    def _deliver(self, order: Order) -> None:
        # In the sorting thread: the signal takes it over to the window's.
        with contextlib.suppress(RuntimeError):  # The widget may be gone already.
            self._sorted.emit(order)

    # Work in steps

    def _begin(self, job: Iterator[None]) -> None:
        self._drop_job()
        self._job = job
        self._work.start()

    def _drop_job(self, *, keep_upload: bool = False) -> None:
        if self._job is None or (keep_upload and self.item.scene is not self.scene):
            return
        self._job = None
        self._pictures.clear()
        self._work.stop()

    def _advance(self) -> None:
        job = self._job
        if job is None or not self._current():
            self._work.stop()
            return
        until = time.perf_counter() + _STEPS_SECONDS
        try:
            while self._job is job and time.perf_counter() < until:
                next(job)
        except StopIteration:
            if self._job is job:
                self._job = None
                self._work.stop()
                if self._plan:
                    self._ask_for_order()
                elif self._pictures:
                    self._begin(self._take_pictures())
        except Exception as error:
            _log.exception("Drawing the splat failed")
            self._job = None
            self._work.stop()
            self._give_up(str(error))
        finally:
            self.doneCurrent()

    def _upload(self, scene: PackedScene) -> Iterator[None]:
        for _ in self.item.upload(scene):
            yield
        self.item.take_marks(self._marks)
        self._moving = True
        self._plan = ()
        self._rest.start()
        self._ask_for_order()

    def _refine(self, detail: Detail) -> Iterator[None]:
        order = self.item.order
        assert order is not None
        told = started = time.perf_counter()
        for done in self.item.draw_fully(self._small(detail), _growth(order)):
            # Seldom: whoever shows it has the whole window put together anew.
            if time.perf_counter() - told > _TELL_SECONDS:
                told = time.perf_counter()
                self.refined.emit(min(done * detail.share, 0.99))
            yield
        self._plan = self._plan[1:]
        self.item.fade = 0.0
        self._faded_since = time.perf_counter()
        self._fading.start()
        self.update()
        if detail is FULL:
            self._full_drawn = True
            self.pace.took_all(time.perf_counter() - started)
            self.refined.emit(1.0)

    def _fade(self) -> None:
        """Let the newest picture come out a little more."""
        part = (time.perf_counter() - self._faded_since) / _FADE_SECONDS
        if part < 1.0:
            self.item.fade = part
        else:
            self._fading.stop()
            if self._current():
                self.item.end_fade()
                self.doneCurrent()
        self.update()

    def _take_pictures(self) -> Iterator[None]:
        while self._pictures:
            camera = self._pictures.pop(0)
            for picture in self.item.draw_picture(camera):
                yield
                if picture is not None:
                    self.picture_taken.emit(camera, picture)

    def _current(self) -> bool:
        """Make the context current, if there is one to draw with."""
        if not self._usable or not self.isValid():
            return False
        self.makeCurrent()
        return True

    def _give_up(self, reason: str) -> None:
        self._usable = False
        first = reason.splitlines()[0] if reason else "it does not say why"
        words = f"This computer's graphics driver cannot show splats: {first}. Update the driver."
        # Not from within painting: whoever hears it may open a dialog.
        QTimer.singleShot(0, self, lambda: self.failed.emit(words))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw again for the new size."""
        super().resizeEvent(event)
        self.changed()

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the sorting thread."""
        self.stop()
        super().closeEvent(event)

    def stop(self) -> None:
        """End all work; the widget is not used after it."""
        for timer in (self._rest, self._work, self._fading):
            timer.stop()
        self._job = None
        self._sorting.stop()

    # Matrices for other items

    def viewMatrix(self) -> QMatrix4x4:
        """Return world to OpenGL's camera, with y up and z backward."""
        matrix = np.diag([1.0, -1.0, -1.0, 1.0]) @ self.navigator.view_matrix()
        return QMatrix4x4(matrix.ravel().tolist())

    def projectionMatrix(self, region: QRect, viewport: QRect) -> QMatrix4x4:
        """Return OpenGL's projection of the present camera."""
        camera = self.camera()
        near, far = 1e-3 * self.radius, 1e3 * self.radius
        w, h = camera.width, camera.height
        rows = [
            [2 * camera.fx / w, 0.0, 1 - 2 * camera.cx / w, 0.0],
            [0.0, 2 * camera.fy / h, 2 * camera.cy / h - 1, 0.0],
            [0.0, 0.0, -(far + near) / (far - near), -2 * far * near / (far - near)],
            [0.0, 0.0, -1.0, 0.0],
        ]
        return QMatrix4x4([value for row in rows for value in row])


def _growth(order: Order) -> float:
    return growth(order.reach / max(len(order.request.scene), 1))
