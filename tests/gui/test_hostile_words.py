"""Names and messages of somebody else, through the doors of the real window: shown as written."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as Text
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from spaceport_app.gui.export.dialog import ExportDialog
from spaceport_app.gui.start.card import ProjectCard
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

from .conftest import rich

HTML = '<img src="/etc/hostname"><b>x</b> <a href="http://there">Buy</a>'
# As the name of a file it can have no slash.
NAME = "<img src=there><b>x<b> &lt;"
_LONG_MS = 60_000


def shown(within: QWidget, part: str) -> list[QLabel]:
    """Return the labels whose text holds `part`, all of them plain."""
    found = [label for label in within.findChildren(QLabel) if part in label.text()]
    for label in found:
        assert label.textFormat() == Qt.TextFormat.PlainText, label.text()
    return found


@pytest.fixture
def named(own_places: Path, few_photos: Path) -> Path:
    """A project of such a name."""
    folder = own_places / f"{NAME}.spaceport"
    Project.create(folder, (few_photos,), Settings("preview", "cpu"))
    return folder


def test_the_version_of_a_bundle(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "scene.sog"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("meta.json", json.dumps({"version": HTML, "count": 1}))
    window.take([path])
    qtbot.waitUntil(lambda: window.workspace.tabs.splat is not None, timeout=_LONG_MS)
    splat = window.workspace.tabs.splat
    assert splat is not None
    qtbot.waitUntil(lambda: bool(shown(splat, HTML[:20])), timeout=_LONG_MS)
    assert not rich()


def test_the_name_of_a_project(
    window: MainWindow, named: Path, few_photos: Path, qtbot: QtBot
) -> None:
    window.take([named])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    qtbot.waitUntil(lambda: not window.workspace.running(), timeout=_LONG_MS)
    assert window.windowTitle().startswith(NAME)
    window.take([few_photos])
    box = window.findChild(QMessageBox, "question")
    assert box is not None and shown(box, NAME)
    box.reject()
    window.export()
    dialog = window.findChild(ExportDialog)
    assert dialog is not None and NAME in dialog.windowTitle()
    assert not rich()
    dialog.reject()
    window.menus.close.trigger()
    qtbot.waitUntil(lambda: bool(window.start_page.findChildren(ProjectCard)), timeout=_LONG_MS)
    card = window.start_page.findChildren(ProjectCard)[0]
    assert shown(card, "<img")
    assert not rich()


def test_names_of_folders_and_photos(
    window: MainWindow, sample_flight: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / NAME
    folder.mkdir()
    for number, photo in enumerate(sorted(sample_flight.glob("*.JPG"))[:3]):
        shutil.copy(photo, folder / f"{NAME}{number}.jpg")
    window.take([folder])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    qtbot.waitUntil(lambda: not window.workspace.running(), timeout=_LONG_MS)
    index = window.workspace.photo_panel._model.index(0)
    assert NAME in index.data(Qt.ItemDataRole.DisplayRole)
    tip = index.data(Qt.ItemDataRole.ToolTipRole)
    assert tip.replace("\u200b", "").startswith(NAME) and not Text.mightBeRichText(tip)
    menu = QMenu()
    window._fill_recent(menu)
    assert not any(Text.mightBeRichText(action.toolTip()) for action in menu.actions())
    assert not rich()


def test_the_message_of_a_stage(window: MainWindow, named: Path, qtbot: QtBot) -> None:
    """What a record of the project says of its last run."""
    file = named / "project.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    run = {
        "fingerprint": "x", "state": "failed", "started": "2026-01-01T00:00:00", "finished": "",
        "seconds": 1.0, "peak_memory_bytes": 1, "code": "bad", "message": HTML, "remedy": HTML,
    }  # fmt: skip
    said["stages"]["sfm"] = {"folder": "sfm", "published": None, "latest": run}
    file.write_text(json.dumps(said), encoding="utf-8")
    window.take([named])
    qtbot.waitUntil(lambda: not window.workspace.running(), timeout=_LONG_MS)
    qtbot.waitUntil(lambda: bool(shown(window, HTML)), timeout=_LONG_MS)
    assert not rich()


@pytest.mark.parametrize("where", ["missing", "broken"])
def test_an_error(where: str, window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / f"{NAME}.spaceport"
    if where == "broken":
        path.mkdir()
        (path / "project.json").write_text("no json", encoding="utf-8")
    window.take([path])
    box = window.findChild(QMessageBox, "told")
    assert box is not None and shown(box, NAME)


def test_a_failure_nobody_foresaw(window: MainWindow) -> None:
    window.help.show_exception(f"ValueError: {HTML}", f"Traceback\n{HTML}")
    box = window.findChild(QMessageBox, "exception")
    assert box is not None and shown(box, HTML) and not rich()


@pytest.mark.skipif(os.name == "nt", reason="names of Linux")
def test_a_name_that_turns_the_line_around(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "DJI_\u202egpj.spaceport"
    window.take([path])
    box = window.findChild(QMessageBox, "told")
    assert box is not None
    assert "DJI_\\u202egpj.spaceport" in box.text()


def test_a_long_value_leaves_room_for_the_buttons(window: MainWindow, qtbot: QtBot) -> None:
    from spaceport_app.gui.dialogs import tell

    tell(window, f"scene.sog: version {'A' * 100_000} is not known.", "B " * 100_000)
    box = window.findChild(QMessageBox, "told")
    assert box is not None
    qtbot.waitUntil(box.isVisible)
    room = QApplication.primaryScreen().availableGeometry()
    assert box.width() <= room.width() and box.height() <= room.height()
