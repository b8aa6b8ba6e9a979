"""Whether a window can open here, found out before Qt would end the process over it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

# What dlopen says of the first library that it cannot find.
_MISSING = re.compile(r"^(?P<name>lib[^:]+)\.so(?:\.(?P<version>\d+))?: cannot open")


def trouble(environment: Mapping[str, str] | None = None) -> str | None:
    """Return one sentence on why no window can open, and what to do; None if one can.

    Parameters
    ----------
    environment : mapping, optional
        Environment variables; those of the process by default.
    """
    given = os.environ if environment is None else environment
    if importlib.util.find_spec("PySide6") is None:
        return "The window is not installed here. Install PySide6-Essentials."
    if not sys.platform.startswith("linux") or given.get("QT_QPA_PLATFORM"):
        return None
    looks: list[Callable[[], str | None]] = []
    if given.get("WAYLAND_DISPLAY"):
        looks.append(lambda: _wayland(given))
    if given.get("DISPLAY"):
        looks.append(lambda: _x11(given["DISPLAY"]))
    if not looks:
        return "There is no display here to open a window on."
    found = None
    for look in looks:
        found = look()
        if found is None:
            return None
    return found


def package_of(library: str, version: str) -> str:
    """Return the Debian package of a shared library, by the naming of Debian's policy, 8.1."""
    name = library.lower()
    return f"{name}-{version}" if name[-1:].isdigit() else f"{name}{version}"


def _x11(display: str) -> str | None:
    lacking = _lacking("libqxcb.so")
    if lacking is not None:
        return lacking
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    broken = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if broken:
        return f"The display {display} does not answer. Set DISPLAY to one that does."
    return None


def _wayland(given: Mapping[str, str]) -> str | None:
    lacking = _lacking("libqwayland.so")
    if lacking is not None:
        return lacking
    display = given["WAYLAND_DISPLAY"]
    if not Path(given.get("XDG_RUNTIME_DIR", "/"), display).exists():
        return f"The display {display} does not answer. Set WAYLAND_DISPLAY to one that does."
    return None


def _lacking(plugin: str) -> str | None:
    """Load Qt's part for a kind of display, and say what keeps it from loading."""
    spec = importlib.util.find_spec("PySide6")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "Qt" / "plugins" / "platforms"
    if not (folder / plugin).exists():
        # A PySide6 of a Linux distribution keeps its parts elsewhere and depends on all it needs.
        return None
    try:
        ctypes.CDLL(str(folder / plugin))
    except OSError as error:
        found = _MISSING.match(str(error))
        if found is None:
            return f"Qt cannot be loaded here ({error}). Install what it names."
        library, version = found["name"], found["version"] or ""
        return (
            f"The window needs {library}.so.{version}, which is not installed. "
            f"On Debian and Ubuntu: sudo apt install {package_of(library, version)}"
        )
    return None
