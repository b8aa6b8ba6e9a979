"""Answers worked out on one thread of its own, of which only the latest counts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

_log = logging.getLogger(__name__)


class Latest(QObject):
    """Runs a function on a thread; `answered` tells its result on the thread of this object.

    A newer question supersedes one that waits, and the answer to an older one is never told.

    The thread is Python's, not one of Qt's pool: pyproj keeps a context per native thread that
    dies with Python's own state of it, and Qt's threads drop that state after every run, so that
    the second use of pyproj on such a thread ends the process.
    """

    answered = Signal(object)
    failed = Signal(str)
    _done = Signal(int, object, str)

    def __init__(self, parent: QObject | None = None, name: str = "latest") -> None:
        super().__init__(parent)
        self._number = 0
        self._name = name
        self._executor: ThreadPoolExecutor | None = None
        self._waiting: Future[None] | None = None
        self._done.connect(self._arrive, Qt.ConnectionType.QueuedConnection)

    def ask(self, function: Callable[[], Any]) -> None:
        """Ask anew; `function` must not touch widgets."""
        self.forget()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix=self._name)
        self._waiting = self._executor.submit(self._work, self._number, function)

    def forget(self) -> None:
        """Drop the question that waits and the answer to the one under way."""
        self._number += 1
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def stop(self) -> None:
        """Wait for the work under way and end the thread; asking starts another."""
        self.forget()
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _work(self, number: int, function: Callable[[], Any]) -> None:
        answer: object = None
        trouble = ""
        try:
            answer = function()
        except Exception as error:
            # Told as a sentence; an exception in a future that nobody asks would be lost.
            _log.exception("work in the background failed")
            trouble = str(error) or type(error).__name__
        try:
            self._done.emit(number, answer, trouble)
        except RuntimeError:
            _log.debug("an answer came after the window was closed")

    def _arrive(self, number: int, answer: object, trouble: str) -> None:
        if number != self._number:
            return
        if trouble:
            self.failed.emit(trouble)
        else:
            self.answered.emit(answer)
