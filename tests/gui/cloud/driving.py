"""Hands on the window: what a person does with a job on AWS."""

from __future__ import annotations

from typing import TypeVar

from cloud.client.service import Job, Service
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from spaceport_app.gui.cloud.offer_dialog import OfferDialog
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.project import Project

LONG_MS = 30_000
D = TypeVar("D", bound=QDialog)


def click(qtbot: QtBot, widget: QWidget) -> None:
    assert widget.isVisible() and widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def settled(panel: StagePanel, qtbot: QtBot) -> None:
    """Wait until the panel has looked at the project."""
    qtbot.waitUntil(lambda: not panel._background.pending("look"), timeout=LONG_MS)


def opened(window: MainWindow, project: Project, qtbot: QtBot) -> StagePanel:
    """Open a project and wait until the window knows it."""
    window.open_path(project.folder)
    panel = window.workspace.stage_panel
    settled(panel, qtbot)
    return panel


def choose_aws(panel: StagePanel, qtbot: QtBot) -> None:
    """Choose AWS as a person does: with the keys, in the list of targets."""
    panel.controls.target.setFocus()
    qtbot.keyClick(panel.controls.target, Qt.Key.Key_Down)
    assert panel.controls.target.currentData() == "aws"
    settled(panel, qtbot)


def dialog(window: MainWindow, kind: type[D], qtbot: QtBot) -> D:
    """Return the open dialog of a kind."""

    def find() -> D | None:
        return next((one for one in window.findChildren(kind) if one.isVisible()), None)

    qtbot.waitUntil(lambda: find() is not None, timeout=LONG_MS)
    found = find()
    assert found is not None
    return found


def closed(shown: QDialog, qtbot: QtBot) -> None:
    """Wait until a dialog is no longer to be seen."""
    qtbot.waitUntil(lambda: not isValid(shown) or not shown.isVisible(), timeout=LONG_MS)


def question(window: MainWindow, name: str, qtbot: QtBot) -> QMessageBox:
    """Return the open question of a name."""

    def find() -> QMessageBox | None:
        boxes = (box for box in window.findChildren(QMessageBox) if box.isVisible())
        return next((box for box in boxes if box.objectName() == name), None)

    qtbot.waitUntil(lambda: find() is not None, timeout=LONG_MS)
    found = find()
    assert found is not None
    return found


def press(box: QMessageBox, words: str, qtbot: QtBot) -> None:
    """Press a button of a question by its words."""
    click(qtbot, next(button for button in box.buttons() if button.text() == words))


def submit(window: MainWindow, panel: StagePanel, qtbot: QtBot) -> OfferDialog:
    """Press start, and agree to what is offered."""
    settled(panel, qtbot)
    offer = offered(window, panel, qtbot)
    click(qtbot, offer.start)
    assert panel.running()
    return offer


def over(panel: StagePanel, qtbot: QtBot) -> None:
    """Wait for the end of a run, and until the panel has looked at what it left."""
    qtbot.waitUntil(lambda: not panel.running(), timeout=LONG_MS)
    settled(panel, qtbot)


def waits(name: str, job: Job) -> None:
    """Compute for ever, as far as a test goes."""
    job.steps["sfm"] = {"state": "running", "instance": "ml.c6i.2xlarge"}


def running(panel: StagePanel, results: Service, qtbot: QtBot) -> Job:
    """Wait until AWS computes and the row says so, and return the job."""
    row = panel.rows["sfm"]
    qtbot.waitUntil(
        lambda: (
            any(job.state == "running" for job in results.jobs.values())
            and row.sentence.text() == "Waiting for a machine of AWS to start"
        ),
        timeout=LONG_MS,
    )
    return next(iter(results.jobs.values()))


def offered(window: MainWindow, panel: StagePanel, qtbot: QtBot) -> OfferDialog:
    """Press start, and wait for the offer."""
    click(qtbot, panel.controls.start_button)
    offer = dialog(window, OfferDialog, qtbot)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    return offer
