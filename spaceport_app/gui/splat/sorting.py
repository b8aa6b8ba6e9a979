"""Gaussians from back to front, in a thread of its own that never holds up the window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.gui.splat.packing import PackedScene

Indices = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class SortRequest:
    """Sort the first `count` Gaussians of `scene` as seen through `view_matrix` (4, 4)."""

    scene: PackedScene
    view_matrix: npt.NDArray[np.float64]
    count: int


@dataclass(frozen=True)
class Order:
    """Indices uint32, farthest first, and what was asked for."""

    request: SortRequest
    indices: Indices


def sort(request: SortRequest) -> Order:
    """Sort by the camera's z with a counting sort, which lets go of Python's lock."""
    # Numba takes half a second to import, which the thread can spend and the window can't.
    from spaceport_app.gui.splat.counting_sort import back_to_front

    row = request.view_matrix[2].astype(np.float32)
    indices = np.empty(request.count, np.uint32)
    keys = np.empty(request.count, np.uint32)
    back_to_front(request.scene.base[: request.count], row, keys, indices)
    return Order(request, indices)


class SortingThread:
    """Sorts on request; a newer request takes the place of one that still waits.

    Parameters
    ----------
    deliver : callable
        Receives each `Order`, in this thread.
    """

    def __init__(self, deliver: Callable[[Order], None]) -> None:
        self._deliver = deliver
        self._condition = threading.Condition()
        self._waiting: SortRequest | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="depth sort", daemon=True)
        self._thread.start()

    def ask(self, request: SortRequest) -> None:
        """Sort this next."""
        with self._condition:
            self._waiting = request
            self._condition.notify()

    def stop(self) -> None:
        """End the thread; returns once it has ended, so that nothing is delivered after."""
        with self._condition:
            self._stopped = True
            self._condition.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                while self._waiting is None and not self._stopped:
                    self._condition.wait()
                if self._stopped:
                    return
                request, self._waiting = self._waiting, None
            if request is not None:
                self._deliver(sort(request))
