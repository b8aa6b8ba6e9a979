"""A line above the work: something to know, and a button that does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from spaceport_app.gui import theme
from spaceport_app.gui.plain import Label, words
from spaceport_app.project import reach


class Banner(QFrame):
    """One sentence with an action; hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self.setObjectName("banner")
        self._sentence = Label(parent=self)
        self._sentence.setWordWrap(True)
        self.action = QPushButton(self)
        self.action.setProperty("main", True)
        self._action: Callable[[], None] | None = None
        self.action.clicked.connect(self._act)
        close = QPushButton("Not now", self)
        close.setProperty("flat", True)
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.wide, theme.spacing, theme.spacing, theme.spacing)
        layout.addWidget(self._sentence, 1)
        layout.addWidget(self.action)
        layout.addWidget(close)
        self.hide()

    def say(self, sentence: str, button: str, action: Callable[[], None]) -> None:
        """Show a sentence and the button that calls `action`."""
        self._sentence.setText(sentence)
        self.action.setText(button)
        self._action = action
        self.show()

    def ask_for(self, places: tuple[Path, ...], action: Callable[[], None]) -> None:
        """Ask whether the photos of a project may be looked for in places that it names."""
        self.say(
            f"The photos of this project lie in {words(reach.named(places))}. Look there? "
            "Say yes only if you know that place.",
            "Look there",
            action,
        )

    def _act(self) -> None:
        self.hide()
        if self._action is not None:
            self._action()
