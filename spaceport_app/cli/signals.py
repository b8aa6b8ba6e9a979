"""What Ctrl-C and the end of the terminal do to a command that has work to save."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def on_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C, and the end of the terminal, call `stop`, each time, while the block runs.

    Python hears signals in its main thread alone; in another one nothing changes.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                number = getattr(signal, name)
                before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
