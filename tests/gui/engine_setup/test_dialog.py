"""The dialog of the GPU engine, with real small wheels from a server of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_setup.index import PAYLOAD, Server, large, recipe, table
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from spaceport_app import installed_engine
from spaceport_app.engine_setup import testing
from spaceport_app.errors import StageError
from spaceport_app.gui.engine_setup import dialog as module
from spaceport_app.gui.engine_setup.dialog import EngineDialog
from spaceport_app.gui.run.controls import Controls
from spaceport_app.gui.window import MainWindow

LONG_MS = 60_000


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(installed_engine.FOLDER_VARIABLE, str(tmp_path / "engines"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(testing, "test", lambda *_: {"left_out": True})
    return tmp_path / "engines"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def made(server: Server) -> dict[str, Any]:
    return recipe(server, {PAYLOAD: large(PAYLOAD, 60)})


def opened(qtbot: QtBot, folder: Path, made: dict[str, Any]) -> EngineDialog:
    dialog = EngineDialog(table=table(folder, made))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=LONG_MS)
    return dialog


def rest(qtbot: QtBot, dialog: EngineDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.busy, timeout=LONG_MS)


def test_says_what_it_would_fetch(qtbot: QtBot, tmp_path: Path, made: dict[str, Any]) -> None:
    dialog = opened(qtbot, tmp_path, made)
    assert "No GPU engine is set up" in dialog.state.text()
    for words in ("payload 1.0", "61.4 kB from 127.0.0.1", "that are free", str(tmp_path)):
        assert words in dialog.details.text()
    assert dialog.start.text() == "Set up" and dialog.start.isEnabled()
    assert not dialog.agree.isVisible() and not dialog.back.isVisible()
    assert not dialog.stop.isVisible() and not dialog.line.isVisible()


def test_sets_up_goes_back_and_removes(
    qtbot: QtBot, tmp_path: Path, made: dict[str, Any], home: Path
) -> None:
    dialog = opened(qtbot, tmp_path, made)
    with qtbot.waitSignal(dialog.changed, timeout=LONG_MS):
        dialog.start.click()
    rest(qtbot, dialog)
    assert "In use: payload 1.0" in dialog.state.text()
    assert "works and is in use" in dialog.step.text()
    assert dialog.start.text() == "Set up again"
    with qtbot.waitSignal(dialog.changed, timeout=LONG_MS):
        dialog.back.click()
    rest(qtbot, dialog)
    assert installed_engine.current() is None and dialog.back.isVisible()
    dialog.remove.click()
    box = dialog.findChild(QMessageBox, "question")
    assert box is not None
    button = next(one for one in box.findChildren(QPushButton) if one.text() == "Remove")
    with qtbot.waitSignal(dialog.changed, timeout=LONG_MS):
        button.click()
    rest(qtbot, dialog)
    assert not home.exists() and not dialog.remove.isVisible()


def test_unverified_packages_need_a_tick(
    qtbot: QtBot, tmp_path: Path, made: dict[str, Any]
) -> None:
    made["files"][0]["sha256"] = None
    dialog = opened(qtbot, tmp_path, made)
    assert f"{PAYLOAD} from 127.0.0.1" in dialog.agree.text()
    assert dialog.agree.isVisible() and not dialog.start.isEnabled()
    dialog.agree.click()
    assert dialog.start.isEnabled()
    with qtbot.waitSignal(dialog.changed, timeout=LONG_MS):
        dialog.start.click()


def test_stops_and_goes_on(
    qtbot: QtBot, tmp_path: Path, made: dict[str, Any], server: Server
) -> None:
    import threading

    held = threading.Event()
    server.before_block = lambda path, sent: sent != 30_000 or held.wait(60.0)
    dialog = opened(qtbot, tmp_path, made)
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.line.fraction > 0.0, timeout=LONG_MS)
    assert "Fetching" in dialog.step.text() and dialog.stop.isVisible()
    dialog.stop.click()
    held.set()
    rest(qtbot, dialog)
    assert "kept" in dialog.remedy.text() and not dialog.trouble.isVisible()
    assert "are here already" in dialog.details.text()
    with qtbot.waitSignal(dialog.changed, timeout=LONG_MS):
        dialog.start.click()


def test_closing_stops(qtbot: QtBot, tmp_path: Path, made: dict[str, Any], server: Server) -> None:
    import threading

    held = threading.Event()
    server.before_block = lambda path, sent: sent != 30_000 or held.wait(60.0)
    dialog = opened(qtbot, tmp_path, made)
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.line.fraction > 0.0, timeout=LONG_MS)
    held.set()
    dialog.close()
    rest(qtbot, dialog)
    assert installed_engine.current() is None or dialog.line.fraction == 1.0


def test_what_stands_in_the_way_is_said(
    qtbot: QtBot, tmp_path: Path, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def old(*_: object) -> None:
        raise StageError("driver_too_old", "The NVIDIA driver 470.42 is too old.", "Update it.")

    monkeypatch.setattr(module.plan, "make", old)
    dialog = opened(qtbot, tmp_path, made)
    assert dialog.trouble.text() == "The NVIDIA driver 470.42 is too old."
    assert dialog.remedy.text() == "Update it."
    assert dialog.start.text() == "Look again" and dialog.start.isEnabled()


def test_a_failure_is_said_and_can_be_tried_again(
    qtbot: QtBot, tmp_path: Path, made: dict[str, Any], server: Server
) -> None:
    server.status[f"{PAYLOAD}-1.0-py3-none-any.whl"] = 404
    dialog = opened(qtbot, tmp_path, made)
    dialog.start.click()
    rest(qtbot, dialog)
    assert "does not have" in dialog.trouble.text()
    assert dialog.start.isEnabled()


def test_the_menu_opens_it(window: MainWindow, qtbot: QtBot) -> None:
    window.menus.gpu_engine.trigger()
    dialog = window.findChild(EngineDialog)
    assert dialog is not None and dialog.isVisible()
    rest(qtbot, dialog)
    dialog.close()


def test_the_stage_panel_offers_it_where_a_card_lies_idle(qtbot: QtBot) -> None:
    controls = Controls()
    qtbot.addWidget(controls)
    with qtbot.waitSignal(controls.set_engine_up):
        controls.engine_button.click()
