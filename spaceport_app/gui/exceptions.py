"""Unhandled exceptions, from any thread, shown in a dialog instead of a silent death."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal

_log = logging.getLogger(__name__)


class ExceptionHook(QObject):
    """Catches what nobody has handled, in any thread.

    `caught` is emitted in the thread of this object with one line and the whole traceback.
    """

    caught = Signal(str, str)
    _arrived = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrived.connect(self.caught, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take the place of Python's own hooks."""
        sys.excepthook = self._handle
        threading.excepthook = lambda about: self._handle(
            about.exc_type, about.exc_value, about.exc_traceback
        )

    def _handle(
        self,
        kind: type[BaseException],
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), where)
            return
        text = "".join(traceback.format_exception(kind, error, where))
        _log.error("unhandled exception\n%s", text)
        self._arrived.emit(f"{kind.__name__}: {error}", text)
