"""How much detail a view can draw in time while it moves."""

from __future__ import annotations

_LEAST_PART = 0.3
"""Part of a frame's time that drawing gets however long showing it takes."""


class FramePace:
    """Chooses a level of detail, 0 for all there is, from the time that the last frames took.

    Parameters
    ----------
    levels : int
        How many levels there are; each is quicker to draw than the one before it.
    target_seconds : float
        What a frame may take, with all that the window does to show it.
    level : int
        The first one.
    """

    def __init__(self, levels: int, target_seconds: float, level: int) -> None:
        self.target_seconds = target_seconds
        self.level = level
        self._last = levels - 1

    def took(self, drawing: float, showing: float = 0.0) -> None:
        """Learn the seconds of the last frame of the present level: drawing it and showing it."""
        room = max(self.target_seconds - showing, _LEAST_PART * self.target_seconds)
        if drawing > 2.5 * room:
            self.level += 2
        elif drawing > 1.3 * room:
            self.level += 1
        elif drawing < 0.45 * room:
            self.level -= 1
        self.level = min(max(self.level, 0), self._last)
