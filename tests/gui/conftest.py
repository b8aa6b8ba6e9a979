"""A window for tests of the window: its settings and projects lie in a folder of the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMenu, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client import connection, prices
from spaceport_app.gui import places, theme
from spaceport_app.gui.plain import Link
from spaceport_app.gui.run.engine import EngineFinder
from spaceport_app.gui.window import MainWindow


@pytest.fixture(autouse=True)
def plain_words() -> Iterator[None]:
    """Whatever a test of the window opens, no label takes its text for HTML."""
    yield
    if isinstance(QApplication.instance(), QApplication):
        assert not rich()


def rich() -> list[str]:
    """Return the texts in open windows that Qt shows as HTML, or would if they looked like it."""
    found = []
    for widget in QApplication.allWidgets():
        if Qt.mightBeRichText(widget.toolTip()):
            found.append(widget.toolTip())
        plain = isinstance(widget, Link) or _of_qt(widget)
        if not isinstance(widget, QLabel) or plain or not widget.text():
            continue
        if widget.textFormat() != Qt.TextFormat.PlainText:
            found.append(widget.text())
    return found


def _of_qt(widget: QWidget) -> bool:
    above: QWidget | None = widget
    while above is not None:
        # pyqtgraph makes menus with labels of its own words.
        if isinstance(above, QFileDialog | QMenu) or above.metaObject().className() == "QTipLabel":
            return True
        above = above.parentWidget()
    return False


@pytest.fixture
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the window's files away from those of the person who runs the tests."""
    monkeypatch.setattr(places, "settings_folder", lambda: tmp_path / "settings")
    monkeypatch.setattr(places, "projects_folder", lambda: tmp_path / "projects")
    for module in (connection, prices):
        monkeypatch.setattr(module, "settings_file", lambda: tmp_path / "settings" / "cloud.json")
    return tmp_path


@pytest.fixture
def window(
    own_places: Path, qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """The window on an empty desktop; it does not ask for the training engine."""
    monkeypatch.setattr(EngineFinder, "start", lambda self: None)
    theme.apply(qapp)
    window = MainWindow()
    # 3D views paint only on a real display; the report needs none.
    window.workspace.show_tab("Report")
    qtbot.addWidget(window)
    window.show()
    yield window
    for box in window.findChildren(QMessageBox):
        box.close()
    window.leave()


@pytest.fixture
def few_photos(sample_flight: Path, tmp_path: Path) -> Path:
    """A folder with five photos of the sample flight, in a place with an umlaut and a space."""
    folder = tmp_path / "Flug über Öland"
    folder.mkdir()
    for photo in sorted(sample_flight.glob("*.JPG"))[:5]:
        (folder / photo.name).symlink_to(photo)
    return folder
