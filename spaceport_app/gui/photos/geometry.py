"""Area and height of a flight, worked out off the GUI thread."""

from __future__ import annotations

import logging
import threading

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from spaceport_app.gui.photos import summary
from spaceport_app.photos.model import Origin, Photo

_log = logging.getLogger(__name__)

Question = tuple[int, tuple[Photo, ...], Origin | None]


class GeometryWorker(QObject):
    """Tells by `ready` the parts of the summary line that need the geodesy libraries.

    A newer question supersedes one that waits; only the answer to the latest is told.
    """

    ready = Signal(list)
    _done = Signal(int, list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latest = 0
        self._waiting: Question | None = None
        self._working = False
        self._lock = threading.Lock()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._done.connect(self._finish)

    def start(self, photos: tuple[Photo, ...], origin: Origin | None) -> None:
        """Ask anew."""
        self._latest += 1
        with self._lock:
            self._waiting = (self._latest, photos, origin)
            begin, self._working = not self._working, True
        if begin:
            self._pool.start(_Worker(self))

    def forget(self) -> None:
        """Drop the questions that wait and the answer to the one under way."""
        self._latest += 1
        with self._lock:
            self._waiting = None

    def stop(self) -> None:
        """Wait for the work under way."""
        self.forget()
        self._pool.waitForDone()

    def take(self) -> Question | None:
        """Return the question to answer next, or None where the worker may end."""
        with self._lock:
            question, self._waiting = self._waiting, None
            self._working = question is not None
            return question

    def answer(self, number: int, parts: list[str]) -> None:
        """Hand an answer from the worker's thread to the GUI's."""
        self._done.emit(number, parts)

    def _finish(self, number: int, parts: list[str]) -> None:
        if number == self._latest:
            self.ready.emit(parts)


class _Worker(QRunnable):
    """Answers until nothing is asked any more."""

    def __init__(self, owner: GeometryWorker) -> None:
        super().__init__()
        self._owner = owner

    def run(self) -> None:
        while (question := self._owner.take()) is not None:
            number, photos, origin = question
            try:
                parts = summary.geometry(photos, origin)
            except Exception:
                # The line then lacks two numbers; an exception here would end the thread unseen.
                _log.exception("area and height of the flight are unknown")
                parts = []
            self._owner.answer(number, parts)
