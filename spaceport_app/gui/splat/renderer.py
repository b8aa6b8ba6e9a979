"""Draws packed Gaussians into textures, at once or in steps that each take little time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from OpenGL import GL

from spaceport_app.gui.splat import shaders
from spaceport_app.gui.splat.gl_objects import Program, Target, Texture
from spaceport_app.gui.splat.packing import BASE_TEXELS, HARMONICS_TEXELS, PackedScene
from spaceport_app.gui.splat.sorting import Order
from spaceport_app.splats.camera import Camera

_NEAR = 0.01
_ORDER_WIDTH = 1024
_STEP_BYTES = 8 << 20
_STEP_ROWS = 64
_STEP_SECONDS = 0.012
_FEWEST_A_STEP = 4096


class Uploaded:
    """A scene's textures, and those that its projection is written into.

    Scenes of more Gaussians than the largest textures hold lose their least important ones.
    """

    def __init__(self, scene: PackedScene) -> None:
        self.scene = scene
        self.texels = HARMONICS_TEXELS[scene.degree]
        side = int(GL.glGetIntegerv(GL.GL_MAX_TEXTURE_SIZE))
        self.per_row = min(1024, side // max(BASE_TEXELS, self.texels))
        self.count = min(len(scene), self.per_row * side)
        self.rows = max(1, -(-self.count // self.per_row))
        self.base = Texture(BASE_TEXELS * self.per_row, self.rows, GL.GL_RGBA32F)
        self.harmonics = Texture(max(1, self.texels) * self.per_row, self.rows, GL.GL_RGBA16F)
        self.marks = Texture(self.per_row, self.rows, GL.GL_R8UI)
        self.marked = False
        kinds = (GL.GL_RGBA32F, GL.GL_RG32F, GL.GL_RGBA16F)
        self.projected = Target(self.per_row, self.rows, *kinds)
        self.order_texture = Texture(
            _ORDER_WIDTH, -(-self.rows * self.per_row // _ORDER_WIDTH), GL.GL_R32UI
        )
        self.order: Order | None = None

    def fill(self) -> Iterator[None]:
        """Upload in steps of some megabytes."""
        size = 16 * BASE_TEXELS + 8 * self.texels
        rows = max(1, _STEP_BYTES // (size * self.per_row))
        for row in range(0, self.rows, rows):
            part = slice(row * self.per_row, min((row + rows) * self.per_row, self.count))
            self.base.write(self.scene.base[part].ravel(), 4, row)
            if self.texels:
                self.harmonics.write(self.scene.harmonics[part].ravel(), 4, row)
            yield

    def take_order(self, order: Order) -> None:
        """Draw in this order from now on."""
        self.order = order
        self.order_texture.write(order.indices, 1, 0)

    def take_marks(self, marks: npt.NDArray[np.uint8] | None) -> None:
        """Draw each Gaussian as its mark says, see `marks`; None draws all as they are."""
        self.marked = marks is not None
        if marks is not None:
            self.marks.write(marks[: self.count], 1)

    def delete(self) -> None:
        """Give all back to the driver."""
        for held in (self.base, self.harmonics, self.marks, self.order_texture, self.projected):
            held.delete()


class Renderer:
    """The programs and the scene; made with a current context of OpenGL 3.3 or later.

    Raises
    ------
    RuntimeError
        From the constructor if the driver does not compile the programs.
    """

    def __init__(self) -> None:
        self._array = int(GL.glGenVertexArrays(1))
        self._projecting: dict[int, Program] = {}
        self._blending = Program(shaders.BLEND_VERTEX, shaders.BLEND_FRAGMENT)
        self._a_step = 8 * _FEWEST_A_STEP
        self.highlight = (1.0, 0.7, 0.2)
        """Colour of highlighted Gaussians, 0 to 1."""

    def draw(
        self,
        uploaded: Uploaded,
        camera: Camera,
        target: Target,
        growth: float = 1.0,
    ) -> None:
        """Draw at once what the present order holds.

        `camera` is of the target's size. The target gets premultiplied colour and alpha.
        `growth` makes the Gaussians larger.
        """
        ordered, count = _extent(uploaded)
        self._project(uploaded, camera, count, 0, self._rows(uploaded, count), growth)
        self._clear(target)
        self._blend(uploaded, camera, target, count, 0, ordered)

    def draw_in_steps(
        self, uploaded: Uploaded, camera: Camera, target: Target, growth: float = 1.0
    ) -> Iterator[float]:
        """Do what `draw` does, and yield the part that is done after every few milliseconds.

        Between two steps anything else may be drawn but with this renderer.
        """
        ordered, count = _extent(uploaded)
        rows = self._rows(uploaded, count)
        for row in range(0, rows, _STEP_ROWS):
            self._project(uploaded, camera, count, row, min(row + _STEP_ROWS, rows), growth)
            GL.glFinish()
            yield 0.0
        self._clear(target)
        begin = 0
        while begin < ordered:
            started = time.perf_counter()
            end = min(begin + self._a_step, ordered)
            self._blend(uploaded, camera, target, count, begin, end)
            GL.glFinish()
            took = max(time.perf_counter() - started, 1e-4)
            if end - begin == self._a_step:
                factor = min(max(_STEP_SECONDS / took, 0.5), 2.0)
                self._a_step = max(_FEWEST_A_STEP, int(self._a_step * factor))
            begin = end
            yield end / ordered

    def _rows(self, uploaded: Uploaded, count: int) -> int:
        return -(-count // uploaded.per_row)

    def _project(
        self,
        uploaded: Uploaded,
        camera: Camera,
        count: int,
        first_row: int,
        end_row: int,
        growth: float = 1.0,
    ) -> None:
        degree = uploaded.scene.degree
        if degree not in self._projecting:
            source = shaders.project_fragment(degree, uploaded.texels)
            self._projecting[degree] = Program(shaders.WHOLE_VERTEX, source)
        uploaded.projected.bind()
        GL.glEnable(GL.GL_SCISSOR_TEST)
        GL.glScissor(0, first_row, uploaded.per_row, end_row - first_row)
        GL.glDisable(GL.GL_BLEND)
        GL.glDisable(GL.GL_DEPTH_TEST)
        GL.glDisable(GL.GL_CULL_FACE)
        uploaded.base.bind(0)
        uploaded.harmonics.bind(1)
        uploaded.marks.bind(2)
        view = camera.view_matrix
        slack = 0.15 * camera.width / camera.fx, 0.15 * camera.height / camera.fy
        self._projecting[degree].use(
            base=0,
            harmonics=1,
            marks=2,
            marked=int(uploaded.marked),
            highlight=self.highlight,
            per_row=uploaded.per_row,
            count=count,
            axes=view[:3, :3],
            translation=tuple(view[:3, 3].tolist()),
            centre=tuple(camera.centre.tolist()),
            intrinsics=(camera.fx, camera.fy, camera.cx, camera.cy),
            limits=(
                -camera.cx / camera.fx - slack[0],
                (camera.width - camera.cx) / camera.fx + slack[0],
                -camera.cy / camera.fy - slack[1],
                (camera.height - camera.cy) / camera.fy + slack[1],
            ),
            size=(float(camera.width), float(camera.height)),
            near=_NEAR,
            growth=growth,
            antialiased=int(uploaded.scene.antialiased),
        )
        GL.glBindVertexArray(self._array)
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
        GL.glBindVertexArray(0)
        GL.glDisable(GL.GL_SCISSOR_TEST)

    def _clear(self, target: Target) -> None:
        target.bind()
        GL.glClearColor(0.0, 0.0, 0.0, 0.0)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT)

    def _blend(
        self,
        uploaded: Uploaded,
        camera: Camera,
        target: Target,
        count: int,
        begin: int,
        end: int,
    ) -> None:
        target.bind()
        GL.glDisable(GL.GL_DEPTH_TEST)
        GL.glDisable(GL.GL_CULL_FACE)
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendEquation(GL.GL_FUNC_ADD)
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)
        uploaded.order_texture.bind(0)
        for unit, texture in enumerate(uploaded.projected.textures, 1):
            texture.bind(unit)
        self._blending.use(
            order=0,
            shapes=1,
            reaches=2,
            colours=3,
            order_width=_ORDER_WIDTH,
            per_row=uploaded.per_row,
            begin=begin,
            end=end,
            count=count,
            size=(float(camera.width), float(camera.height)),
        )
        GL.glBindVertexArray(self._array)
        instances = -(-(end - begin) // shaders.BATCH)
        GL.glDrawArraysInstanced(GL.GL_TRIANGLES, 0, 3 * shaders.BATCH, instances)
        GL.glBindVertexArray(0)
        GL.glDisable(GL.GL_BLEND)


def _extent(uploaded: Uploaded) -> tuple[int, int]:
    """Return how many Gaussians the order holds, and how many to project for it."""
    order = uploaded.order
    return (0, 0) if order is None else (len(order.indices), order.reach)
