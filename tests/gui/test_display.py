"""Whether a window can open is known before Qt is asked, which would end the process."""

from __future__ import annotations

import sys

import pytest

from spaceport_app.gui import display
from spaceport_app.gui.display import package_of, trouble

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems always have a display"
)


def test_no_display_is_said() -> None:
    assert trouble({}) == "There is no display here to open a window on."


def test_a_display_that_does_not_answer_is_named() -> None:
    found = trouble({"DISPLAY": "127.0.0.1:987"})
    assert found is not None and "127.0.0.1:987 does not answer" in found
    found = trouble({"WAYLAND_DISPLAY": "wayland-987", "XDG_RUNTIME_DIR": "/nowhere"})
    assert found is not None and "wayland-987 does not answer" in found


def test_a_platform_named_by_hand_is_believed() -> None:
    assert trouble({"QT_QPA_PLATFORM": "offscreen"}) is None


def test_a_missing_library_comes_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "libxcb-cursor.so.0: cannot open shared object file: No such file or directory"

    def load(path: str) -> None:
        raise OSError(words)

    monkeypatch.setattr(display.ctypes, "CDLL", load)
    found = trouble({"DISPLAY": ":0"})
    assert found is not None and "needs libxcb-cursor.so.0" in found
    assert found.endswith("sudo apt install libxcb-cursor0")


@pytest.mark.parametrize(
    ("library", "version", "package"),
    [
        ("libxcb-cursor", "0", "libxcb-cursor0"),
        ("libX11-xcb", "1", "libx11-xcb1"),
        ("libdbus-1", "3", "libdbus-1-3"),
        ("libxkbcommon-x11", "0", "libxkbcommon-x11-0"),
        ("libEGL", "1", "libegl1"),
    ],
)
def test_names_of_debian_packages(library: str, version: str, package: str) -> None:
    assert package_of(library, version) == package
