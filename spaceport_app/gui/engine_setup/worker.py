"""Work on the GPU engine in a thread, its news brought to the window as signals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from spaceport_app import installed_engine
from spaceport_app.engine_setup.fetching import Cancelled
from spaceport_app.errors import StageError
from spaceport_app.events import Event, Failed, Report
from spaceport_app.pipeline import trouble

_log = logging.getLogger(__name__)

Work = Callable[[threading.Event, Report], Any]


class Worker(QObject):
    """Does one thing at a time; a stop is asked for and comes when it can.

    The thread does not keep the program alive: a network that says nothing would for a minute.
    """

    told = Signal(object)
    """A `Progress`."""
    ended = Signal(str, object)
    """What was done, and its result: a `Failed` if it failed, with the code ``"cancelled"`` after
    a stop."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether something is being done."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, kind: str, work: Work) -> None:
        """Do `work`; `ended` says `kind` with its result."""
        cancel = self._cancel = threading.Event()

        def run() -> None:
            result: Any
            try:
                result = work(cancel, lambda event: self._tell(cancel, event))
            except Cancelled:
                result = Failed("cancelled", "Stopped.", "What was fetched is kept.")
            except StageError as error:
                result = Failed(error.code, error.message, error.remedy)
            except Exception as error:
                _log.warning("work on the GPU engine failed", exc_info=True)
                home = installed_engine.home()
                result = trouble.explain(error, home, home)
            try:
                self.ended.emit(kind, result)
            except RuntimeError:
                _log.debug("the window has gone meanwhile")

        self._thread = threading.Thread(target=run, name="gpu-engine", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask what is being done to stop."""
        self._cancel.set()

    def wait(self, seconds: float) -> None:
        """Wait for the end, for a while."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _tell(self, cancel: threading.Event, event: Event) -> None:
        if cancel.is_set():
            return
        try:
            self.told.emit(event)
        except RuntimeError:
            cancel.set()
