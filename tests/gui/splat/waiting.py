"""Letting a window's events run until something holds."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget


def until(holds: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Run events until `holds`, or fail."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"still not: {what}"
        QApplication.processEvents()
        time.sleep(0.002)


def ended(window: QWidget) -> None:
    """Close and delete a window now: later would take OpenGL's context from another one."""
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
