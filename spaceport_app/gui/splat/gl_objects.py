"""Programs, textures and targets of OpenGL; a context must be current for all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from OpenGL import GL
from OpenGL.GL import shaders

from spaceport_app.splats.engines.contract import Image

Pixels = npt.NDArray[Any]

_UPLOADS: dict[int, tuple[int, int]] = {
    GL.GL_RGBA32F: (GL.GL_RGBA, GL.GL_FLOAT),
    GL.GL_RGBA16F: (GL.GL_RGBA, GL.GL_HALF_FLOAT),
    GL.GL_RG32F: (GL.GL_RG, GL.GL_FLOAT),
    GL.GL_R32UI: (GL.GL_RED_INTEGER, GL.GL_UNSIGNED_INT),
    GL.GL_R8UI: (GL.GL_RED_INTEGER, GL.GL_UNSIGNED_BYTE),
    GL.GL_RGB8: (GL.GL_RGB, GL.GL_UNSIGNED_BYTE),
}
"""Internal format to the format and type in which values are handed over."""


class Program:
    """A linked program whose uniforms are set by name.

    Raises
    ------
    RuntimeError
        From the constructor, with the driver's words, if it does not compile.
    """

    def __init__(self, vertex: str, fragment: str) -> None:
        self._program = shaders.compileProgram(
            shaders.compileShader(vertex, GL.GL_VERTEX_SHADER),
            shaders.compileShader(fragment, GL.GL_FRAGMENT_SHADER),
            validate=False,
        )
        self._places: dict[str, int] = {}

    def use(
        self, **uniforms: int | float | tuple[float, ...] | npt.NDArray[np.floating[Any]]
    ) -> None:
        """Make it the present program: whole numbers are int, tuples are vectors."""
        GL.glUseProgram(self._program)
        for name, value in uniforms.items():
            place = self._place(name)
            if isinstance(value, np.ndarray):
                GL.glUniform3fv(place, len(value), np.ascontiguousarray(value, np.float32))
            elif isinstance(value, tuple):
                (GL.glUniform2f, GL.glUniform3f, GL.glUniform4f)[len(value) - 2](place, *value)
            elif isinstance(value, int):
                GL.glUniform1i(place, value)
            else:
                GL.glUniform1f(place, value)

    def _place(self, name: str) -> int:
        if name not in self._places:
            self._places[name] = int(GL.glGetUniformLocation(self._program, name))
        return self._places[name]

    def delete(self) -> None:
        """Give it back to the driver."""
        GL.glDeleteProgram(self._program)


class Texture:
    """A two-dimensional texture without mipmaps."""

    def __init__(self, width: int, height: int, internal: int, smooth: bool = False) -> None:
        self.width, self.height, self._internal = width, height, internal
        self.name = int(GL.glGenTextures(1))
        layout, kind = _UPLOADS[internal]
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.name)
        mode = GL.GL_LINEAR if smooth else GL.GL_NEAREST
        GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MIN_FILTER, mode)
        GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MAG_FILTER, mode)
        GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_WRAP_S, GL.GL_CLAMP_TO_EDGE)
        GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_WRAP_T, GL.GL_CLAMP_TO_EDGE)
        GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, internal, width, height, 0, layout, kind, None)

    def write(self, values: Pixels, channels: int, row: int = 0) -> None:
        """Write flat values, C-contiguous, from the start of `row` on."""
        layout, kind = _UPLOADS[self._internal]
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.name)
        GL.glPixelStorei(GL.GL_UNPACK_ALIGNMENT, 1)
        per_row = channels * self.width
        whole, rest = divmod(values.size, per_row)
        for first, rows, width in ((0, whole, self.width), (whole, 1, rest // channels)):
            if rows and width:
                GL.glTexSubImage2D(
                    GL.GL_TEXTURE_2D,
                    0,
                    0,
                    row + first,
                    width,
                    rows,
                    layout,
                    kind,
                    values[first * per_row : (first + rows) * per_row],
                )

    def bind(self, unit: int) -> None:
        """Make it the texture of a unit."""
        GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.name)

    def delete(self) -> None:
        """Give it back to the driver."""
        GL.glDeleteTextures([self.name])


class Target:
    """Textures to draw into, all of one size.

    Raises
    ------
    RuntimeError
        From the constructor if the driver can't draw into such textures.
    """

    def __init__(self, width: int, height: int, *internal: int) -> None:
        self.width, self.height = width, height
        self.textures = tuple(Texture(width, height, kind, smooth=True) for kind in internal)
        self._name = int(GL.glGenFramebuffers(1))
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        points = [GL.GL_COLOR_ATTACHMENT0 + i for i in range(len(internal))]
        for point, texture in zip(points, self.textures, strict=True):
            GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, point, GL.GL_TEXTURE_2D, texture.name, 0)
        GL.glDrawBuffers(len(points), points)
        if GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) != GL.GL_FRAMEBUFFER_COMPLETE:
            raise RuntimeError("the driver cannot draw into floating-point textures")

    def bind(self) -> None:
        """Draw into it from now on, all over."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        GL.glViewport(0, 0, self.width, self.height)

    def read(self) -> Image:
        """Return the first texture, (height, width, 4) float32, the top row first."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        GL.glReadBuffer(GL.GL_COLOR_ATTACHMENT0)
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 4)
        values = np.empty((self.height, self.width, 4), np.float32)
        GL.glReadPixels(0, 0, self.width, self.height, GL.GL_RGBA, GL.GL_FLOAT, values)
        return np.ascontiguousarray(values[::-1])

    def delete(self) -> None:
        """Give it back to the driver."""
        GL.glDeleteFramebuffers(1, [self._name])
        for texture in self.textures:
            texture.delete()


@contextmanager
def kept_target() -> Iterator[None]:
    """Draw elsewhere, and go back to the present target and viewport at the end."""
    before = int(GL.glGetIntegerv(GL.GL_DRAW_FRAMEBUFFER_BINDING))
    viewport = [int(v) for v in GL.glGetIntegerv(GL.GL_VIEWPORT)]
    try:
        yield
    finally:
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, before)
        GL.glViewport(*viewport)
        GL.glUseProgram(0)
        GL.glActiveTexture(GL.GL_TEXTURE0)
