"""The Gaussians of a training under way on disk, for whoever wants to look around in them."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from spaceport_app.events import Report, Snapshot
from spaceport_app.splats import file
from spaceport_app.splats.engines.contract import Engine
from spaceport_app.splats.training import results
from spaceport_app.splats.training.schedule import Schedule

_log = logging.getLogger(__name__)

FOLDER = "snapshot"
"""Inside the scratch folder; what is in it is named as in the result."""

_MOST_SHARE = 0.02
"""Of training time, spent in snapshots."""
_MOST_BYTES = 64 << 20
"""Harmonics that would make the file larger than this are left out of it."""
_FLOATS = (17, 26, 41, 62)
"""Numbers a Gaussian in a .ply with harmonics of degree 0 to 3."""


class Snapshots:
    """Writes ``splats.ply`` every so often, replaced in one step, with ``quality.json`` beside it.

    Seldom enough that it takes a fiftieth of the time at most, however many Gaussians there are.

    Parameters
    ----------
    folder : Path
        Made with the first snapshot.
    every_s : float
        Seconds between snapshots at least; 0 for none at all.
    """

    def __init__(self, folder: Path, every_s: float) -> None:
        self._folder = folder
        self._every_s = every_s
        self._next = time.monotonic()
        self._described: Schedule | None = None
        self.seconds = 0.0
        """Spent in snapshots so far."""

    @property
    def due(self) -> bool:
        """Whether it is time for the next snapshot; for the first it is at once."""
        return self._every_s > 0 and time.monotonic() >= self._next

    def write(self, engine: Engine, schedule: Schedule, done: int, report: Report) -> None:
        """Write the Gaussians after `done` steps, and tell of it.

        The harmonics that this part of training leaves at nothing are left out. What cannot be
        written, or is no number, is no reason to stop training: it is only logged.
        """
        began = time.monotonic()
        path = self._folder / "splats.ply"
        try:
            splats = engine.splats()
            degree = affordable_degree(len(splats), schedule.sh_degree(max(done - 1, 0)))
            splats = splats.with_sh_degree(degree)
            whole = bool(splats.finite.all())
            if whole:
                self._folder.mkdir(exist_ok=True)
                if schedule != self._described:
                    results.write_quality(self._folder, (), schedule)
                    self._described = schedule
                file.write_ply(path, splats)
        except OSError as error:
            _log.warning("the snapshot cannot be written: %s", error)
            whole = False
        now = time.monotonic()
        self.seconds += now - began
        self._next = now + max(self._every_s, (now - began) / _MOST_SHARE)
        if whole:
            report(Snapshot(path, done, schedule.options.iterations))


def affordable_degree(gaussians: int, used: int) -> int:
    """Return the harmonics' degree, `used` at most, with which the file is of bearable size."""
    fitting = [d for d in range(used + 1) if 4 * _FLOATS[d] * gaussians <= _MOST_BYTES]
    return fitting[-1] if fitting else 0
