"""Drives the real window, on the display that it is given: `drive.py SCENARIO FOLDER`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import waiting
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from spaceport_app.gui import places
from spaceport_app.gui.app import make_application
from spaceport_app.gui.export.dialog import ExportDialog
from spaceport_app.gui.window import MainWindow
from spaceport_app.pipeline.settings import with_options
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project
from spaceport_app.sogs import file

HERE = Path(__file__).parent
FLIGHT = HERE.parents[2] / "resources" / "sample_flight"
TINY = {
    "sfm": {"max_features": 2048, "feature_image_size": 800, "view_size": 400, "neighbours": 6},
    "train": {
        "iterations": 120,
        "max_gaussians": 4000,
        "image_size": 200,
        "checkpoint_every_s": 1.0,
    },
}


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def button(parent: QWidget, name: str) -> QPushButton:
    found = parent.findChild(QPushButton, name)
    assert found is not None, name
    assert found.isVisible() and found.isEnabled(), name
    return found


def workers(folder: Path) -> list[int]:
    """Processes that work for a project, known by its path."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "spaceport_app.pipeline.child" in words and str(folder) in words:
            found.append(process.pid)
    return found


def drag(window: MainWindow, path: Path) -> None:
    """Drag a path from another program's window with the real mouse."""
    source = subprocess.Popen(
        [sys.executable, str(HERE / "drag_source.py"), str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert source.stdout is not None
        start = json.loads(source.stdout.readline())
        end = window.mapToGlobal(window.rect().center())
        _mouse("mousemove", *start)
        _mouse("mousedown", 1)
        for step in range(1, 21):
            x = start[0] + (end.x() - start[0]) * step // 20
            y = start[1] + (end.y() - start[1]) * step // 20
            _mouse("mousemove", x, y)
        pause(0.3)
        _mouse("mouseup", 1)
        pause(0.3)
    finally:
        source.terminate()
        source.wait()


def _mouse(*words: object) -> None:
    # The window must go on working meanwhile: a drag is a talk between two programs.
    process = subprocess.Popen(["xdotool", *map(str, words)])
    waiting.until(lambda: process.poll() is not None, "the mouse moves")
    pause(0.02)


def pause(seconds: float) -> None:
    QTest.qWait(int(seconds * 1000))


def photos(folder: Path, count: int) -> Path:
    """A folder of the first photos of the sample flight, in a place with an umlaut."""
    made = folder / "Flug über Öland"
    made.mkdir()
    for photo in sorted(FLIGHT.glob("*.JPG"))[:count]:
        (made / photo.name).symlink_to(photo)
    return made


def read(window: MainWindow, seconds: float = 90) -> Project:
    waiting.until(lambda: window.session.photos is not None, "the photos are read", seconds)
    waiting.until(lambda: not window.workspace.running(), "reading is over", seconds)
    assert window.session.project is not None
    return window.session.project


def make_tiny(window: MainWindow) -> None:
    project = window.session.project
    assert project is not None
    panel = window.workspace.stage_panel
    panel.save_settings(with_options(registry(), project.document.settings, TINY))
    waiting.until(panel.can_start, "the tiny settings are saved")


def drop_to_export(window: MainWindow, folder: Path) -> None:
    """Drop with the real mouse, start, pause in training, go on, export, check the files."""
    drag(window, photos(folder, 12))
    project = read(window)
    assert window.session.photos is not None and len(window.session.photos.photos) == 12
    make_tiny(window)
    panel = window.workspace.stage_panel
    click(button(panel, "start"))
    checkpoint = project.folder / ".train.scratch"
    waiting.until(
        lambda: checkpoint.is_dir() and any(checkpoint.rglob("*checkpoint*")),
        "training has a checkpoint",
        300,
    )
    click(button(panel, "pause"))
    waiting.until(lambda: not panel.running(), "the run has paused", 30)
    assert workers(project.folder) == []
    assert project.published("train") is None and project.published("sfm") is not None

    waiting.until(panel.can_start, "one can go on", 30)
    click(button(panel, "start"))
    waiting.until(lambda: not panel.running(), "the run is over", 300)
    again = Project.open(project.folder)
    run = again.published("train")
    assert run is not None and run.resumed, "training went on from its checkpoint"
    assert run.report["iterations"] == 120
    sog = project.folder / "export" / f"{again.document.name}.sog"
    assert len(file.read(sog)) == run.report["gaussians"]

    for tab in ("Flight", "Splat", "Training", "Report"):
        window.workspace.show_tab(tab)
        pause(1.0)
    export(window, project.folder, again.document.name)


def export(window: MainWindow, folder: Path, name: str) -> None:
    window.menus.export.trigger()
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    dialog.formats["ply"].setChecked(True)
    dialog.level.setCurrentIndex(dialog.level.findText("Smallest file"))
    dialog.level.activated.emit(dialog.level.currentIndex())
    assert dialog.estimate.text().startswith("about")
    click(dialog.start)
    waiting.until(lambda: "written" in dialog.status.text(), "the export is over", 120)
    smaller = file.read(folder / "export" / f"{name}.sog")
    assert smaller.sh_degree == 0
    assert (folder / "export" / f"{name}.ply").stat().st_size > 100_000
    dialog.copy_button.click()
    assert QApplication.clipboard().text() == str(folder / "export" / f"{name}.sog")
    dialog.close()


def failing(window: MainWindow, folder: Path) -> None:
    """Photos that don't overlap: the stage fails with a sentence, and the window goes on."""
    import numpy as np
    from PIL import Image

    made = folder / "noise"
    made.mkdir()
    rng = np.random.default_rng(3)
    for number in range(4):
        pixels = rng.integers(0, 255, (150, 200, 3), np.uint8)
        sharp = Image.fromarray(pixels).resize((800, 600), Image.Resampling.NEAREST)
        sharp.save(made / f"{number}.jpg", quality=95)
    window.take([made])
    read(window)
    make_tiny(window)
    panel = window.workspace.stage_panel
    click(button(panel, "start"))
    waiting.until(lambda: not panel.running(), "the run is over", 120)
    row = panel.rows["sfm"]
    assert row.line.failed
    assert window.session.project is not None
    record = Project.open(window.session.project.folder).record("sfm")
    assert record is not None and record.latest is not None
    assert record.latest.state == "failed" and record.latest.message
    window.workspace.show_tab("Report")
    pause(0.5)


def killed(window: MainWindow, folder: Path) -> None:
    """A run killed with -9 while it worked; the window offers to go on, and does."""
    made = folder / "killed.spaceport"
    command = [sys.executable, "-m", "spaceport_app", "run", str(photos(folder, 8))]
    flags = ["--sfm-max-features", "2048", "--sfm-feature-image-size", "800"]
    process = subprocess.Popen([*command, "-o", str(made), *flags, "-q"])
    waiting.until((made / ".sfm.partial").is_dir, "sfm works", 90)
    process.kill()
    process.wait()
    waiting.until(lambda: workers(made) == [], "its workers end as well", 20)

    window.open_path(made)
    banner = window.workspace.banner
    waiting.until(banner.isVisible, "the window offers to go on")
    panel = window.workspace.stage_panel
    click(banner.action)
    waiting.until(panel.running, "the work goes on", 30)
    waiting.until(
        lambda: Project.open(made).published("sfm") is not None, "the stage is finished", 200
    )
    # Closing in the middle asks first, and leaves nothing behind.
    window.close()
    assert window.isVisible()
    box = window.findChild(QMessageBox, "question")
    assert box is not None
    next(one for one in box.buttons() if one.text() == "Stop and close").click()
    assert not window.isVisible()
    assert workers(made) == []


def whole_flight(window: MainWindow, folder: Path) -> None:
    """From the drop to the exported bundle by mouse and keys alone, at preset preview.

    SPACEPORT_FLIGHT names the folder of photos; without it the sample flight is taken.
    """
    flight = Path(os.environ.get("SPACEPORT_FLIGHT") or FLIGHT)
    limit = float(os.environ.get("SPACEPORT_FLIGHT_LIMIT_S", "1500"))
    began = time.monotonic()
    drag(window, flight)
    read(window, 300)
    seconds = {"read": time.monotonic() - began}
    panel = window.workspace.stage_panel
    preset = panel.controls.preset
    preset.setFocus()
    QTest.keyClicks(preset, "Preview")
    waiting.until(lambda: preset.currentText() == "Preview", "the preset is chosen")
    waiting.until(panel.can_start, "the preset is saved")
    click(button(panel, "start"))
    waiting.until(panel.running, "the run has begun", 30)
    for tab in ("Flight", "Training"):
        window.workspace.show_tab(tab)
        pause(2.0)
    waiting.until(lambda: not panel.running(), "the run is over", limit)
    seconds["bundle"] = time.monotonic() - began
    assert window.session.project is not None
    project = Project.open(window.session.project.folder)
    assert project.document.settings.preset == "preview"
    for tab in ("Splat", "Report"):
        window.workspace.show_tab(tab)
        pause(2.0)

    _mouse("key", "ctrl+e")
    waiting.until(lambda: window.findChild(ExportDialog) is not None, "the dialog opens", 10)
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    dialog.start.setFocus()
    click(dialog.start)
    waiting.until(lambda: "written" in dialog.status.text(), "the export is over", 300)
    seconds["exported"] = time.monotonic() - began
    path = project.folder / "export" / f"{project.document.name}.sog"
    trained = project.published("train")
    assert trained is not None
    assert len(file.read(path)) == trained.report["gaussians"]
    found = Project.open(project.folder)
    stages = {stage.name: found.published(stage.name) for stage in registry()}
    assert all(stages.values())
    placed = stages["sfm"]
    assert placed is not None
    told = {
        "photos": flight.name,
        "placed": f"{placed.report['registered']} of {placed.report['photos']}",
        "psnr_db": trained.report.get("psnr_db"),
        "gaussians": trained.report["gaussians"],
        "sog_bytes": path.stat().st_size,
        "estimate": dialog.estimate.text(),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "stages_s": {name: run.seconds for name, run in stages.items() if run is not None},
    }
    sys.stdout.write(json.dumps(told) + "\n")
    dialog.close()


SCENARIOS: dict[str, Callable[[MainWindow, Path], None]] = {
    "drop_to_export": drop_to_export,
    "failing": failing,
    "killed": killed,
    "whole_flight": whole_flight,
}


def main() -> None:
    scenario, folder = sys.argv[1], Path(sys.argv[2])
    places.settings_folder = lambda: folder / "settings"
    places.projects_folder = lambda: folder / "projects"
    app = make_application()
    broken: list[BaseException] = []
    sys.excepthook = lambda kind, error, where: (
        broken.append(error),
        sys.__excepthook__(kind, error, where),
    )[0]
    window = MainWindow()
    window.move(QPoint(240, 20))
    window.resize(1180, 820)
    window.show()
    assert QTest.qWaitForWindowExposed(window)
    try:
        SCENARIOS[scenario](window, folder)
        assert not broken, broken
    finally:
        window.leave()
        app.processEvents()


if __name__ == "__main__":
    main()
