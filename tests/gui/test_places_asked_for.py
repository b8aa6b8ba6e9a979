"""A project of somebody else in the window: where it says its photos lie is asked for first."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from spaceport_app.gui.window import MainWindow
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

_LONG_MS = 60_000


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Return what was asked of the system about a place and what lies in it."""
    paths: list[str] = []

    def watched(real):  # type: ignore[no-untyped-def]
        def call(path, *arguments, **options):  # type: ignore[no-untyped-def]
            if isinstance(path, str | bytes | os.PathLike):
                paths.append(os.fsdecode(path))
            return real(path, *arguments, **options)

        return call

    for name in ("stat", "lstat", "scandir", "listdir", "readlink", "open"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    return lambda place: [path for path in paths if path.startswith(place)]


def received(folder: Path, place: str) -> Path:
    """Make a project as it comes from another computer."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    Project.create(folder, (), Settings("preview", "cpu"))
    file = folder / "project.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    said["sources"] = [{"path": place, "relative": ""}]
    said["created"] = "2026-01-02T03:04:05+00:00"
    file.write_text(json.dumps(said), encoding="utf-8")
    return folder


def settled(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.wait(300)
    qtbot.waitUntil(lambda: not window.workspace.running(), timeout=_LONG_MS)


def test_a_place_on_another_computer_is_touched_by_nothing_in_the_window(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, touched: Callable[[str], list[str]]
) -> None:
    place = "//host/share"
    folder = received(tmp_path / "in" / "theirs.spaceport", place)
    window.take([folder])
    settled(window, qtbot)
    for tab in ("Flight", "Splat", "Report"):
        window.workspace.show_tab(tab)
    banner = window.workspace.banner
    assert banner.isVisible()
    assert "lie in //host/share. Look there?" in banner._sentence.text()
    assert not window.workspace.startable()
    panel = window.workspace.stage_panel
    qtbot.waitUntil(lambda: "//host/share" in panel.controls.trouble.text(), timeout=_LONG_MS)
    window.help.show_diagnostics()
    settled(window, qtbot)
    window.menus.close.trigger()
    settled(window, qtbot)
    assert window.start_page.isVisible(), "with the project among the recent ones"
    window.take([folder])
    settled(window, qtbot)
    assert not touched(place)


def test_not_now_leaves_it_untouched(
    window: MainWindow, tmp_path: Path, few_photos: Path, qtbot: QtBot
) -> None:
    window.take([received(tmp_path / "in" / "theirs.spaceport", str(few_photos))])
    settled(window, qtbot)
    window.workspace.banner.hide()
    window.workspace.read_photos()
    settled(window, qtbot)
    assert window.session.photos is None


def test_a_yes_reads_the_photos_and_is_remembered(
    window: MainWindow, tmp_path: Path, few_photos: Path, qtbot: QtBot
) -> None:
    folder = received(tmp_path / "in" / "theirs.spaceport", str(few_photos))
    window.take([folder])
    settled(window, qtbot)
    assert window.session.photos is None
    window.workspace.banner.action.click()
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    settled(window, qtbot)
    window.menus.close.trigger()
    window.take([folder])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    assert not window.workspace.banner.isVisible()


def test_ones_own_project_asks_nothing(window: MainWindow, few_photos: Path, qtbot: QtBot) -> None:
    window.take([few_photos])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    settled(window, qtbot)
    project = window.session.project
    assert project is not None
    window.menus.close.trigger()
    window.take([project.folder])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    assert not window.workspace.banner.isVisible()
