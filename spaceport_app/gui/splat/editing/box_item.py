"""The crop box drawn over the splat: edges, and a handle on each face."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt
from OpenGL import GL
from pyqtgraph.opengl.GLGraphicsItem import GLGraphicsItem

from spaceport_app.gui.splat.editing.box_tool import BoxTool, handles
from spaceport_app.gui.splat.gl_objects import Program
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.edits.box import CropBox

Floats = npt.NDArray[np.float64]
Colour = tuple[float, float, float]

EDGES = tuple((i, i | 1 << k, k) for k in range(3) for i in range(8) if not i >> k & 1)
"""Both corners of each edge, see `CropBox.corners`, and the axis along which it runs."""

_LINE, _HANDLE, _RIM = 1.0, 6.0, 1.5
_BEHIND = 0.35
_NEAR = 1e-3

_VERTEX = """#version 330
layout(location = 0) in vec2 at;
layout(location = 1) in vec3 shape;
layout(location = 2) in vec4 tint;
uniform vec2 size;
out vec3 within;
out vec4 colour;
void main() {
    gl_Position = vec4(2.0 * at.x / size.x - 1.0, 1.0 - 2.0 * at.y / size.y, 0.0, 1.0);
    within = shape;
    colour = tint;
}
"""
_FRAGMENT = """#version 330
in vec3 within;
in vec4 colour;
out vec4 pixel;
void main() {
    float alpha = clamp(within.z + 0.5 - length(within.xy), 0.0, 1.0);
    pixel = vec4(colour.rgb, colour.a * alpha);
}
"""


class BoxItem(GLGraphicsItem):  # type: ignore[misc, unused-ignore]
    """Draws the box of a tool above everything else in the view.

    Parameters
    ----------
    tool : BoxTool
        Tells the box, and which handle is lit.
    """

    def __init__(self, tool: BoxTool) -> None:
        super().__init__()
        self.setDepthValue(10)
        self.line: Colour = (0.4, 0.65, 1.0)
        self.light: Colour = (1.0, 1.0, 1.0)
        self._tool = tool
        self._program: Program | None = None

    def initializeGL(self) -> None:
        """Compile the program."""
        self._program = Program(_VERTEX, _FRAGMENT)
        self._array = int(GL.glGenVertexArrays(1))
        self._buffer = int(GL.glGenBuffers(1))
        GL.glBindVertexArray(self._array)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffer)
        for place, (count, begin) in enumerate(((2, 0), (3, 2), (4, 5))):
            GL.glEnableVertexAttribArray(place)
            GL.glVertexAttribPointer(
                place, count, GL.GL_FLOAT, False, 36, ctypes.c_void_p(4 * begin)
            )
        GL.glBindVertexArray(0)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, 0)

    def paint(self) -> None:
        """Draw the box as it is now."""
        box, view = self._tool.box, self.view()
        if box is None or view is None or self._program is None:
            return
        camera = view.camera()
        values = np.concatenate(self._shapes(box, camera, view.devicePixelRatioF()) or [_NOTHING])
        values = np.ascontiguousarray(values, np.float32)
        GL.glDisable(GL.GL_DEPTH_TEST)
        GL.glDisable(GL.GL_CULL_FACE)
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendFuncSeparate(
            GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA, GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA
        )
        self._program.use(size=(float(camera.width), float(camera.height)))
        GL.glBindVertexArray(self._array)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffer)
        GL.glBufferData(GL.GL_ARRAY_BUFFER, values.nbytes, values, GL.GL_STREAM_DRAW)
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, len(values))
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, 0)
        GL.glBindVertexArray(0)
        GL.glDisable(GL.GL_BLEND)
        GL.glUseProgram(0)

    def _shapes(self, box: CropBox, camera: Camera, ratio: float) -> list[Floats]:
        """Return the triangles' vertices: place in pixels, place within the shape, colour."""
        facing = _facing(box, camera)
        corners = box.corners()
        shapes: list[Floats] = []
        for a, b, axis in EDGES:
            ends = _clipped(corners[a], corners[b], camera)
            if ends is None:
                continue
            sides = [2 * k + (a >> k & 1) for k in range(3) if k != axis]
            seen = not facing.any() or facing[sides].any()
            shapes.append(_segment(*ends, (_LINE + _RIM) * ratio, (0.0, 0.0, 0.0, 0.5 * seen)))
            shapes.append(_segment(*ends, _LINE * ratio, (*self.line, 1.0 if seen else _BEHIND)))
        pixels, _ = camera.project(handles(box))
        for face, pixel in enumerate(pixels):
            if not np.isfinite(pixel).all():
                continue
            lit = face == self._tool.lit
            inner = self.light if lit else self.line
            strength = 1.0 if lit or facing[face] or not facing.any() else _BEHIND
            radius = _HANDLE * (1.3 if lit else 1.0) * ratio
            shapes.append(_disc(pixel, radius + _RIM * ratio, (0.0, 0.0, 0.0, 0.6 * strength)))
            shapes.append(_disc(pixel, radius, (*inner, strength)))
        return shapes


_NOTHING = np.empty((0, 9))


def _facing(box: CropBox, camera: Camera) -> npt.NDArray[np.bool_]:
    """Tell which faces (6,) turn their outer side to the camera."""
    away = box.axes @ (camera.centre - np.array(box.centre))
    half = 0.5 * np.array(box.size)
    return np.stack([away < -half, away > half], axis=1).ravel()


def _clipped(a: Floats, b: Floats, camera: Camera) -> tuple[Floats, Floats] | None:
    """Return both ends in pixels of what of a line is before the camera, None for nothing."""
    seen = np.stack([a, b]) @ camera.view_matrix[:3, :3].T + camera.view_matrix[:3, 3]
    near = _NEAR * max(float(np.linalg.norm(b - a)), 1e-6)
    depths = seen[:, 2]
    if (depths <= near).all():
        return None
    for i in range(2):
        if depths[i] < near:
            part = (near - depths[i]) / (depths[1 - i] - depths[i])
            seen[i] = seen[i] + part * (seen[1 - i] - seen[i])
    pixels = seen[:, :2] / seen[:, 2:] * (camera.fx, camera.fy) + (camera.cx, camera.cy)
    return pixels[0], pixels[1]


def _segment(a: Floats, b: Floats, half: float, tint: tuple[float, ...]) -> Floats:
    """Return two triangles over a line of this half width."""
    along = b - a
    length = max(float(np.hypot(*along)), 1e-6)
    across = np.array([-along[1], along[0]]) / length * (half + 1.0)
    corners = (a + across, a - across, b + across, b - across)
    sides = (half + 1.0, -half - 1.0, half + 1.0, -half - 1.0)
    rows = [(*corners[i], 0.0, sides[i], half, *tint) for i in (0, 1, 2, 2, 1, 3)]
    return np.array(rows, np.float64)


def _disc(centre: Floats, radius: float, tint: tuple[float, ...]) -> Floats:
    """Return two triangles over a disc."""
    reach = radius + 1.0
    corners = [(sx * reach, sy * reach) for sx in (-1, 1) for sy in (-1, 1)]
    rows: list[Any] = [
        (centre[0] + corners[i][0], centre[1] + corners[i][1], *corners[i], radius, *tint)
        for i in (0, 1, 2, 2, 1, 3)
    ]
    return np.array(rows, np.float64)
