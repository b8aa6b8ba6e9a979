"""Waiting between tries: exponential, with full jitter, and ended by a stop.

Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: waiting times drawn from
zero to a bound that doubles keep many clients from coming back all at once.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import Protocol

from spaceport_app.cloud.client.failures import Halted

_SLICE_S = 0.1


class Halting(Protocol):
    """What ends a wait: a `threading.Event`, or `AnyOf` several."""

    def wait(self, timeout: float) -> bool:
        """Wait `timeout` seconds at most; True at once when it is set."""
        ...


class AnyOf:
    """Set as soon as one of several events is."""

    def __init__(self, *events: threading.Event) -> None:
        self._events = events

    def wait(self, timeout: float) -> bool:
        """Wait `timeout` seconds at most; True soon after one of the events is set."""
        end = time.monotonic() + timeout
        while not any(event.is_set() for event in self._events):
            left = end - time.monotonic()
            if left <= 0.0:
                return False
            self._events[0].wait(min(left, _SLICE_S))
        return True


@dataclass(frozen=True)
class Patience:
    """How long to go on trying.

    Parameters
    ----------
    tries : int
        Tries in all.
    base_s, most_s : float
        Bound of the first wait, and of any.
    """

    tries: int = 9
    base_s: float = 0.5
    most_s: float = 20.0

    def bound_s(self, failed: int) -> float:
        """Return the longest wait after `failed` failures, from 1."""
        return min(self.most_s, self.base_s * 2.0 ** min(failed - 1, 30))

    def wait(self, failed: int, halted: Halting, at_least_s: float = 0.0) -> None:
        """Wait after the failure number `failed`, at least as long as the other side asks.

        Raises
        ------
        Halted
            If a stop comes.
        """
        wait = random.uniform(0.0, self.bound_s(failed)) + min(at_least_s, 60.0)
        if halted.wait(wait):
            raise Halted
