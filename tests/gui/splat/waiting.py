"""Letting a window's events run until something holds."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QApplication


def until(holds: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Run events until `holds`, or fail."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"still not: {what}"
        QApplication.processEvents()
        time.sleep(0.002)
