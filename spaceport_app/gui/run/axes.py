"""Axes of the training curves whose labels never run into each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg

_LABEL_PX = 64.0


class StepAxis(pg.AxisItem):  # type: ignore[misc]
    """Training steps along the bottom: whole numbers, as many as there is room for."""

    def __init__(self) -> None:
        super().__init__("bottom")

    def tickSpacing(self, least: float, most: float, size: float) -> list[tuple[float, float]]:
        """Return the distance of the labels, in steps, on an axis of `size` pixels."""
        return [(round_distance(most - least, size / _LABEL_PX), 0.0)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Return what stands at the ticks."""
        return [short(value) for value in values]


class CountAxis(pg.AxisItem):  # type: ignore[misc]
    """Numbers of things along the left side, large ones in thousands and millions."""

    def __init__(self) -> None:
        super().__init__("left")

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Return what stands at the ticks."""
        return [short(value) for value in values]


def round_distance(extent: float, labels: float) -> float:
    """Return the least of 1, 2, 5, 10, 20, ... at which `extent` has at most `labels` of it."""
    wanted = max(1.0, extent / max(1.0, labels))
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= wanted * 0.9999)


def short(value: float) -> str:
    """Return a count in at most six letters: 950, 12,500, 73.1M."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.4g}M"
    if abs(value) >= 1e5:
        return f"{value / 1e3:.4g}k"
    return f"{value:,.0f}"
