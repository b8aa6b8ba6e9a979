"""Which OpenGL draws the views."""

from __future__ import annotations

from PySide6.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat

_VENDOR, _RENDERER, _VERSION = 0x1F00, 0x1F01, 0x1F02


def set_default_format() -> None:
    """Ask for OpenGL 3.3 core with a depth buffer; to be called before the application is made."""
    wanted = QSurfaceFormat()
    wanted.setVersion(3, 3)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setDepthBufferSize(24)
    QSurfaceFormat.setDefaultFormat(wanted)


def name() -> str:
    """Return vendor, renderer and version as the driver tells them."""
    context = QOpenGLContext()
    if not context.create():
        return "none: no OpenGL context can be made"
    surface = QOffscreenSurface()
    surface.create()
    if not context.makeCurrent(surface):
        return "none: OpenGL cannot be used"
    try:
        functions = context.functions()
        words = (functions.glGetString(what) for what in (_VENDOR, _RENDERER, _VERSION))
        return ", ".join(str(word) for word in words if word)
    finally:
        context.doneCurrent()
