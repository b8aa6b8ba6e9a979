"""System packages: what the loader cannot find, and who installs it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from development.words import SetupError, say


@dataclass(frozen=True)
class Library:
    """A shared library, the Debian package that holds it, and what stops without it."""

    file: str
    package: str
    purpose: str


LIBRARIES = (
    Library("libstdc++.so.6", "libstdc++6", "every computing package"),
    Library("libgomp.so.1", "libgomp1", "computing on all cores"),
    Library("libGL.so.1", "libgl1", "rendering the sample flight"),
    Library("libEGL.so.1", "libegl1", "rendering without a screen"),
    Library("libX11.so.6", "libx11-6", "rendering the sample flight"),
    *(
        Library(file, package, "the window")
        for file, package in (
            ("libEGL_mesa.so.0", "libegl-mesa0"),
            ("libGLX_mesa.so.0", "libglx-mesa0"),
            ("libOpenGL.so.0", "libopengl0"),
            ("libX11-xcb.so.1", "libx11-xcb1"),
            ("libdbus-1.so.3", "libdbus-1-3"),
            ("libfontconfig.so.1", "libfontconfig1"),
            ("libglib-2.0.so.0", "libglib2.0-0"),
            ("libxcb-cursor.so.0", "libxcb-cursor0"),
            ("libxcb-icccm.so.4", "libxcb-icccm4"),
            ("libxcb-image.so.0", "libxcb-image0"),
            ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
            ("libxcb-randr.so.0", "libxcb-randr0"),
            ("libxcb-render-util.so.0", "libxcb-render-util0"),
            ("libxcb-shape.so.0", "libxcb-shape0"),
            ("libxcb-xkb.so.1", "libxcb-xkb1"),
            ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
            ("libxkbcommon.so.0", "libxkbcommon0"),
        )
    ),
)


def loads(file: str) -> bool:
    """Return whether the loader finds a shared library."""
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True


def missing_libraries(
    libraries: Sequence[Library] = LIBRARIES, found: Callable[[str], bool] = loads
) -> tuple[Library, ...]:
    """Return the libraries that are not there; none are looked for outside Linux."""
    if not sys.platform.startswith("linux"):
        return ()
    return tuple(library for library in libraries if not found(library.file))


def can_install() -> bool:
    """Return whether this is root on a system with apt-get."""
    root = sys.platform.startswith("linux") and os.geteuid() == 0
    return root and shutil.which("apt-get") is not None


def install_line(packages: Sequence[str]) -> str:
    """Return the command that a person types to install packages."""
    names = " ".join(sorted(set(packages)))
    if shutil.which("apt-get"):
        return f"sudo apt-get update && sudo apt-get install -y {names}"
    return f"install what Debian calls {names} with your system's package manager"


def install(packages: Sequence[str]) -> None:
    """Install Debian packages as root.

    Raises
    ------
    SetupError
        If apt-get fails; its own words then stand above.
    """
    names = sorted(set(packages))
    say(f"Installing system packages with apt-get: {' '.join(names)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *names]):
        if subprocess.run(["apt-get", *command], env=environment, check=False).returncode:
            raise SetupError(f"apt-get stopped (see above). Try: {install_line(names)}")


def require_libraries(
    missing: Sequence[Library], install_now: Callable[[Sequence[str]], None] | None
) -> None:
    """Install missing libraries, or say the line that does and go on without them."""
    if not missing:
        return
    if install_now is not None:
        install_now([library.package for library in missing])
        return
    for library in missing:
        say(f"Missing: {library.file}, needed for {library.purpose}.")
    say(f"Going on without. To install: {install_line([m.package for m in missing])}")
