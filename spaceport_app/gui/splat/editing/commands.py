"""One step on the undo stack."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from spaceport_app.splats.edits.model import Edits

_ONE_STEP_S = 1.5
_MERGING = 1


class EditCommand(QUndoCommand):
    """Goes from some edits to others and back.

    Parameters
    ----------
    words : str
        Stands after "Undo" in the menu.
    put : callable
        Makes edits the present ones.
    kind : str
        Steps of one kind shortly after each other become one, as when a number is turned up
        step by step; an empty kind stands alone.
    """

    def __init__(
        self,
        words: str,
        before: Edits,
        after: Edits,
        put: Callable[[Edits], None],
        kind: str = "",
    ) -> None:
        super().__init__(words)
        self.before, self.after = before, after
        self._put, self._kind = put, kind
        self._last = time.monotonic()

    def undo(self) -> None:
        """Go back."""
        self._last = 0.0
        self._put(self.before)

    def redo(self) -> None:
        """Go there; called once when the command is pushed."""
        self._put(self.after)

    def id(self) -> int:
        """Tell whether it can become one with the command before."""
        return _MERGING if self._kind else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take in a later command of the same kind that came soon after."""
        if not isinstance(other, EditCommand) or other._kind != self._kind:
            return False
        if other._last - self._last > _ONE_STEP_S:
            return False
        self.after, self._last = other.after, other._last
        return True
