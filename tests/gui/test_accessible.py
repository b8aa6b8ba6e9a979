"""Whoever cannot see the window, or has no mouse, can use all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QHeaderView,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QScrollBar,
    QStackedLayout,
    QStackedWidget,
    QTabBar,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.gui.cloud.jobs_dialog import JobsDialog
from spaceport_app.gui.cloud.offer_dialog import OfferDialog
from spaceport_app.gui.cloud.prices_dialog import PricesDialog
from spaceport_app.gui.cloud.settings_dialog import AwsDialog
from spaceport_app.gui.dialogs import TextDialog, tell
from spaceport_app.gui.engine_setup.dialog import EngineDialog
from spaceport_app.gui.export.dialog import ExportDialog
from spaceport_app.gui.results import Results
from spaceport_app.gui.run.options_dialog import OptionsDialog
from spaceport_app.gui.start.card import ProjectCard
from spaceport_app.gui.tabs import TABS
from spaceport_app.gui.window import MainWindow
from spaceport_app.pipeline.stage import registry

from .finished import make

_INTERACTIVE = (
    QAbstractButton,
    QComboBox,
    QLineEdit,
    QAbstractSpinBox,
    QAbstractSlider,
    QAbstractItemView,
    QPlainTextEdit,
    QTextEdit,
    QTabBar,
    ProjectCard,
)


@pytest.fixture(autouse=True)
def nothing_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The finished project of the tests has records, and no lists behind them."""
    monkeypatch.setattr(Results, "load", lambda self, project, stage: None)


def interactive(top: QWidget) -> Iterator[QWidget]:
    """Every widget below `top` that a person acts on; not the parts that Qt builds others of."""
    for widget in top.findChildren(QWidget):
        parent = widget.parentWidget()
        part = widget.objectName().startswith("qt_") or isinstance(
            parent, QComboBox | QAbstractSpinBox | QLineEdit | QTabBar
        )
        inside_popup = parent is not None and isinstance(parent.parentWidget(), QComboBox)
        if isinstance(widget, QScrollBar | QHeaderView) or part or inside_popup:
            continue
        if isinstance(widget, _INTERACTIVE):
            yield widget


def name_of(widget: QWidget) -> str:
    """Return what a screen reader would say of a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name).strip() if interface is not None else ""


def shown_later(widget: QWidget, top: QWidget) -> bool:
    """Whether a widget is hidden until there is something for it to say; pages are not."""
    while widget is not top:
        parent = widget.parentWidget()
        pages = isinstance(parent, QStackedWidget) or isinstance(parent.layout(), QStackedLayout)
        if widget.isHidden() and not pages:
            return True
        widget = parent
    return False


def nameless(top: QWidget) -> list[str]:
    return [
        f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}"
        for widget in interactive(top)
        if len(name_of(widget)) < 2 and not shown_later(widget, top)
    ]


def page_start(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    make(folder / "x.spaceport")
    window.open_path(folder / "x.spaceport")
    window.menus.close.trigger()
    qtbot.waitUntil(lambda: window.start_page.findChild(ProjectCard) is not None)
    return window


def page_workspace(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    make(folder / "x.spaceport")
    window.open_path(folder / "x.spaceport")
    for name in TABS:
        # Made, not shown: 3D views paint only on a real display.
        window.workspace.tabs._tabs[name].filled()
    window.workspace.banner.say("Work was interrupted.", "Go on", lambda: None)
    for row in window.workspace.stage_panel.rows.values():
        row.arrow.setChecked(True)
    return window


def page_export(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    page_workspace(window, folder, qtbot)
    window.export()
    return the(window, ExportDialog)


def page_options(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    page_workspace(window, folder, qtbot)
    panel = window.workspace.stage_panel
    qtbot.waitUntil(lambda: not panel._background.pending("look"), timeout=10_000)
    panel.open_options("train")
    return the(window, OptionsDialog)


def page_aws(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    window.menus.aws.trigger()
    return the(window, AwsDialog)


def page_aws_prices(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    dialog = PricesDialog(window)
    dialog.open()
    return dialog


def page_aws_offer(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    project = make(folder / "x.spaceport")
    wish = Wish("compression")
    dialog = OfferDialog(project, registry(), wish, window.workspace.account, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.offer is not None)
    return dialog


def page_aws_jobs(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    window.menus.aws_jobs.trigger()
    dialog = the(window, JobsDialog)
    assert isinstance(dialog, JobsDialog)
    qtbot.waitUntil(lambda: dialog.status.property("role") == "error")
    return dialog


def page_gpu_engine(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    dialog = EngineDialog(window)
    dialog.open()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=30_000)
    return dialog


def page_diagnostics(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    dialog = TextDialog(window, "Diagnostics", "A sentence.", "Some text.")
    dialog.open()
    return dialog


def page_message(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    tell(window, "Something went wrong.", "Do this.")
    return the(window, QMessageBox)


def page_exception(window: MainWindow, folder: Path, qtbot: QtBot) -> QWidget:
    window.help.show_exception("ValueError: x", "Traceback")
    return the(window, QMessageBox)


def the(window: MainWindow, kind: type[QDialog]) -> QDialog:
    found = window.findChild(kind)
    assert found is not None
    return found


PAGES: dict[str, Callable[[MainWindow, Path, QtBot], QWidget]] = {
    "start": page_start,
    "workspace": page_workspace,
    "export": page_export,
    "options": page_options,
    "aws": page_aws,
    "aws prices": page_aws_prices,
    "aws offer": page_aws_offer,
    "aws jobs": page_aws_jobs,
    "gpu engine": page_gpu_engine,
    "diagnostics": page_diagnostics,
    "message": page_message,
    "exception": page_exception,
}
DIALOGS = sorted(PAGES.keys() - {"start", "workspace"})


@pytest.mark.parametrize("page", PAGES)
def test_everything_one_acts_on_has_a_name(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, page: str
) -> None:
    top = PAGES[page](window, tmp_path, qtbot)
    assert len(list(interactive(top))) > 0
    assert nameless(top) == []


@pytest.mark.parametrize("page", PAGES)
def test_everything_is_reached_with_tab(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, page: str
) -> None:
    top = PAGES[page](window, tmp_path, qtbot)
    top.activateWindow()
    qtbot.waitUntil(top.isActiveWindow)
    wanted = {
        widget
        for widget in interactive(top)
        if widget.isVisible() and widget.isEnabled() and widget.window() is top
    }
    reached: set[QWidget] = set()
    for _ in range(4 * len(wanted) + 20):
        focus = QApplication.focusWidget() or top
        reached.add(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    # Of buttons that exclude each other, Tab reaches one and the arrow keys the others.
    missed = {w for w in wanted - reached if not (hasattr(w, "group") and w.group() is not None)}
    assert sorted(f"{type(w).__name__} {name_of(w)}" for w in missed) == []


@pytest.mark.parametrize("page", DIALOGS)
def test_escape_closes_and_a_default_button_answers_return(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, page: str
) -> None:
    top = PAGES[page](window, tmp_path, qtbot)
    defaults = [b for b in top.findChildren(QAbstractButton) if getattr(b, "isDefault", bool)()]
    assert len(defaults) == 1, [b.text() for b in defaults]
    qtbot.keyClick(top, Qt.Key.Key_Escape)
    assert not top.isVisible()
