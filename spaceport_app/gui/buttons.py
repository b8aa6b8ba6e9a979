"""A push button with its words and what it does."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton


def push_button(words: str, deed: Callable[[], object], name: str = "") -> QPushButton:
    """Make a button that Return presses only where it has the focus, or is made the default."""
    button = QPushButton(words)
    button.setObjectName(name)
    button.setAutoDefault(False)
    button.clicked.connect(lambda _=False: deed())
    return button
