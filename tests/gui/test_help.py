"""The Help menu: keys, parts and licences, diagnostics without a word on where one flies."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from spaceport_app.gui import diagnostics, keys, parts
from spaceport_app.gui.diagnostics import RecentLog, without_places
from spaceport_app.gui.dialogs import TextDialog
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project


def test_about_lists_every_part_with_version_and_licence(window: MainWindow) -> None:
    window.menus.about.trigger()
    dialog = window.findChild(TextDialog)
    assert dialog is not None
    lines = dialog.text.toPlainText().splitlines()
    for name in ("torch", "pycolmap", "PySide6_Essentials", "vtk", "numba", "Super"):
        line = next(line for line in lines if line.startswith(name))
        assert len(line.split("  ")) > 1 and line.split("  ")[-1].strip()
    assert lines[0].startswith("Spaceport ") and lines[0].endswith("Apache-2.0")
    listed = parts.parts()
    assert all(part.licence for part in listed)
    assert not {"pytest", "ruff", "mypy"} & {part.name.lower() for part in listed}


def test_f1_shows_the_keys_of_the_menus(window: MainWindow) -> None:
    assert window.menus.keys.shortcut().toString() == "F1"
    window.menus.keys.trigger()
    dialog = window.findChild(TextDialog)
    assert dialog is not None
    text = dialog.text.toPlainText()
    for words in ("Ctrl+N", "New project", "Ctrl+E", "Export", "Show Splat", "F11", "W A S D"):
        assert words in text


def test_no_two_entries_have_the_same_keys(window: MainWindow) -> None:
    found = [given for given, _ in window.menus.keys_and_deeds()]
    assert len(found) > 15
    assert len(found) == len(set(found))


def test_keys_are_aligned() -> None:
    text = keys.text([("Ctrl+O", "Open project")])
    assert "  Ctrl+O " in text and "Open project" in text


@pytest.mark.parametrize(
    "secret",
    [
        "47.793619",
        "-11.1634837",
        "693412.35",
        "5297003.1",
        "47° 47' 37.03\" N",
        "11 deg 9' 48\"",
        "DJI_0042.JPG",
        "IMG_0474.tif",
        "Oma Gertruds Dach 3.jpg",
        "/home/gerda/flights",
        "/media/Waldstraße 7",
    ],
)
def test_nothing_tells_where_somebody_lives_or_flies(secret: str) -> None:
    text = without_places(
        f"the stage read {secret} and went on for 12.5 s",
        Path("/home/gerda"),
        ("Oma Gertruds Dach 3.jpg",),
        {"/media/Waldstraße 7": "[photos]"},
    )
    for word in secret.replace("/home/gerda/flights", "gerda").split():
        if len(word) > 3:
            assert word not in text
    assert "and went on for 12.5 s" in text


def test_diagnostics_of_a_project_keep_its_photos_and_places(
    window: MainWindow,
    few_photos: Path,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = few_photos.parent / "Oma Gertruds Dach 3.JPG"
    next(iter(sorted(few_photos.iterdir()))).rename(few_photos / own.name)
    window.take([few_photos])
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=60_000)
    project, photos = window.session.project, window.session.photos
    assert project is not None and photos is not None
    names = [photo.path.name for photo in photos.photos]
    assert own.name in names
    log = RecentLog()
    monkeypatch.setattr(diagnostics, "_examined", lambda folder: {"troubles": ["none"]})
    lines = [f"{name} at 47.793619 11.163483" for name in names]
    lines += [str(few_photos / names[0]), str(project.folder / "sfm"), str(Path.home() / "x")]
    (project.folder / "logs" / "sfm.log").write_text("\n".join(lines), encoding="utf-8")
    text = diagnostics.collect(project, log.text(), "none", f"Traceback {own}")
    for secret in (*names, "Gertruds", "47.79", "11.16", few_photos.name, str(project.folder)):
        assert secret not in text
    assert str(Path.home()) not in text or str(Path.home()) == "/"
    assert "[photo] at [number] [number]" in text


def test_diagnostics_closed_early_hurt_nothing(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics, "collect", lambda *_: "all that is known")
    window.menus.diagnostics.trigger()
    dialog = window.findChild(TextDialog)
    assert dialog is not None
    dialog.close()
    qtbot.wait(200)
    window.menus.diagnostics.trigger()
    dialog = window.findChild(TextDialog)
    assert dialog is not None
    qtbot.waitUntil(dialog.copy.isEnabled)
    assert "all that is known" in dialog.text.toPlainText()


def test_an_exception_leads_to_diagnostics_that_begin_with_it(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(diagnostics, "_examined", lambda folder: {"troubles": ["none"]})
    window.session.project = Project.create(
        tmp_path / "x.spaceport", (tmp_path / "DJI_0042.JPG",), Settings()
    )
    window.help.show_exception("ValueError: x", "Traceback: DJI_0042.JPG at 47.793619")
    box = window.findChild(QMessageBox, "exception")
    assert box is not None
    more = next(b for b in box.findChildren(QPushButton) if b.text() == "Diagnostics…")
    more.click()
    qtbot.waitUntil(lambda: window.findChild(TextDialog) is not None)
    dialog = window.findChild(TextDialog)
    assert dialog is not None
    qtbot.waitUntil(dialog.copy.isEnabled)
    assert dialog.text.toPlainText().startswith("Traceback: [photo] at [number]")
