"""The application around the window: graphics, theme, exceptions."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from spaceport_app import __version__
from spaceport_app.gui import graphics, resources, theme
from spaceport_app.gui.diagnostics import RecentLog
from spaceport_app.gui.exceptions import ExceptionHook
from spaceport_app.gui.window import MainWindow

_log = logging.getLogger(__name__)

# The question for updates must not make the start slower.
_ASK_AFTER_MS = 5_000


def main(paths: Sequence[Path], *, sample: bool = False) -> int:
    """Show the window until it is closed, and return the exit code.

    Parameters
    ----------
    paths : sequence of Path
        What to open: photos, a project, or splats.
    sample : bool
        Open the photos that come with Spaceport.
    """
    paths = [path.absolute() for path in paths]
    leave_the_folder()
    app = make_application()
    log = RecentLog()
    logging.getLogger().addHandler(log)
    logging.getLogger("spaceport_app").setLevel(logging.INFO)
    hook = ExceptionHook(app)
    hook.install()
    window = MainWindow(window_log=log)
    hook.caught.connect(window.help.show_exception)
    # Ctrl-C in the terminal closes the window as its button does; Python sees the signal only
    # when some of its code runs, hence the timer.
    signal.signal(signal.SIGINT, lambda number, frame: window.close())
    signal.signal(signal.SIGTERM, lambda number, frame: window.leave())
    heartbeat = QTimer(app)
    heartbeat.start(300)
    heartbeat.timeout.connect(lambda: None)
    window.show()
    QTimer.singleShot(_ASK_AFTER_MS, window.updates.ask_if_agreed)
    if sample:
        QTimer.singleShot(0, window.open_sample)
    elif paths:
        QTimer.singleShot(0, lambda: window.take(paths))
    return app.exec()


def leave_the_folder() -> None:
    """Work in the home folder from now on, not in that of a document that was opened.

    Windows looks for programs and libraries in the current folder first, and Python's processes
    for modules: there may lie files that came with the document.
    """
    modules = os.environ.get("PYTHONPATH")
    if modules:
        # Processes of the window are to find what it found itself.
        whole = (str(Path(one).absolute()) for one in modules.split(os.pathsep) if one)
        os.environ["PYTHONPATH"] = os.pathsep.join(whole)
    try:
        os.chdir(Path.home())
    except (OSError, RuntimeError) as error:
        _log.warning("the home folder cannot be worked in: %s", error)


def make_application() -> QApplication:
    """Return the application with its look; there is one a process."""
    os.environ.setdefault("QT_API", "pyside6")
    graphics.set_default_format()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("spaceport")
    app.setApplicationDisplayName("Spaceport")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("spaceport")
    app.setWindowIcon(QIcon(str(resources.path("icon.svg"))))
    theme.follow(app)
    return app
