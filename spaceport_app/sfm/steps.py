"""The steps of the stage: their share of the bar and the seconds that they took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from spaceport_app.events import Progress, Report

# Shares of CPU time, rounded, as measured on 18 to 40 photos of 1600 px.
SHARES = {
    "copies": 0.08,
    "features": 0.38,
    "pairs": 0.02,
    "matching": 0.27,
    "mapping": 0.17,
    "alignment": 0.02,
    "views": 0.06,
}


@dataclass
class Steps:
    """Reports counted work as part of the whole stage and times each step."""

    report: Report
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    _current: str = ""
    _highest: float = 0.0

    @contextmanager
    def step(self, key: str) -> Iterator[None]:
        """Time what happens inside as step `key`; `progress` then belongs to that step."""
        self._current = key
        start, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds[key] = round(time.perf_counter() - start, 3)
            self.cpu_seconds[key] = round(time.process_time() - cpu, 3)

    def progress(self, text: str, done: float, total: float) -> None:
        """Report `done` of `total` units of the current step."""
        keys = list(SHARES)
        before = sum(SHARES[key] for key in keys[: keys.index(self._current)])
        part = min(done / total, 1.0) if total > 0 else 1.0
        # A second mapper starts from nothing again; the bar of the stage waits for it.
        self._highest = max(self._highest, min(before + SHARES[self._current] * part, 1.0))
        self.report(Progress(text, min(done, total), total, self._highest))
