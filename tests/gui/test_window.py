"""The window at its door: drops, menus, what it remembers, what it asks."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from spaceport_app.gui import theme
from spaceport_app.gui.dialogs import TextDialog, tell
from spaceport_app.gui.exceptions import ExceptionHook
from spaceport_app.gui.start.card import ProjectCard
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

_LONG_MS = 60_000


def drop(target: QWidget, *paths: Path) -> bool:
    """Drop paths on a widget as a file manager does, and return whether they were taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where = QPointF(target.rect().center())
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(where.toPoint(), action, data, button, keys)
    target.window().dragEnterEvent(enter)
    if not enter.isAccepted():
        return False
    target.window().dropEvent(QDropEvent(where, action, data, button, keys))
    return True


def asked(window: MainWindow) -> QMessageBox:
    box = window.findChild(QMessageBox, "question")
    assert box is not None
    return box


def press(box: QMessageBox, words: str) -> None:
    next(button for button in box.buttons() if button.text() == words).click()


def test_dropped_photos_make_a_project_and_are_read_at_once(
    window: MainWindow, few_photos: Path, own_places: Path, qtbot: QtBot
) -> None:
    assert drop(window, few_photos)
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    project = window.session.project
    assert project is not None
    assert project.folder == own_places / "projects" / f"{few_photos.name}.spaceport"
    assert project.sources == (few_photos,)
    assert window.session.photos is not None
    assert len(window.session.photos.photos) == 5
    assert window.windowTitle().startswith(few_photos.name)
    assert not window.workspace.running()
    assert window.workspace.stage_panel.isEnabled()
    assert window.menus.save_copy.isEnabled()
    assert not window.menus.export.isEnabled()


def test_more_photos_can_join_the_project(
    window: MainWindow, few_photos: Path, sample_flight: Path, qtbot: QtBot
) -> None:
    window.take([few_photos])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    assert drop(window, sample_flight / "SPACE_0020.JPG")
    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "question") is not None)
    press(asked(window), "Add to project")

    def six() -> bool:
        photos = window.session.photos
        return photos is not None and len(photos.photos) == 6

    qtbot.waitUntil(six, timeout=_LONG_MS)


def test_unreadable_photos_are_told_and_the_window_goes_on(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"no photo")
    window.take([folder])
    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "told") is not None, timeout=_LONG_MS)
    told = window.findChild(QMessageBox, "told")
    assert told is not None
    assert "photo" in told.text().lower()
    assert told.informativeText()
    assert not window.workspace.running()
    assert window.workspace.stage_panel.isEnabled()


def test_the_sample_flight_is_made_once_and_opened_again(
    window: MainWindow, own_places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window.workspace, "read_photos", lambda: None)
    window.start_page.drop_area.sample.click()
    project = window.session.project
    assert project is not None
    assert project.folder == own_places / "projects" / "Sample flight.spaceport"
    assert project.document.settings.preset == "preview"
    window.menus.close.trigger()
    window.open_sample()
    assert window.session.project is not None
    assert window.session.project is not project
    assert window.session.project.folder == project.folder


def test_text_is_no_drop(window: MainWindow) -> None:
    data = QMimeData()
    data.setText("hello")
    enter = QDragEnterEvent(
        QPointF(5, 5).toPoint(),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dragEnterEvent(enter)
    assert not enter.isAccepted()


def test_a_dropped_splat_opens_the_splat_view_alone(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    from spaceport_app.splats.file import write_ply
    from spaceport_app.splats.model import Splats

    rng = np.random.default_rng(1)
    n = 50
    splats = Splats(
        rng.normal(size=(n, 3)).astype(np.float32),
        np.full((n, 3), -3.0, np.float32),
        np.tile(np.float32([1, 0, 0, 0]), (n, 1)),
        np.zeros(n, np.float32),
        np.zeros((n, 1, 3), np.float32),
    )
    path = tmp_path / "any.ply"
    write_ply(path, splats)
    assert drop(window, path)
    qtbot.waitUntil(lambda: window.session.splats == path)
    assert window.workspace.current_tab() == "Splat"
    tabs = window.workspace.tabs
    assert [tabs.tabText(k) for k in range(tabs.count()) if tabs.isTabVisible(k)] == ["Splat"]
    assert window.workspace.isVisible()
    assert window.windowTitle().startswith("any.ply")
    window.menus.close.trigger()
    assert window.start_page.isVisible()


def test_recent_projects_open_with_a_key(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    folder = tmp_path / "x.spaceport"
    Project.create(folder, (tmp_path / "nothing",), Settings())
    window.open_path(folder)
    assert window.session.project is not None
    window.workspace.stop()
    window.menus.close.trigger()
    qtbot.waitUntil(lambda: window.start_page.findChild(ProjectCard) is not None)
    card = window.start_page.findChild(ProjectCard)
    assert card is not None
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert window.session.project is not None
    assert window.session.project.folder == folder


def test_a_folder_that_is_no_project_is_told_and_changes_nothing(
    window: MainWindow, tmp_path: Path
) -> None:
    folder = tmp_path / "damaged.spaceport"
    folder.mkdir()
    (folder / "project.json").write_text("{", encoding="utf-8")
    window.open_path(folder)
    told = window.findChild(QMessageBox, "told")
    assert told is not None and "damaged" in told.text()
    assert window.session.project is None
    assert (folder / "project.json").read_text(encoding="utf-8") == "{"


def test_size_theme_and_tab_are_remembered(
    window: MainWindow, qtbot: QtBot, own_places: Path
) -> None:
    window.resize(970, 640)
    window._choose_theme("dark")
    assert theme.current() is theme.DARK
    window.leave()
    theme.choose("system")
    again = MainWindow()
    qtbot.addWidget(again)
    # The screen of the offscreen platform is too narrow to keep the width.
    assert again.height() == 640
    assert theme.current() is theme.DARK
    assert again.workspace.current_tab() == "Report"
    again.leave()
    theme.choose("system")


def test_closing_during_work_asks_and_leaves_no_process(
    window: MainWindow, sample_flight: Path, qtbot: QtBot
) -> None:
    window.take([sample_flight])
    assert window.workspace.running()
    window.close()
    assert window.isVisible()
    press(asked(window), "Stop and close")
    assert not window.isVisible()
    assert not window.workspace.running()
    project = window.session.project
    assert project is not None and not project.busy


def test_a_message_left_open_ends_with_the_window(window: MainWindow, qtbot: QtBot) -> None:
    tell(window, "Something went wrong.", "Do this.")
    window.help.show_keys([])
    window.leave()
    qtbot.wait(20)
    shown = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    assert shown == []


def test_an_interrupted_project_offers_to_go_on(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "killed.spaceport"
    project = Project.create(folder, (tmp_path,), Settings())
    with project.locked():
        project.begin("import", "photos", "print")
    monkeypatch.setattr(window.workspace, "read_photos", lambda: None)
    window.open_path(folder)
    banner = window.workspace.banner
    assert banner.isVisible()
    started: list[bool] = []
    monkeypatch.setattr(
        type(window.workspace.stage_panel), "start", lambda self: started.append(True)
    )
    window.open_path(folder)
    banner.action.click()
    assert started == [True]
    assert not banner.isVisible()


def test_an_exception_in_any_thread_is_shown(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    hook = ExceptionHook(window)
    hook.caught.connect(window.help.show_exception)
    hook.install()

    def break_down() -> None:
        raise ValueError("the cat sat on it")

    thread = threading.Thread(target=break_down)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "exception") is not None)
    box = window.findChild(QMessageBox, "exception")
    assert box is not None
    assert "the cat sat on it" in box.informativeText()
    assert "break_down" in box.detailedText()


def test_diagnostics_name_versions_and_no_places(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "x.spaceport"
    project = Project.create(folder, (tmp_path,), Settings())
    (folder / "logs").mkdir()
    (folder / "logs" / "sfm.log").write_text("at 47.793619 11.163483 all is well\n", "utf-8")
    window.session.project = project
    window.help.show_diagnostics()
    dialog = window.findChild(TextDialog)
    assert dialog is not None
    qtbot.waitUntil(dialog.copy.isEnabled, timeout=120_000)
    text = dialog.text.toPlainText()
    assert "Spaceport" in text and "PySide6" in text and "all is well" in text
    assert "47.79" not in text and "11.16" not in text
    assert str(Path.home()) not in text or str(Path.home()) == "/"
    dialog.copy.click()
    dialog.close()


def test_the_start_page_survives_a_list_of_nonsense(own_places: Path, qtbot: QtBot) -> None:
    file = own_places / "settings" / "recent.json"
    file.parent.mkdir()
    file.write_text(json.dumps(["/nowhere", 5]), encoding="utf-8")
    window = MainWindow()
    qtbot.addWidget(window)
    window.show()
    qtbot.wait(50)
    assert window.start_page.isVisible()
    window.leave()
