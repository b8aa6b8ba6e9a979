"""A few threads that do the same kind of work until none is left, one fails, or all shall end."""

from __future__ import annotations

import threading
from collections.abc import Callable

_TOLD_EVERY_S = 0.25


class Crew:
    """Runs threads and keeps the first error that one of them meets.

    Attributes
    ----------
    over : threading.Event
        Set as soon as no thread should go on; what waits inside a thread watches it.
    """

    def __init__(self) -> None:
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._failure: BaseException | None = None

    def run(
        self, name: str, number: int, turn: Callable[[], bool], tell: Callable[[], None]
    ) -> None:
        """Call `turn` in `number` threads until it finds nothing to do, and `tell` meanwhile.

        Parameters
        ----------
        name : str
            Of the threads.
        number : int
            How many; with none there is nothing to do.
        turn : callable
            Does one piece of work, or returns False where none is left.
        tell : callable
            Tells how far the work is, on the calling thread; what it raises ends the work.

        Raises
        ------
        BaseException
            What the first thread that failed raised, or `tell`; no thread is left by then.
        """
        self._failure = None
        self.over.clear()
        threads = [
            threading.Thread(target=self._work, args=(turn,), name=f"{name} {n}")
            for n in range(number)
        ]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                tell()
                for thread in threads:
                    thread.join(_TOLD_EVERY_S / len(threads))
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self, turn: Callable[[], bool]) -> None:
        try:
            while not self.over.is_set() and turn():
                pass
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error
            self.over.set()
