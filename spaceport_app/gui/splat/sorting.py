"""Gaussians from back to front, in a thread of its own that never holds up the window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.gui.splat.packing import PackedScene
from spaceport_app.splats.camera import Camera

Indices = npt.NDArray[np.uint32]

_LOOKED_AT = 8
"""At most this many times the Gaussians that are wanted are looked through for those in sight."""
_BEYOND = 0.2
"""Centres this part of the picture outside of it still count as in sight."""


@dataclass(frozen=True)
class SortRequest:
    """Sort the `count` most important Gaussians of `scene` as seen through `view_matrix` (4, 4).

    With `slopes`, only Gaussians in sight count: the least and greatest x / z, then y / z.
    """

    scene: PackedScene
    view_matrix: npt.NDArray[np.float64]
    count: int
    slopes: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Order:
    """Indices uint32, farthest first, and what was asked for.

    `reach` is how many of the most important Gaussians were looked through.
    """

    request: SortRequest
    indices: Indices
    reach: int


def slopes_of(camera: Camera) -> tuple[float, float, float, float]:
    """Return the limits of x / z and y / z for what a camera sees, with some room around it."""
    x, y = _BEYOND * camera.width, _BEYOND * camera.height
    return (
        (-x - camera.cx) / camera.fx,
        (camera.width + x - camera.cx) / camera.fx,
        (-y - camera.cy) / camera.fy,
        (camera.height + y - camera.cy) / camera.fy,
    )


def sort(request: SortRequest) -> Order:
    """Sort by the camera's z with a counting sort, which lets go of Python's lock."""
    # Numba takes half a second to import, which the thread can spend and the window can't.
    from spaceport_app.gui.splat.counting_sort import back_to_front, in_sight

    view = request.view_matrix[:3].astype(np.float32)
    base = request.scene.base
    if request.slopes is None:
        chosen = np.arange(min(request.count, len(base)), dtype=np.uint32)
        reach = len(chosen)
    else:
        chosen = np.empty(min(request.count, len(base)), np.uint32)
        limits = np.array(request.slopes, np.float32)
        some = base[: _LOOKED_AT * request.count]
        found, reach = in_sight(some, view, limits, chosen)
        chosen = chosen[:found]
    indices = np.empty_like(chosen)
    back_to_front(base, view[2], chosen, np.empty_like(chosen), indices)
    return Order(request, indices, reach)


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
