"""The grid on the ground, with a step that a person can count in, and its north arrow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_CELLS = 8
_MOST_CELLS = 60


@dataclass(frozen=True)
class Grid:
    """A square grid and what stands at its edge.

    Parameters
    ----------
    step : float
        Width of a cell: 1, 2 or 5 times a power of ten.
    lines : float64 (L, 2, 3)
        Ends of the lines.
    scale : float64 (2, 3)
        Ends of a bar of one step, at the south-west corner.
    arrow : float64 (4, 3)
        Tip, right foot, notch and left foot of the north arrow.
    north : float64 (3,)
        Where the letter N stands.
    """

    step: float
    lines: Floats
    scale: Floats
    arrow: Floats
    north: Floats

    @property
    def points(self) -> Floats:
        """All that should be in sight, with room for the letters, (P, 3)."""
        beyond = self.scale - np.array([0.0, 0.2 * self.step, 0.0])
        return np.concatenate([self.lines.reshape(-1, 3), beyond, self.north[None]])


def step_for(extent: float) -> float:
    """Return the step that puts some eight cells on `extent`."""
    raw = max(extent, 1e-6) / _CELLS
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if raw <= power * factor * 1.001)


def grid(low: Floats, high: Floats, z: float) -> Grid:
    """Return the grid at height `z` under everything between two corners.

    Lines stand at whole multiples of the step in the world frame, so that they stay where they
    are when the flight grows.
    """
    step = step_for(float(max(high[0] - low[0], high[1] - low[1], 1.0)))
    first = np.floor(low[:2] / step - 0.1) * step
    last = np.ceil(high[:2] / step + 0.1) * step
    last = np.minimum(last, first + _MOST_CELLS * step)
    xs = np.arange(first[0], last[0] + step / 2, step)
    ys = np.arange(first[1], last[1] + step / 2, step)
    lines = [[[x, ys[0], z], [x, ys[-1], z]] for x in xs]
    lines += [[[xs[0], y, z], [xs[-1], y, z]] for y in ys]
    edge = 0.35 * step
    middle, top = xs[-1] - step / 2, ys[-1] + edge
    arrow = [
        [middle, top + 0.8 * step, z],
        [middle + 0.26 * step, top, z],
        [middle, top + 0.2 * step, z],
        [middle - 0.26 * step, top, z],
    ]
    return Grid(
        step=step,
        lines=np.array(lines, np.float64),
        scale=np.array([[xs[0], ys[0] - edge, z], [xs[0] + step, ys[0] - edge, z]]),
        arrow=np.array(arrow),
        north=np.array([middle, top + 1.05 * step, z]),
    )
