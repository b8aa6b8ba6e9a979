"""Compiling the kernels of a training step before it, so that one can see it being done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import event

from spaceport_app.splats.engines.cpu import compositing, loss, projection, tiles, update

KERNELS: tuple[Any, ...] = (
    projection.project,
    tiles.depth_order,
    tiles.find_entries,
    tiles.fill_lists,
    compositing.forward,
    loss.unpack,
    loss.similarity,
    loss.gradient,
    compositing.backward,
    update.adam_step,
)
"""What a step calls, in its order."""


class _Counter(event.Listener):
    """Counts the kernels that are ready each time that one is about to be compiled or was."""

    def __init__(self, counted: Callable[[int, int], None]) -> None:
        self._counted = counted

    def on_start(self, event: Any) -> None:
        self._tell(event)

    def on_end(self, event: Any) -> None:
        self._tell(event)

    def _tell(self, event: Any) -> None:
        # Small functions inside a kernel are compiled with it and are no work of their own.
        if any(kernel is event.data["dispatcher"] for kernel in KERNELS):
            self._counted(sum(bool(kernel.signatures) for kernel in KERNELS), len(KERNELS))


def compile_all(step: Callable[[], object], counted: Callable[[int, int], None]) -> None:
    """Take a step, and tell of the kernels that had to be compiled for it.

    Parameters
    ----------
    step : callable
        Calls all `KERNELS` with the types of every later step.
    counted : callable
        Called with the kernels that are ready and their number; never where Numba finds all of
        them in its cache, from where they come within a second.
    """
    with event.install_listener("numba:compile", _Counter(counted)):
        step()
