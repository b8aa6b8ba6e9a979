"""Small work off the window's thread, its results delivered in it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Background(QObject):
    """Runs functions one after the other in a thread of its own.

    A newer piece of work with the same key supersedes an older one: only the result of the
    newest is delivered, and work that has not begun by then is left away.
    """

    _done = Signal(str, int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._newest: dict[str, int] = {}
        self._takers: dict[str, Callable[[Any], None]] = {}
        self._done.connect(self._deliver)

    def submit(self, key: str, work: Callable[[], T], take: Callable[[T], None]) -> None:
        """Call `work` in the background and `take` with its result in this object's thread."""
        number = self._newest.get(key, 0) + 1
        self._newest[key] = number
        self._takers[key] = take
        self._pool.start(_Job(lambda: self._work(key, number, work)))

    def pending(self, key: str) -> bool:
        """Whether the newest work under `key` has not delivered yet."""
        return key in self._takers

    def forget(self, key: str) -> None:
        """Deliver nothing more under `key` until new work is submitted."""
        self._newest[key] = self._newest.get(key, 0) + 1
        self._takers.pop(key, None)

    def close(self) -> None:
        """Drop what waits and wait for what runs; nothing is delivered any more."""
        self._takers.clear()
        self._pool.clear()
        self._pool.waitForDone()

    def _work(self, key: str, number: int, work: Callable[[], Any]) -> None:
        if self._newest.get(key) != number:
            return
        try:
            result = work()
        except Exception:
            _log.exception("background work %s failed", key)
            return
        try:
            self._done.emit(key, number, result)
        except RuntimeError:
            # The window was closed meanwhile, and this object with it.
            _log.debug("nobody waits for %s any more", key)

    @Slot(str, int, object)
    def _deliver(self, key: str, number: int, result: object) -> None:
        if self._newest.get(key) == number and key in self._takers:
            self._takers.pop(key)(result)


class _Job(QRunnable):
    def __init__(self, call: Callable[[], None]) -> None:
        super().__init__()
        self._call = call

    def run(self) -> None:
        self._call()
