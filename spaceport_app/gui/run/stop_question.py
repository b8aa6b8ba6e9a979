"""The question before a run is stopped."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from spaceport_app.gui.plain import Box, set_tip

WORDS = "Stop processing? Finished stages are kept."
ON_AWS = "Stop the job on AWS? What it has not finished is lost; finished stages are kept."
SENDING = "Stop sending to AWS? What has arrived stays there, and a start goes on from it."


class StopQuestion(QObject):
    """Asks once at a time, without holding up the window."""

    agreed = Signal()
    """A person wants to stop."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._box: Box | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self._box is not None

    def ask(self, over: QWidget, words: str = WORDS) -> None:
        """Show the question over a window."""
        if self._box is not None:
            return
        box = Box(Box.Icon.Question, "Stop", words, parent=over)
        box.setObjectName("stop-question")
        yes = box.addButton("Stop", Box.ButtonRole.AcceptRole)
        set_tip(yes, "End the work; what training has done here is saved first")
        no = box.addButton("Keep working", Box.ButtonRole.RejectRole)
        set_tip(no, "Close this question and go on")
        box.setDefaultButton(no)
        box.setEscapeButton(no)
        self._box = box

        def answered() -> None:
            stop = box.clickedButton() is yes
            self._box = None
            box.deleteLater()
            if stop:
                self.agreed.emit()

        box.finished.connect(answered)
        box.open()

    def withdraw(self) -> None:
        """Close the question, as the run ended meanwhile."""
        if self._box is not None:
            self._box.done(0)
