"""The question for updates in the window: never unasked, never a download."""

from __future__ import annotations

from datetime import date

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from spaceport_app import updates
from spaceport_app.errors import StageError
from spaceport_app.gui.dialogs import TextDialog
from spaceport_app.gui.window import MainWindow
from spaceport_app.updates import Release

PAGE = "https://updates.example/page"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answer with a newer version, and keep what was asked."""
    found: list[str] = []

    def ask(where: str) -> Release:
        found.append(where)
        return Release("9.0.0", PAGE, "2026-11-24", "Flies better.")

    monkeypatch.setenv(updates.VARIABLE, "https://updates.example/latest.json")
    monkeypatch.setattr(updates, "ask", ask)
    return found


def box_of(window: MainWindow) -> QMessageBox | None:
    return window.findChild(QMessageBox, "updates")


def wait_for_box(window: MainWindow, qtbot: QtBot) -> QMessageBox:
    qtbot.waitUntil(lambda: box_of(window) is not None, timeout=30_000)
    box = box_of(window)
    assert box is not None
    return box


def test_the_menu_asks_and_the_page_opens_in_the_browser(
    window: MainWindow, qtbot: QtBot, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    window.menus.updates.trigger()
    box = wait_for_box(window, qtbot)
    assert box.text() == "Spaceport 9.0.0 is there."
    assert "Nothing was downloaded." in box.informativeText()
    assert not opened
    page = next(b for b in box.findChildren(QPushButton) if b.text() == "Open its page")
    page.click()
    assert opened == [QUrl(PAGE)]
    assert asked == ["https://updates.example/latest.json"]


def test_without_agreement_nothing_is_asked(window: MainWindow, asked: list[str]) -> None:
    window.updates.ask_if_agreed()
    window._background.wait()
    assert not asked and not window.updates.agreed


def test_who_agreed_is_told_once_of_a_version(
    window: MainWindow, qtbot: QtBot, asked: list[str]
) -> None:
    window.menus.updates.trigger()
    box = wait_for_box(window, qtbot)
    agree = box.checkBox()
    assert agree is not None and not agree.isChecked()
    agree.setChecked(True)
    assert window.updates.agreed
    box.close()
    qtbot.waitUntil(lambda: box_of(window) is None, timeout=30_000)
    window.updates.ask_if_agreed()
    day = date.today().isoformat()
    qtbot.waitUntil(lambda: window._state.text("updates_asked") >= day, timeout=30_000)
    assert len(asked) == 2
    # The version was told before, and the day has had its question.
    assert box_of(window) is None


def test_no_connection_is_told_to_who_asked_only(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def ask(where: str) -> Release:
        calls.append(where)
        raise StageError("updates_offline", "Not reached.", "Ask again.")

    monkeypatch.setenv(updates.VARIABLE, "https://updates.example/latest.json")
    monkeypatch.setattr(updates, "ask", ask)
    window._state.save(updates="yes")
    window.updates.ask_if_agreed()
    qtbot.waitUntil(lambda: len(calls) == 1, timeout=30_000)
    window.menus.updates.trigger()
    box = wait_for_box(window, qtbot)
    assert box.informativeText() == "Not reached. Ask again."


def test_about_leads_to_the_licence_texts(window: MainWindow, qtbot: QtBot) -> None:
    window.menus.about.trigger()
    about = window.findChild(TextDialog)
    assert about is not None
    next(b for b in about.findChildren(QPushButton) if b.text() == "Licence texts").click()

    def licences() -> TextDialog | None:
        found = [d for d in window.findChildren(TextDialog) if d.windowTitle() == "Licences"]
        return found[0] if found else None

    qtbot.waitUntil(
        lambda: (dialog := licences()) is not None and dialog.copy.isEnabled(), timeout=60_000
    )
    dialog = licences()
    assert dialog is not None
    text = dialog.text.toPlainText()
    assert "Permission is hereby granted, free of charge" in text and "pycolmap" in text
