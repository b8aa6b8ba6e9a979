"""What the Help menu shows, and the dialog for an exception that nobody handled."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QWidget

from spaceport_app import __version__
from spaceport_app.gui import diagnostics, graphics, keys, parts
from spaceport_app.gui.background import Background
from spaceport_app.gui.dialogs import TextDialog, show
from spaceport_app.gui.plain import Box
from spaceport_app.gui.session import Session


class Help:
    """Opens dialogs above a window.

    Parameters
    ----------
    window : QWidget
        Their parent.
    session : Session
        Whose project the diagnostics tell of.
    background : Background
        Gathers the diagnostics.
    window_log : RecentLog or None
        What the window itself logged.
    """

    def __init__(
        self,
        window: QWidget,
        session: Session,
        background: Background,
        window_log: diagnostics.RecentLog | None,
    ) -> None:
        self._window = window
        self._session = session
        self._background = background
        self._log = window_log

    def show_keys(self, menus: Iterable[keys.Row]) -> None:
        """Show what keys and mouse do; `menus` are the keys of the menus."""
        self._show("Keys and mouse", "What keys and mouse do in Spaceport.", keys.text(menus))

    def show_about(self) -> None:
        """Show what Spaceport is and what it is made of."""
        dialog = self._show(
            "About Spaceport",
            f"Spaceport {__version__}: drone photos in, a web-ready Gaussian splat out, on the "
            "computer you own. Free software under the Apache License 2.0, built on these parts.",
            parts.text(),
        )
        dialog.add("Licence texts", self.show_licences)

    def show_licences(self) -> None:
        """Show the licence texts of all parts."""
        dialog = self._show(
            "Licences",
            "The licences of all parts, as they state them.",
            "Collecting the texts…",
            waiting=True,
        )
        dialog.finished.connect(lambda: self._background.forget("licences"))
        self._background.start("licences", parts.licences, dialog.fill, dialog.fill)

    def show_diagnostics(self, first: str = "") -> None:
        """Show what a bug report needs, below `first`."""
        dialog = self._show(
            "Diagnostics",
            "For a bug report: versions, this computer, logs. It says nothing of where photos "
            "were taken.",
            "Examining this computer…",
            waiting=True,
        )
        dialog.finished.connect(lambda: self._background.forget("diagnostics"))
        log = self._log.text() if self._log is not None else ""
        driver = graphics.name()
        project = self._session.project

        def gather() -> str:
            return diagnostics.collect(project, log, driver, first)

        self._background.start("diagnostics", gather, dialog.fill, dialog.fill)

    def show_exception(self, line: str, text: str) -> None:
        """Tell of an exception that nobody handled; the window stays usable."""
        if self._window.findChild(Box, "exception") is not None:
            return
        box = Box(Box.Icon.Critical, "Spaceport", "", parent=self._window)
        box.setObjectName("exception")
        box.setText("Something in Spaceport went wrong.")
        box.setInformativeText(
            f"{line}\n\nYour project is safe: finished stages are on disk. "
            "Please send the diagnostics with a bug report."
        )
        box.setDetailedText(text)
        more = box.addButton("Diagnostics…", Box.ButtonRole.ActionRole)
        close = box.addButton(Box.StandardButton.Close)
        box.setDefaultButton(close)
        more.clicked.connect(lambda: self.show_diagnostics(text))
        show(box)

    def _show(self, title: str, sentence: str, text: str, *, waiting: bool = False) -> TextDialog:
        dialog = TextDialog(self._window, title, sentence, text, waiting=waiting)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog
