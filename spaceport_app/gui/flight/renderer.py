"""Whether a graphics card draws, or the processor in its place."""

from __future__ import annotations

_SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "gdi generic", "basic render")


def is_software(description: str) -> bool:
    """Return whether OpenGL is drawn by software, as it is without a graphics driver.

    `description` is what the driver says of itself.
    """
    name = description.casefold()
    return any(word in name for word in _SOFTWARE)
