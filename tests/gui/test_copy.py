"""File > Save a copy: the copy is a project of its own, with equal results."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from spaceport_app.errors import StageError
from spaceport_app.gui import session as sessions
from spaceport_app.gui.session import copy_project
from spaceport_app.gui.window import MainWindow
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project

from .finished import make


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make(tmp_path / "Öland flight.spaceport")
    (made.folder / ".import.partial").mkdir()
    return made


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_copy_opens_with_equal_results(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "other place" / "Kopie.spaceport"
    target.parent.mkdir()
    copy_project(project, target)
    copy = Project.open(target)
    assert [*copy.document.stages] == [*project.document.stages]
    for stage in registry():
        before, after = project.published(stage.name), copy.published(stage.name)
        assert before is not None and after is not None
        assert after.report == before.report
        assert after.fingerprint == before.fingerprint
    assert copy.sources == project.sources
    kept = [name for name in files(project.folder) if name != ".lock"]
    assert [name for name in files(target) if name != ".lock"] == kept
    same, other, odd = filecmp.cmpfiles(project.folder, target, kept, shallow=False)
    assert (len(same), other, odd) == (len(kept), [], [])
    # Half-written results stay behind.
    assert not (target / ".import.partial").exists()


def test_a_copy_lives_when_the_first_is_gone(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "b.spaceport"
    copy_project(project, target)
    shutil.rmtree(project.folder)
    assert Project.open(target).published("export") is not None


def test_nothing_is_overwritten(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "there.spaceport"
    target.mkdir()
    (target / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(StageError, match="exists already"):
        copy_project(project, target)
    assert files(target) == ["mine.txt"]


def test_a_project_at_work_is_not_copied(project: Project, tmp_path: Path) -> None:
    other = Project.open(project.folder)
    with other.locked(), pytest.raises(StageError) as caught:
        copy_project(project, tmp_path / "b.spaceport")
    assert caught.value.code == "project_locked"
    assert not list(tmp_path.glob("*b.spaceport*"))


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EACCES, "not_writable")]
)
def test_without_room_nothing_is_left(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def some_then_full(source: Path, target: Path, **_: object) -> None:
        target.mkdir()
        (target / "project.json").write_bytes(b"{")
        # As shutil reports it: a list of what failed.
        raise shutil.Error([(str(source), str(target), f"[Errno {number}] {os.strerror(number)}")])

    monkeypatch.setattr(sessions.shutil, "copytree", some_then_full)
    with pytest.raises(StageError) as caught:
        copy_project(project, tmp_path / "b.spaceport")
    assert caught.value.code == code
    assert "Errno" not in caught.value.message
    assert not list(tmp_path.glob("*b.spaceport*"))


def test_the_menu_copies_and_says_where(
    window: MainWindow,
    project: Project,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(window.workspace._results), "load", lambda *_: None)
    window.open_path(project.folder)
    panel = window.workspace.stage_panel
    qtbot.waitUntil(lambda: not panel._background.pending("look"), timeout=10_000)
    # The ending comes by itself.
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "b"), "everything")
    )
    window.menus.save_copy.trigger()
    target = tmp_path / "b.spaceport"
    qtbot.waitUntil(lambda: "Copied to" in window.statusBar().currentMessage(), timeout=10_000)
    assert Project.exists(target)
    window.menus.save_copy.trigger()
    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "told") is not None, timeout=10_000)
    told = window.findChild(QMessageBox, "told")
    assert told is not None and "exists already" in told.text() + told.informativeText()
    assert window.session.project is not None
    assert window.session.project.folder == project.folder
    monkeypatch.setattr(window.workspace, "running", lambda: True)
    window._refresh()
    assert not window.menus.save_copy.isEnabled()
