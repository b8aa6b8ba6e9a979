"""What goes wrong around the window is told in a sentence with a remedy, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from spaceport_app.gui.window import MainWindow
from spaceport_app.photos import discover
from spaceport_app.project import document
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

_LONG_MS = 60_000


def told(window: MainWindow) -> tuple[str, str]:
    """Return what the window says now, and put it away."""
    boxes = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
    assert len(boxes) == 1, [box.text() for box in boxes]
    words = boxes[0].text(), boxes[0].informativeText()
    assert words[0].endswith((".", "?")) and words[1].endswith(".")
    assert "Errno" not in " ".join(words) and "Traceback" not in " ".join(words)
    boxes[0].reject()
    boxes[0].setObjectName("put away")
    return words


def says(window: MainWindow) -> bool:
    return any(box.isVisible() for box in window.findChildren(QMessageBox))


def take(window: MainWindow, qtbot: QtBot, *paths: Path) -> None:
    """Open photos and wait until they are read."""
    window.take(paths)
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    qtbot.waitUntil(lambda: not window.workspace.running(), timeout=_LONG_MS)


def still_usable(window: MainWindow, qtbot: QtBot, few_photos: Path) -> None:
    if window.session.project is not None:
        window.menus.close.trigger()
    take(window, qtbot, few_photos)
    assert not says(window)


def test_a_text_file(window: MainWindow, few_photos: Path, qtbot: QtBot, own_places: Path) -> None:
    note = own_places / "note.txt"
    note.write_text("hello", encoding="utf-8")
    window.take([note])
    message, remedy = told(window)
    assert message == "This is no photo." and "JPEG" in remedy
    assert window.session.project is None
    assert not (own_places / "projects").exists()
    still_usable(window, qtbot, few_photos)


def test_an_empty_folder(
    window: MainWindow, few_photos: Path, qtbot: QtBot, own_places: Path
) -> None:
    empty = own_places / "leer"
    (empty / "deeper").mkdir(parents=True)
    window.take([empty])
    assert told(window)[0] == "leer holds no photos."
    assert not (own_places / "projects").exists()
    still_usable(window, qtbot, few_photos)


def test_a_folder_without_permission(
    window: MainWindow,
    few_photos: Path,
    qtbot: QtBot,
    own_places: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = own_places / "secret"
    secret.mkdir()
    secret.chmod(0)
    scan = os.scandir

    def forbid(path: object) -> object:
        # Whoever runs the tests as root may read everything.
        if str(path) == str(secret):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)  # type: ignore[call-overload]

    monkeypatch.setattr(discover.os, "scandir", forbid)
    window.take([secret])
    message, remedy = told(window)
    assert message == f"You have no permission to read {secret}." and "owner" in remedy
    assert not (own_places / "projects").exists()
    monkeypatch.undo()
    secret.chmod(0o700)


def test_a_truncated_photo_is_marked_and_the_others_are_used(
    window: MainWindow, few_photos: Path, qtbot: QtBot
) -> None:
    first, *_ = sorted(few_photos.iterdir())
    data = first.read_bytes()
    first.unlink()
    first.write_bytes(data[: len(data) // 3])
    take(window, qtbot, few_photos)
    assert not says(window)
    photos = window.session.photos
    assert photos is not None
    assert len(photos.photos) + len(photos.left_out) == 5
    names = [item.name for item in photos.left_out]
    names += [photo.name for photo in photos.photos if not photo.used]
    assert names == [first.name]


def test_equal_names_umlauts_and_spaces(
    window: MainWindow, sample_flight: Path, qtbot: QtBot, own_places: Path
) -> None:
    paths = []
    for number, folder in enumerate(("Wiese über Öland", "Süd hang & Co")):
        (own_places / folder).mkdir()
        for photo in range(3):
            link = own_places / folder / f"Bild ä {photo}.JPG"
            link.symlink_to(sample_flight / f"SPACE_{3 * number + photo + 1:04d}.JPG")
        paths.append(own_places / folder)
    take(window, qtbot, *paths)
    assert not says(window)
    photos = window.session.photos
    assert photos is not None
    names = [photo.name for photo in photos.photos]
    assert len(names) == len(set(names)) == 6
    assert {name.rpartition("/")[2] for name in names} == {f"Bild ä {n}.JPG" for n in range(3)}


def test_a_project_whose_folder_is_gone(
    window: MainWindow, few_photos: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    take(window, qtbot, few_photos)
    project = window.session.project
    assert project is not None
    panel = window.workspace.stage_panel
    qtbot.waitUntil(panel.can_start, timeout=_LONG_MS)
    shutil.rmtree(project.folder)

    name = window.session.photos.photos[0].name if window.session.photos else ""
    window.workspace.photo_panel.excluded_changed.emit(frozenset({name}))
    assert project.folder.name in told(window)[0]
    window.workspace.photo_panel.excluded_changed.emit(frozenset({name}))
    told(window)
    window.workspace.refresh()
    told(window)
    window._add((few_photos,))
    told(window)
    window.menus.start.trigger()
    qtbot.waitUntil(lambda: not panel.running(), timeout=_LONG_MS)
    qtbot.waitUntil(panel.controls.trouble.isVisible, timeout=_LONG_MS)
    assert panel.controls.trouble.text()
    assert not project.folder.exists()
    still_usable(window, qtbot, few_photos)


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(document.atomic, "write_json", full)
        yield


def test_a_full_disk_leaves_nothing_and_offers_another(
    window: MainWindow,
    few_photos: Path,
    qtbot: QtBot,
    own_places: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = own_places / "other disk"
    elsewhere.mkdir()
    with full_disk(monkeypatch):
        window.take([few_photos])
    assert window.session.project is None
    assert list((own_places / "projects").iterdir()) == []
    box = next(box for box in window.findChildren(QMessageBox) if box.isVisible())
    assert "is full" in box.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(elsewhere))
    next(b for b in box.buttons() if b.text() == "Choose another folder…").click()
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    assert window.session.project is not None
    assert window.session.project.folder.parent == elsewhere


def test_a_full_disk_while_photos_are_added(
    window: MainWindow,
    few_photos: Path,
    sample_flight: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take(window, qtbot, few_photos)
    with full_disk(monkeypatch):
        window._add((sample_flight / "SPACE_0020.JPG",))
        assert "is full" in told(window)[0]
    assert window.session.project is not None
    assert window.session.project.sources == (few_photos,)
    window._add((sample_flight / "SPACE_0020.JPG",))
    photos = window.session
    qtbot.waitUntil(
        lambda: photos.photos is not None and len(photos.photos.photos) == 6, timeout=_LONG_MS
    )


def test_a_project_of_a_newer_version(
    window: MainWindow, few_photos: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "newer.spaceport"
    Project.create(folder, (few_photos,), Settings())
    file = folder / "project.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**found, "schema": 99}), encoding="utf-8")
    before = file.read_bytes()
    window.open_path(folder)
    message, remedy = told(window)
    assert "newer Spaceport" in message and remedy
    assert window.session.project is None
    assert file.read_bytes() == before
    still_usable(window, qtbot, few_photos)


@pytest.fixture
def hold() -> Iterator[Callable[[Path], None]]:
    """Another process that holds a project."""
    program = (
        "import sys; from pathlib import Path; from spaceport_app.project import lock\n"
        "with lock.held(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"

    yield start
    for process in started:
        process.communicate()


def test_a_project_that_another_process_works_on(
    window: MainWindow, few_photos: Path, qtbot: QtBot, hold: Callable[[Path], None]
) -> None:
    take(window, qtbot, few_photos)
    project = window.session.project
    assert project is not None
    folder = project.folder
    window.menus.close.trigger()
    hold(folder)
    window.open_path(folder)
    # It can be looked at, not changed.
    qtbot.waitUntil(lambda: window.session.photos is not None, timeout=_LONG_MS)
    panel = window.workspace.stage_panel
    qtbot.waitUntil(panel.controls.trouble.isVisible, timeout=_LONG_MS)
    assert "use" in panel.controls.trouble.text() or "work" in panel.controls.trouble.text()
    name = window.session.photos.photos[0].name if window.session.photos else ""
    window.workspace.photo_panel.excluded_changed.emit(frozenset({name}))
    assert "another" in " ".join(told(window)).lower() or "process" in " ".join(told(window))
    assert Project.open(folder).document.settings.excluded == frozenset()
