"""Keeping an upload below a number of bytes a second, over all its connections."""

from __future__ import annotations

import threading
import time


class Pace:
    """Hands out bytes to send.

    Parameters
    ----------
    bytes_a_second : float
        At most so many on average; 0 for no limit.
    """

    def __init__(self, bytes_a_second: float) -> None:
        self._rate = bytes_a_second
        self._lock = threading.Lock()
        self._free_at = time.monotonic()

    def wait_s(self, number: int) -> float:
        """Book `number` bytes and return how long to wait before they are sent."""
        if self._rate <= 0.0:
            return 0.0
        with self._lock:
            now = time.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + number / self._rate
            return start - now
