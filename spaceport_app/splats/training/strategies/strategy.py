"""What the trainer knows about a strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from spaceport_app.splats.engines.contract import Change, Statistics

if TYPE_CHECKING:
    import torch


class Strategy(Protocol):
    """Decides when and how Gaussians multiply, move and vanish.

    A strategy holds no state that a checkpoint would need: what it does at a step follows from
    the statistics, the step's number and a generator that is seeded for that step.

    Attributes
    ----------
    cap : int
        Largest number of Gaussians; the trainer lowers it where memory runs out.
    noise : float
        Position noise as a multiple of the positions' learning rate.
    screen_gradients : bool
        Whether the engine has to add up screen-space gradients.
    """

    cap: int
    noise: float
    screen_gradients: bool

    def due(self, iteration: int) -> bool:
        """Return whether the set changes after this step."""

    def change(
        self, statistics: Statistics, iteration: int, generator: torch.Generator
    ) -> Change | None:
        """Return the new set of Gaussians in terms of the old one, or None to leave it."""
