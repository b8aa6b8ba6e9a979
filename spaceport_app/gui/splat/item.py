"""The splat picture as an item of pyqtgraph's OpenGL view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from OpenGL import GL
from pyqtgraph.opengl.GLGraphicsItem import GLGraphicsItem

from spaceport_app.gui.splat import shaders
from spaceport_app.gui.splat.gl_objects import Program, Target, Texture, kept_target
from spaceport_app.gui.splat.navigation import Frame
from spaceport_app.gui.splat.packing import PackedScene
from spaceport_app.gui.splat.renderer import Renderer, Uploaded
from spaceport_app.gui.splat.sorting import Order
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Image


@dataclass(frozen=True)
class Wipe:
    """A photo over the left part of its frame, up to `split` (0 to 1) of the frame's width."""

    frame: Frame
    split: float
    line: tuple[float, float, float]
    line_width: float


class SplatItem(GLGraphicsItem):  # type: ignore[misc, unused-ignore]
    """Draws scenes into floating-point targets, and shows the last finished one.

    All methods but the constructor need the view's context to be current.
    """

    def __init__(self) -> None:
        super().__init__()
        self.background = (0.0, 0.0, 0.0)
        """Behind everything; black, as in training."""
        self.wipe: Wipe | None = None
        self.highlight = (1.0, 0.7, 0.2)
        """Colour of highlighted Gaussians, 0 to 1."""
        self._renderer: Renderer | None = None
        self._scene: Uploaded | None = None
        self.fade = 1.0
        """How far the newest picture has taken the place of the one before it, 0 to 1."""
        self._targets: list[Target] = []
        self._shown: Target | None = None
        self._before: Target | None = None
        self._drawing: Target | None = None
        self._photo: Texture | None = None

    def initializeGL(self) -> None:
        """Compile the programs."""
        self._renderer = Renderer()
        self._showing = {
            (scaled, wiped, faded): Program(
                shaders.WHOLE_VERTEX,
                shaders.show_fragment(scaled=scaled, wiped=wiped, faded=faded),
            )
            for scaled in (False, True)
            for wiped in (False, True)
            for faded in (False, True)
        }
        self._array = int(GL.glGenVertexArrays(1))

    @property
    def scene(self) -> PackedScene | None:
        """The scene that is uploaded."""
        return None if self._scene is None else self._scene.scene

    @property
    def count(self) -> int:
        """How many Gaussians are drawn in full, 0 without a scene."""
        return 0 if self._scene is None else self._scene.count

    @property
    def order(self) -> Order | None:
        """The order in which the scene is drawn."""
        return None if self._scene is None else self._scene.order

    def upload(self, scene: PackedScene) -> Iterator[float]:
        """Replace the scene in steps; the old one stays until the last of them."""
        fresh = Uploaded(scene)
        done = False
        try:
            for _ in fresh.fill():
                yield 0.0
            done = True
        finally:
            if not done:
                fresh.delete()
        self.remove_scene()
        self._scene = fresh

    def remove_scene(self) -> None:
        """Forget the scene; the last picture stays until `forget_picture`."""
        if self._scene is not None:
            self._scene.delete()
            self._scene = None

    def forget_picture(self) -> None:
        """Show the background alone."""
        self._shown = self._before = None

    def take_order(self, order: Order) -> bool:
        """Draw in this order from now on; return False if it is of another scene."""
        if self._scene is None or order.request.scene is not self._scene.scene:
            return False
        self._scene.take_order(order)
        return True

    def take_marks(self, marks: npt.NDArray[np.uint8] | None) -> None:
        """Draw each Gaussian of the scene as its mark says; see `shaders.HIDDEN` and the like."""
        if self._scene is not None and self._renderer is not None:
            self._renderer.highlight = self.highlight
            self._scene.take_marks(marks)

    def draw_now(self, camera: Camera, growth: float = 1.0) -> bool:
        """Draw and show what the order holds; False if nothing can be drawn yet."""
        if self._scene is None or self._renderer is None or self._scene.order is None:
            return False
        with kept_target():
            # Over the picture on show: of those of a moving camera, nobody needs an older one.
            target = self._target(camera, over_shown=True)
            self._renderer.draw(self._scene, camera, target, growth)
            GL.glFinish()
        self._shown, self._before = target, None
        return True

    def draw_fully(self, camera: Camera, growth: float = 1.0) -> Iterator[float]:
        """Draw what the order holds in steps, and show it when it is done.

        What was on show stays below it as far as `fade` says.
        """
        if self._scene is None or self._renderer is None:
            return
        self._drawing = target = self._target(camera)
        yield from self._renderer.draw_in_steps(self._scene, camera, target, growth)
        self._before, self._shown, self._drawing = self._shown, target, None

    def end_fade(self) -> None:
        """Show the newest picture alone, and keep none but it."""
        self.fade = 1.0
        self._before = None
        kept = [t for t in self._targets if t is self._shown or t is self._drawing]
        for target in self._targets:
            if target not in kept:
                target.delete()
        self._targets = kept

    def draw_picture(self, camera: Camera) -> Iterator[Image | None]:
        """Draw all Gaussians aside in steps; the last one yields (height, width, 3), float32.

        The picture is on the background, not clamped from above.
        """
        if self._scene is None or self._renderer is None:
            return
        target = Target(camera.width, camera.height, GL.GL_RGBA16F)
        try:
            for _ in self._renderer.draw_in_steps(self._scene, camera, target):
                yield None
            values = target.read()
            behind = np.array(self.background, np.float32)
            yield values[..., :3] + (1.0 - values[..., 3:]) * behind
        finally:
            target.delete()

    def set_photo(self, pixels: npt.NDArray[np.uint8] | None) -> None:
        """Take the photo, (height, width, 3), that `wipe` shows."""
        if self._photo is not None:
            self._photo.delete()
            self._photo = None
        if pixels is not None:
            height, width = pixels.shape[:2]
            self._photo = Texture(width, height, GL.GL_RGB8, smooth=True)
            self._photo.write(np.ascontiguousarray(pixels).ravel(), 3)

    def _target(self, camera: Camera, *, over_shown: bool = False) -> Target:
        """Return a target of the camera's size that is not on show."""
        size = camera.width, camera.height
        self._drawing = None
        if over_shown and self._shown is not None:
            self._before = None
            if (self._shown.width, self._shown.height) == size:
                return self._shown
        for target in self._targets:
            if target is self._shown or target is self._before:
                continue
            if (target.width, target.height) == size:
                return target
            self._targets.remove(target)
            target.delete()
            break
        self._targets.append(Target(*size, GL.GL_RGBA16F))
        return self._targets[-1]

    def paint(self) -> None:
        """Show the last finished picture all over the viewport."""
        if self._shown is None:
            return
        _, _, width, height = (float(v) for v in GL.glGetIntegerv(GL.GL_VIEWPORT))
        wipe = self.wipe if self._photo is not None else None
        scaled = (self._shown.width, self._shown.height) != (width, height)
        faded = self._before is not None and self.fade < 1.0
        if self._before is not None:
            scaled |= faded and (self._before.width, self._before.height) != (width, height)
        show = self._showing[scaled, wipe is not None, faded]
        GL.glDisable(GL.GL_DEPTH_TEST)
        GL.glDisable(GL.GL_BLEND)
        self._shown.textures[0].bind(0)
        if self._photo is not None:
            self._photo.bind(1)
        show.use(picture=0, size=(width, height), background=self.background)
        if self._before is not None and faded:
            self._before.textures[0].bind(2)
            show.use(before=2, fade=self.fade)
        if wipe is not None:
            frame = wipe.frame
            show.use(
                photo=1,
                line=wipe.line,
                frame=(frame.left, frame.top, frame.width, frame.height),
                split=wipe.split,
                line_width=wipe.line_width,
            )
        GL.glBindVertexArray(self._array)
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
        GL.glBindVertexArray(0)
        GL.glUseProgram(0)
        GL.glActiveTexture(GL.GL_TEXTURE0)
