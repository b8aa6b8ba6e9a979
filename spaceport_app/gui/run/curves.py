"""The numbers of a training over its steps, kept for plotting; no Qt."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate


@dataclass
class Curve:
    """Values over steps, steps rising."""

    steps: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, step: float, value: float) -> None:
        """Add a value; what an earlier try had at this step and later is replaced."""
        if not math.isfinite(value):
            return
        place = bisect_left(self.steps, step)
        del self.steps[place:], self.values[place:]
        self.steps.append(step)
        self.values.append(value)


def smoothed(values: Sequence[float]) -> list[float]:
    """Return the running mean over a twentieth of the values, shorter near both ends."""
    half = len(values) // 40
    if half == 0:
        return list(values)
    sums = [0.0, *accumulate(values)]
    means = []
    for place in range(len(values)):
        reach = min(half, place, len(values) - 1 - place)
        means.append((sums[place + reach + 1] - sums[place - reach]) / (2 * reach + 1))
    return means


class TrainingCurves:
    """Loss, held-out PSNR, number of Gaussians and seconds a step, from metrics as they come."""

    def __init__(self) -> None:
        self.loss = Curve()
        self.psnr_db = Curve()
        self.gaussians = Curve()
        self.step_s = Curve()
        self._last: tuple[float, float] | None = None

    def add(self, metric: Mapping[str, float]) -> bool:
        """Add a metric of the training; whether it brought anything new."""
        step = metric.get("iteration")
        if step is None:
            return False
        new = False
        for name, curve in (
            ("loss", self.loss),
            ("psnr_db", self.psnr_db),
            ("gaussians", self.gaussians),
        ):
            # A running stage tells its latest numbers again while it counts new ones.
            if name in metric and (not curve.steps or curve.steps[-1] != step):
                curve.add(step, metric[name])
                new = True
        if new and "loss" in metric and "seconds" in metric:
            self._time(step, metric["seconds"])
        return new

    def _time(self, step: float, seconds: float) -> None:
        if self._last is not None:
            before, then = self._last
            if step > before and seconds > then:
                self.step_s.add(step, (seconds - then) / (step - before))
        self._last = (step, seconds)

    def add_all(self, rows: Iterable[Mapping[str, float]]) -> None:
        """Add the rows of a saved history."""
        for row in rows:
            self.add(row)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not (self.loss.steps or self.psnr_db.steps)
