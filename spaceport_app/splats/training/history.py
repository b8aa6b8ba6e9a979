"""The course of a training, thinned so that it stays small however long it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from spaceport_app.events import JsonValue

_ROWS = 500


@dataclass
class History:
    """Measured numbers over time.

    Parameters
    ----------
    steps : list
        One row every so many steps: ``iteration``, ``seconds``, mean ``loss``, ``l1`` and
        ``ssim`` since the row before, ``gaussians``, ``image_size``.
    held_out : list
        One row a measurement on the held-out photos: ``iteration``, ``seconds``, ``psnr_db``,
        ``ssim_held_out``, ``gaussians``.
    """

    steps: list[JsonValue] = field(default_factory=list)
    held_out: list[JsonValue] = field(default_factory=list)

    def as_json(self) -> dict[str, JsonValue]:
        """Return what ``history.json`` and a checkpoint hold."""
        return {"steps": self.steps, "held_out": self.held_out}


def row_every(iterations: int) -> int:
    """Return the steps between two rows of a run of `iterations` steps."""
    return math.ceil(iterations / _ROWS)
