"""A splat edited in the real window by mouse and keys: `edit_cases.py FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import waiting
from pipeline import trained
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from spaceport_app.gui import places
from spaceport_app.gui.app import make_application
from spaceport_app.gui.splat.editing.box_tool import handles
from spaceport_app.gui.splat.view import SplatView
from spaceport_app.gui.window import MainWindow
from spaceport_app.pipeline import editing as store
from spaceport_app.pipeline import summary
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.project.project import Project
from spaceport_app.sogs import file as bundles
from spaceport_app.splats.edits.apply import kept
from spaceport_app.splats.edits.model import Edits

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALL = trained.GROUND + trained.FLOATERS


def opened(folder: Path) -> tuple[MainWindow, SplatView]:
    """Open the project in a window, its splat in front and at rest."""
    window = MainWindow()
    window.resize(1180, 740)
    window.show()
    window.activateWindow()
    waiting.until(window.isActiveWindow, "the window takes keys")
    window.open_path(folder)
    window.workspace.show_tab("Splat")
    tabs = window.workspace.tabs
    waiting.until(lambda: tabs.splat is not None and tabs.splat.canvas is not None, "the view")
    view = tabs.splat
    waiting.until(lambda: view.canvas.item.scene is not None, "the scene is uploaded")
    waiting.until(view.canvas.at_rest, "the view is at rest")
    waiting.until(lambda: window.session.reconstruction is not None, "the cameras are read")
    return window, view


def press(window: MainWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
    """Press keys that mean something in the whole window."""
    # Where no window manager does it, a window has to ask for the keys.
    window.activateWindow()
    waiting.until(lambda: QApplication.activeWindow() is window, "the window takes keys")
    QTest.keyClick(window, key, modifiers)


def stay(view: SplatView) -> int:
    """How many Gaussians the view says that stay."""
    return int(view._status.text().split()[0].replace(",", ""))


def wanted(view: SplatView) -> int:
    """How many stay of the splats on disk."""
    return int(kept(trained.splats(), view.editing.edits).sum())


def bright(view: SplatView) -> float:
    """How much of the picture is no background."""
    waiting.until(view.canvas.at_rest, "the view is at rest")
    shown = view.canvas.grabFramebuffer()
    shown = shown.convertToFormat(shown.Format.Format_RGB888)
    rows = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), -1)
    return float((rows[:, : 3 * shown.width()].reshape(-1, 3).max(axis=1) > 24).mean())


def drag_face(view: SplatView, face: int, part: float) -> None:
    """Drag a face's handle by a part of the way to the face across."""
    canvas, box = view.canvas, view.editing.edits.crop
    pixels, _ = canvas.camera().project(handles(box))
    pixels = pixels / canvas.devicePixelRatioF()
    begin, end = pixels[face], pixels[face] + part * (pixels[face ^ 1] - pixels[face])
    places_between = [begin + t * (end - begin) for t in np.linspace(0, 1, 9)]
    points = [QPoint(*(round(v) for v in place)) for place in places_between]
    # A pointer that is there already would not be told of.
    QTest.mouseMove(canvas, points[0] + QPoint(0, 40))
    QTest.mouseMove(canvas, points[0])
    waiting.until(lambda: canvas.cursor().shape() == Qt.CursorShape.OpenHandCursor, "a handle")
    QTest.mousePress(canvas, LEFT, pos=points[0])
    before = stay(view)
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
        QApplication.processEvents()
    waiting.until(lambda: stay(view) < before, "fewer stay while the face is dragged")
    QTest.mouseRelease(canvas, LEFT, pos=points[-1])


def crop_and_clean(folder: Path) -> int:
    window, view = opened(folder)
    panel, camera = view.editing.panel, view.canvas.camera()
    assert not panel.isVisible()
    # From far enough that all handles are in the window, however narrow the view is.
    view.canvas.navigator.look_from(np.zeros(3), 16.0)
    view.canvas.changed()
    whole = bright(view)
    QTest.mouseClick(view.controls.edit, LEFT)
    assert panel.isVisible() and stay(view) == ALL
    QTest.mouseClick(panel.crop, LEFT, pos=QPoint(8, panel.crop.height() // 2))
    first = view.editing.edits.crop
    assert first is not None and 9.5 < first.size[0] < 11.0, first
    assert panel.box.size_[0].text() == f"{first.size[0]:.2f}"

    position = view.canvas.navigator.position.copy()
    drag_face(view, 1, 0.5)
    crop = view.editing.edits.crop
    assert abs(crop.size[0] - 0.5 * first.size[0]) < 0.4, crop
    assert crop.size[1:] == first.size[1:]
    assert np.array_equal(position, view.canvas.navigator.position), "the camera stays"
    assert stay(view) == wanted(view) < 0.6 * ALL
    assert [step.words for step in view.editing.history.steps] == ["crop", "change crop box"]

    waiting.until(lambda: "Looking" not in panel.found.text(), "floaters are found")
    assert panel.found.text() == f"{trained.FLOATERS} Gaussians float", panel.found.text()
    QTest.mouseClick(panel.remove, LEFT)
    assert view.editing.edits.floaters == 50
    assert stay(view) == wanted(view)
    cropped = stay(view)
    press(window, Qt.Key.Key_Z, CONTROL)
    press(window, Qt.Key.Key_Z, CONTROL)
    assert view.editing.edits == Edits(first), (
        view.editing.edits,
        view.editing.history,
        window.focusWidget(),
    )
    assert stay(view) == wanted(view) > cropped
    for key in (Qt.Key.Key_Z, Qt.Key.Key_Z):
        press(window, key, CONTROL | SHIFT)
    assert view.editing.edits.crop == crop and stay(view) == cropped
    assert window.menus.edit.actions()[0].text() == "&Undo remove floaters"

    panel.box.turn.setFocus()
    panel.box.turn.selectAll()
    QTest.keyClicks(panel.box.turn, "30")
    QTest.keyClick(panel.box.turn, Qt.Key.Key_Return)
    assert view.editing.edits.crop.turn_degrees == 30.0
    assert stay(view) == wanted(view)
    QTest.mouseClick(panel.undo, LEFT)
    assert view.editing.edits.crop == crop

    before = panel.strength.value()
    panel.strength.setFocus()
    QTest.keyClick(panel.strength, Qt.Key.Key_PageUp)
    assert panel.strength.value() == before + 10, "the key is the slider's, not the photos'"
    QTest.keyClick(panel.strength, Qt.Key.Key_PageDown)
    panel.highlight.setChecked(False)

    faint = bright(view)
    QTest.mouseClick(panel.done, LEFT)
    assert not panel.isVisible() and stay(view) == cropped
    assert bright(view) < min(faint, 0.8 * whole), "what is cropped is not drawn any more"
    assert camera.width == view.canvas.camera().width, "the view is as wide as before"
    window.leave()
    waiting.ended(window)
    return cropped


def reopen_and_run(folder: Path, cropped: int) -> None:
    window, view = opened(folder)
    waiting.until(lambda: stay(view) == cropped, "the edits are there again")
    project = Project.open(folder)
    panel = window.workspace.stage_panel
    waiting.until(panel.controls.start_button.isEnabled, "it can be started")
    ended: list[bool] = []
    window.workspace.run_ended.connect(ended.append)
    panel.start()
    waiting.until(lambda: ended, "the bundle is made", 120)
    assert ended == [True]
    made = folder / "export" / f"{project.document.name}.sog"
    assert len(bundles.read(made)) == cropped

    # All is taken back, in one step, and brought back by undo: also after reopening.
    window.menus.edit.aboutToShow.emit()
    clear = next(a for a in window.menus.edit.actions() if a.text() == "&Take back all edits")
    assert clear.isEnabled()
    clear.trigger()
    assert stay(view) == ALL
    waiting.until(lambda: not store.read(project).edits, "it is saved")
    project = Project.open(folder)
    waiting.until(lambda: summary.outdated(project, STAGES) == ["compress", "export"], "outdated")
    press(window, Qt.Key.Key_Z, CONTROL)
    assert stay(view) == cropped
    window.leave()
    waiting.ended(window)
    assert store.read(project).history.position == 3, "what was not saved yet is, at the end"


def told_of_damage(folder: Path) -> None:
    store.path(Project.open(folder)).write_text("{")
    window, view = opened(folder)
    waiting.until(lambda: window.findChildren(QMessageBox), "a message")
    assert "damaged" in window.findChildren(QMessageBox)[0].informativeText()
    assert stay(view) == ALL
    assert store.path(Project.open(folder)).read_text() == "{"
    window.leave()
    waiting.ended(window)


def main(folder: Path) -> None:
    places.settings_folder = lambda: folder / "settings"
    places.projects_folder = lambda: folder / "projects"
    application = make_application()
    broken: list[BaseException] = []

    def break_down(kind, error, where) -> None:
        broken.append(error)
        sys.__excepthook__(kind, error, where)

    sys.excepthook = break_down
    project = trained.make(folder / "Flug über Öland.spaceport").folder
    cropped = crop_and_clean(project)
    reopen_and_run(project, cropped)
    told_of_damage(project)
    application.processEvents()
    # Without Python's end, in which OpenGL's contexts go in any order.
    os._exit(1 if broken else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
