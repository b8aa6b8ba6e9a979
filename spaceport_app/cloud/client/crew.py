"""A few threads that do the same kind of work until none is left, one fails, or all shall end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from spaceport_app.cloud.client.failures import Halted

_TOLD_EVERY_S = 0.25
_LEFT_S = 1.0
"""How long an end waits for threads; one in the middle of a slow request is left to itself."""


class Crew:
    """Runs threads and keeps the first error that one of them meets.

    Parameters
    ----------
    halted : threading.Event, optional
        When it is set, the work ends.

    Attributes
    ----------
    over : threading.Event
        Set as soon as no thread should go on; what waits inside a thread watches it.
    """

    def __init__(self, halted: threading.Event | None = None) -> None:
        self._halted = halted or threading.Event()
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
        Halted
            If the work is to end.
        BaseException
            What the first thread that failed raised, or `tell`. Every thread has ended by then,
            or begins nothing more once the request is over that it waits for.
        """
        self._failure = None
        self.over.clear()
        threads = [
            threading.Thread(target=self._work, args=(turn,), name=f"{name} {n}", daemon=True)
            for n in range(number)
        ]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                if self._halted.is_set():
                    raise Halted
                tell()
                for thread in threads:
                    thread.join(_TOLD_EVERY_S / len(threads))
        finally:
            self.over.set()
            end = time.monotonic() + _LEFT_S
            for thread in threads:
                thread.join(max(0.0, end - time.monotonic()))
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
