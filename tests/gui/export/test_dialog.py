from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from spaceport_app.errors import StageError
from spaceport_app.gui.export.dialog import ExportDialog
from spaceport_app.gui.export.taking import take_away

from ..finished import make


@pytest.fixture
def dialog(tmp_path: Path, qapp: QApplication, qtbot: QtBot) -> ExportDialog:
    dialog = ExportDialog(make(tmp_path / "x.spaceport"))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_shows_what_the_last_export_measured(dialog: ExportDialog) -> None:
    assert dialog.estimate.text() == "989.5 kB, as measured"
    assert dialog.level.currentText() == "Balanced"
    assert dialog.copy_button.isVisible()
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text().endswith("x.sog")


def test_levels_and_fields_agree(dialog: ExportDialog) -> None:
    index = dialog.level.findText("Smallest file")
    dialog.level.setCurrentIndex(index)
    dialog.level.activated.emit(index)
    assert dialog.choice().degree == 0
    assert dialog.estimate.text().startswith("about 744")
    dialog.level.setCurrentIndex(2)
    dialog.level.activated.emit(2)
    assert dialog.choice().entries == 65_536
    dialog.degree.setCurrentIndex(0)
    dialog.degree.activated.emit(0)
    assert dialog.level.currentText() == "As chosen below"


def test_without_a_format_there_is_nothing_to_start(dialog: ExportDialog) -> None:
    dialog.formats["sog"].setChecked(False)
    assert not dialog.start.isEnabled()
    assert dialog.estimate.text() == "Choose a format"


def test_a_failed_export_says_why_and_can_be_tried_again(
    dialog: ExportDialog, qtbot: QtBot
) -> None:
    # There are no splats in this project: the stage must fail.
    dialog.formats["ply"].setChecked(True)
    dialog.start.click()
    assert dialog.stop.isVisible()
    qtbot.waitUntil(lambda: dialog.line.failed, timeout=60_000)
    assert dialog.status.text()
    assert dialog.start.isVisible() and dialog.start.isEnabled()


def test_the_browser_gets_the_viewer(
    dialog: ExportDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True
    )
    monkeypatch.setattr("spaceport_app.gui.export.first_view.choose", lambda project: None)
    dialog.browser_button.click()
    qtbot.waitUntil(lambda: bool(opened), timeout=10_000)
    assert opened[0].startswith("http://127.0.0.1:")
    dialog.close()
    assert dialog._server is None


def test_taking_files_away_overwrites_nothing(tmp_path: Path) -> None:
    folder, target = tmp_path / "bundle", tmp_path / "target"
    for place in (folder, target):
        place.mkdir()
    (folder / "meta.json").write_text("{}")
    file = tmp_path / "a.sog"
    file.write_bytes(b"x")
    take_away((file, folder), target)
    assert (target / "a.sog").read_bytes() == b"x"
    assert (target / "bundle" / "meta.json").is_file()
    with pytest.raises(StageError, match="exists already"):
        take_away((file,), target)
    assert not [path for path in target.iterdir() if path.name.startswith(".")]
