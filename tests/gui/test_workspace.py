"""What goes between the panels of an open project."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListView, QWidget
from pytestqt.qtbot import QtBot

from spaceport_app.gui.tabs import FLIGHT, SPLAT
from spaceport_app.gui.window import MainWindow


class _View(QWidget):
    """Stands for a 3D view, which paints only on a real display."""

    def __init__(self) -> None:
        super().__init__()
        self.went: list[str] = []
        self.marked: list[str] = []

    def fly_to(self, name: str) -> None:
        self.went.append(name)

    jump_to = fly_to

    def select(self, name: str) -> None:
        self.marked.append(name)

    def __getattr__(self, name: str) -> object:
        return lambda *_: None


@pytest.mark.parametrize("tab", [FLIGHT, SPLAT])
def test_return_on_a_photo_goes_there_in_the_view_in_front(
    window: MainWindow,
    few_photos: Path,
    qtbot: QtBot,
    tab: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window.take([few_photos])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=60_000)
    views = {name: _View() for name in (FLIGHT, SPLAT)}
    tabs = window.workspace.tabs
    for name, view in views.items():
        monkeypatch.setattr(tabs._tabs[name], "content", view)
    # Only a photo with a camera can be looked through; which one, the view knows.
    monkeypatch.setattr(window.session, "reconstruction", object())
    window.workspace.show_tab(tab)
    listed = window.workspace.photo_panel.findChild(QListView, "photos")
    assert listed is not None
    listed.setCurrentIndex(listed.model().index(2, 0))
    qtbot.keyClick(listed, Qt.Key.Key_Return)
    name = window.session.selected
    assert name and window.session.photos is not None
    assert name == window.session.photos.photos[2].name
    other = SPLAT if tab == FLIGHT else FLIGHT
    assert views[tab].went == [name]
    assert views[other].went == []
    assert views[FLIGHT].marked[-1] == name


def test_a_photo_taken_out_stays_out_when_the_project_is_opened_again(
    window: MainWindow, few_photos: Path, qtbot: QtBot
) -> None:
    window.take([few_photos])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=60_000)
    qtbot.waitUntil(lambda: not window.workspace.running(), timeout=60_000)
    panel = window.workspace.photo_panel
    listed = panel.findChild(QListView, "photos")
    assert listed is not None and window.session.project is not None
    listed.setCurrentIndex(listed.model().index(1, 0))
    name, folder = window.session.selected, window.session.project.folder
    panel.exclude([window.session.selected], True)
    assert window.session.project.document.settings.excluded == frozenset({name})
    window.menus.close.trigger()
    window.open_path(folder)
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=60_000)
    assert panel.listing.excluded == frozenset({name})
    out = [entry.name for entry in panel.listing.entries if not entry.used]
    assert out == [name]
    # And in again: what another photo's exclusion saves must not forget this one.
    listed.setCurrentIndex(listed.model().index(3, 0))
    other = window.session.selected
    panel.exclude([window.session.selected], True)
    project = window.session.project
    assert project is not None
    assert project.document.settings.excluded == frozenset({name, other})
