"""Whether a graphics card draws, or the processor in its place."""

from __future__ import annotations

from spaceport_app.gui import graphics

_SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "gdi generic", "basic render")


def is_software() -> bool:
    """Return whether OpenGL is drawn by software, as it is without a graphics driver."""
    name = graphics.name().casefold()
    return any(word in name for word in _SOFTWARE)
