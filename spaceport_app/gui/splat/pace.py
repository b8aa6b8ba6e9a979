"""How much of a scene a computer can draw while the view moves."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Detail:
    """Part of the Gaussians, and of the window's width and height, that is drawn."""

    share: float
    scale: float

    @property
    def growth(self) -> float:
        """How much larger Gaussians are drawn, so that those that are left close the gaps."""
        return math.pow(self.share, -0.4)


FULL = Detail(1.0, 1.0)

LADDER = (
    FULL,
    Detail(1.0, 0.7),
    Detail(0.6, 0.6),
    Detail(0.4, 0.5),
    Detail(0.25, 0.5),
    Detail(0.15, 0.5),
    Detail(0.1, 0.5),
    Detail(0.06, 0.5),
    Detail(0.035, 0.4),
    Detail(0.02, 0.33),
)
"""From all down to what software OpenGL can draw of millions of Gaussians.

There a Gaussian costs a microsecond whatever its size, once half the resolution is given up.
"""

_FEWEST = 10_000


class Pace:
    """Chooses the detail of frames while moving from the time that the last ones took.

    Parameters
    ----------
    target_seconds : float
        What a frame may take.
    """

    def __init__(self, target_seconds: float = 0.04) -> None:
        self.target_seconds = target_seconds
        self._level = 4

    @property
    def detail(self) -> Detail:
        """What to draw in the next frame while moving."""
        return LADDER[self._level]

    def count(self, gaussians: int) -> int:
        """Return how many of so many Gaussians to draw while moving."""
        return min(gaussians, max(_FEWEST, round(gaussians * self.detail.share)))

    def took(self, seconds: float) -> None:
        """Learn what the last frame of the present detail took."""
        if seconds > 2.5 * self.target_seconds:
            self._level += 2
        elif seconds > 1.3 * self.target_seconds:
            self._level += 1
        elif seconds < 0.45 * self.target_seconds:
            self._level -= 1
        self._level = min(max(self._level, 0), len(LADDER) - 1)
