"""How much of a scene a computer can draw while the view moves, and in which steps it rests."""

from __future__ import annotations

import math
from dataclasses import dataclass

from spaceport_app.gui.frame_pace import FramePace


@dataclass(frozen=True)
class Detail:
    """Part of the Gaussians, and of the window's width and height, that is drawn."""

    share: float
    scale: float


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
    Detail(0.01, 0.33),
    Detail(0.005, 0.25),
)
"""From all down to what software OpenGL can draw of millions of Gaussians.

There a Gaussian costs a microsecond whatever its size, once half the resolution is given up.
"""

_FEWEST = 5_000
_LONG_SECONDS = 0.4
"""A full picture that takes longer than this is led up to by a coarser one."""


def growth(share: float) -> float:
    """Return how much larger Gaussians are drawn, so that those that are left close the gaps."""
    return math.pow(min(max(share, 1e-6), 1.0), -0.4)


class Pace(FramePace):
    """Chooses the detail of frames while moving from the time that the last ones took."""

    def __init__(self, target_seconds: float = 0.045) -> None:
        super().__init__(len(LADDER), target_seconds, level=4)
        self._full_seconds = 0.0

    @property
    def detail(self) -> Detail:
        """What to draw in the next frame while moving."""
        return LADDER[self.level]

    def count(self, gaussians: int) -> int:
        """Return how many of so many Gaussians to draw while moving."""
        return min(gaussians, max(_FEWEST, round(gaussians * self.detail.share)))

    def took_all(self, seconds: float) -> None:
        """Learn what the full picture took: where it is quick, the next frame has all at once."""
        self._full_seconds = seconds
        if seconds < 0.45 * self.target_seconds:
            self.level = 0

    def steps_to_rest(self) -> tuple[Detail, ...]:
        """Return the pictures to draw after moving, each finer than the one before, all last."""
        present = self.detail
        if self._full_seconds < _LONG_SECONDS or present.share > 0.5:
            return (FULL,)
        return Detail(math.sqrt(present.share), math.sqrt(present.scale)), FULL
