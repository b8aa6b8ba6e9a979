"""The real window on a project: ``window_of_case.py PROJECT DO...`` tells as JSON what it saw.

DO is a tab to show, ``start`` to have all made and wait for the end, or ``quit``.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog, QLabel, QMessageBox

from spaceport_app.gui.app import make_application
from spaceport_app.gui.run.engine import EngineFinder
from spaceport_app.gui.window import MainWindow


def until(holds: Callable[[], object], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        QApplication.processEvents()
        time.sleep(0.005)
    return True


def said(window: MainWindow) -> list[str]:
    """What stands in boxes and dialogs that are open."""
    texts = []
    for box in window.findChildren(QMessageBox):
        texts.append(f"{box.text()} {box.informativeText()}")
    for dialog in window.findChildren(QDialog):
        texts += [label.text() for label in dialog.findChildren(QLabel)]
    return texts


def main() -> None:
    folder, deeds = Path(sys.argv[1]), sys.argv[2:]
    # What the engine can do is asked in a process of its own, and nothing here hangs on it.
    EngineFinder.start = lambda self: None  # type: ignore[method-assign]
    app = make_application()
    broken: list[str] = []
    sys.excepthook = lambda *error: broken.append("".join(traceback.format_exception(*error)))
    window = MainWindow()
    window.workspace.show_tab("Report")
    window.show()
    window.take([folder])
    until(lambda: window.session.project is not None or said(window), 20)
    panel = window.workspace.stage_panel
    started = False
    for deed in deeds:
        if window.session.project is None:
            break
        if deed == "start":
            until(panel.can_start, 20)
            print(json.dumps({"event": "starting"}), flush=True)
            if panel.can_start():
                panel.start()
                started = until(panel.running, 20)
                until(lambda: not panel.running(), 140)
        else:
            window.workspace.show_tab(deed)
            until(lambda: False, 0.5)
    until(lambda: False, 1.0)
    found = {
        "opened": window.session.project is not None,
        "started": started,
        "running": panel.running(),
        "said": said(window),
        "broken": broken,
    }
    print(json.dumps(found), flush=True)
    for dialog in window.findChildren(QDialog):
        dialog.close()
    window.leave()
    app.processEvents()


if __name__ == "__main__":
    main()
