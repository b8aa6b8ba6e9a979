"""The question for updates: asked when a person asks, or at the start once he agreed to that."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QWidget

from spaceport_app import __version__
from spaceport_app.gui.background import Background
from spaceport_app.gui.dialogs import show
from spaceport_app.gui.plain import Box
from spaceport_app.gui.window_state import WindowState

if TYPE_CHECKING:
    from spaceport_app.updates import Release

_log = logging.getLogger(__name__)
_KIND = "updates"


class Updates:
    """Asks in the background and tells the answer in a box above the window.

    Parameters
    ----------
    window : QWidget
        The parent of the box.
    background : Background
        Asks.
    state : WindowState
        Remembers whether a person agreed to being asked for at the start, and when that was last.
    """

    def __init__(self, window: QWidget, background: Background, state: WindowState) -> None:
        self._window = window
        self._background = background
        self._state = state

    @property
    def agreed(self) -> bool:
        """Whether Spaceport may ask on its own."""
        return self._state.text("updates") == "yes"

    def ask(self) -> None:
        """Ask now, and tell whatever the answer is."""
        self._background.start(_KIND, _ask, self._tell, self._tell_trouble)

    def ask_if_agreed(self) -> None:
        """Ask once a day if a person agreed to it; tell only of a version not told of before."""
        today = date.today().isoformat()
        if not self.agreed or self._state.text("updates_asked") == today:
            return

        def arrived(found: Release) -> None:
            self._state.save(updates_asked=today)
            if found.newer and self._state.text("updates_told") != found.version:
                self._tell(found)

        def failed(sentence: str) -> None:
            _log.info("not asked for updates: %s", sentence)

        self._background.start(_KIND, _ask, arrived, failed)

    def _tell(self, found: Release) -> None:
        if not found.newer:
            self._show(f"Spaceport {__version__} is the newest version.", "Nothing was downloaded.")
            return
        self._state.save(updates_told=found.version)
        told = [f"You have {__version__}. Nothing was downloaded."]
        if found.published:
            told.insert(0, f"Published on {found.published}.")
        if found.summary:
            told.append(found.summary)
        box = self._show(f"Spaceport {found.version} is there.", " ".join(told))
        page = box.addButton("Open its page", Box.ButtonRole.AcceptRole)
        page.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(found.page)))
        box.setDefaultButton(page)

    def _tell_trouble(self, sentence: str) -> None:
        self._show("Not asked for updates.", sentence)

    def _show(self, message: str, more: str) -> Box:
        earlier = self._window.findChild(Box, _KIND)
        if earlier is not None:
            earlier.close()
        box = Box(Box.Icon.Information, "Updates", message, parent=self._window)
        box.setObjectName(_KIND)
        box.setInformativeText(more)
        box.addButton(Box.StandardButton.Close)
        agree = QCheckBox("Ask by itself, once a day", box)
        agree.setChecked(self.agreed)
        agree.toggled.connect(lambda on: self._state.save(updates="yes" if on else "no"))
        box.setCheckBox(agree)
        show(box)
        return box


def _ask() -> Release:
    from spaceport_app import updates

    return updates.ask(updates.address())
