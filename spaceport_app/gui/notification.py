"""A message on the desktop when a long run has ended and nobody was looking."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMainWindow, QSystemTrayIcon

from spaceport_app.gui import plain

_SHOWN_MS = 15_000


def tell(window: QMainWindow, title: str, sentence: str) -> None:
    """Mark the window in the task bar and show a message where the desktop has a place for it."""
    QApplication.alert(window)
    if not QSystemTrayIcon.isSystemTrayAvailable():
        return
    icon = QSystemTrayIcon(QIcon(window.windowIcon()), window)
    icon.messageClicked.connect(window.activateWindow)
    icon.show()
    plain.notify(icon, title, sentence, _SHOWN_MS)
    # The icon is there for the message alone.
    QTimer.singleShot(_SHOWN_MS, icon.deleteLater)
