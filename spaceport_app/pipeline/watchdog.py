"""Ending a stage that does not move: told from its events, its work and its memory.

No event alone proves nothing: native code may be silent for hours on a large set of photos. A
stage stands still where it says nothing new and neither computes nor reads for minutes, or says
nothing new while it gets no more memory. One that computes in silence is given hours, and more
of them for more photos.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from spaceport_app import resources
from spaceport_app.events import Failed
from spaceport_app.quantities import duration, size

if TYPE_CHECKING:
    from spaceport_app.pipeline.stage import Stage
    from spaceport_app.project.project import Project

IDLE_S = 300.0
"""Silence without work after which a stage is ended, unless it declares another."""
BUSY_S = 4 * 3600.0
"""Silence in work after which a stage is ended."""
BUSY_S_A_PHOTO = 60.0

_LOOK_S = 5.0
# A computer that slept, or this process itself, is not taken for a stage that did nothing.
_MOST_BETWEEN_LOOKS_S = 3 * _LOOK_S
# Of one core: threads that only look now and then whether others are done take less.
_LEAST_WORK = 0.01
_LEAST_BYTES_A_SECOND = 100_000
# OpenBLAS asks for 32 MB at a time and tries for ever if it gets none.
_LEAST_ROOM = 64 << 20


@dataclass(frozen=True)
class Sample:
    """What the processes of a stage have done so far.

    Parameters
    ----------
    cpu_s : float
        CPU seconds of all of them.
    moved_bytes : float
        Bytes read and written.
    paused : bool
        A person has stopped them for a while (SIGSTOP).
    starved : bool
        One of them stands at the limit of its address space.
    """

    cpu_s: float
    moved_bytes: float
    paused: bool = False
    starved: bool = False


class Watchdog:
    """Counts the seconds in which a stage did not move.

    Parameters
    ----------
    idle_s : float
        Silence without work, or without memory, that is too long.
    busy_s : float
        Silence in work that is too long.
    """

    def __init__(self, idle_s: float = IDLE_S, busy_s: float = BUSY_S) -> None:
        self._idle_limit, self._busy_limit = idle_s, busy_s
        self._window = min(15.0, idle_s / 2)
        self._every = min(_LOOK_S, self._window)
        self._last: float | None = None
        self._line = ""
        self._silent = self._idle = self._starved = 0.0
        self._since: tuple[float, Sample] | None = None

    def seen(self, line: str) -> None:
        """Take note of an event; one that says the same as the last, or nothing, is none."""
        if line and line != self._line:
            self._line = line
            self._silent = self._idle = self._starved = 0.0

    def check(self, pid: int, now: float, log: Path) -> Failed | None:
        """Look at the processes of a stage now and then; return why they are to be ended.

        Parameters
        ----------
        pid : int
            The stage's process; its descendants count as well.
        now : float
            As ``time.monotonic()`` tells it.
        log : Path
            The stage's log, named in the remedy.
        """
        if self._last is not None and now - self._last < self._every:
            return None
        found = sample(pid)
        if found is not None:
            self.look(now, found)
        return self.expired(log)

    def look(self, now: float, sample: Sample) -> None:
        """Take note of what was done until `now`, as ``time.monotonic()`` tells it."""
        passed = 0.0 if self._last is None else min(now - self._last, _MOST_BETWEEN_LOOKS_S)
        self._last = now
        if sample.paused:
            self._since = None
            return
        self._silent += passed
        self._starved = self._starved + passed if sample.starved else 0.0
        if self._since is None:
            self._since = now, sample
        began, before = self._since
        if now - began >= self._window:
            self._since = now, sample
            # A family that lost a member counts less than before.
            worked = abs(sample.cpu_s - before.cpu_s) >= _LEAST_WORK * (now - began)
            moved = abs(sample.moved_bytes - before.moved_bytes)
            if worked or moved >= _LEAST_BYTES_A_SECOND * (now - began):
                self._idle = 0.0
            else:
                self._idle += min(now - began, self._window + _MOST_BETWEEN_LOOKS_S)

    def expired(self, log: Path) -> Failed | None:
        """Return what to tell of a stage that stands still, None of one that moves."""
        again = f"Run again: it goes on from where it was. If it stays, send the log {log}."
        if min(self._starved, self._silent) >= self._idle_limit:
            allowed = resources.address_space_bytes()
            return Failed(
                "stalled",
                f"The work gets no more memory: this shell allows {size(allowed)} (ulimit -v).",
                "Raise the limit, or start Spaceport from another shell, and run again.",
            )
        if min(self._idle, self._silent) >= self._idle_limit:
            return Failed(
                "stalled", f"Nothing has moved for {duration(self._silent)}; it was ended.", again
            )
        if self._silent >= self._busy_limit:
            words = f"It has worked for {duration(self._silent)} without getting any further."
            return Failed("stalled", words, again)
        return None


def of_stage(stage: Stage, project: Project) -> Watchdog:
    """Return one with the patience that the stage has declared and its photos need."""
    run = project.published("import")
    photos = run.report.get("used", 0) if run is not None else 0
    more = BUSY_S_A_PHOTO * photos if isinstance(photos, int | float) else 0.0
    return Watchdog(stage.silence_s, BUSY_S + more)


def sample(pid: int) -> Sample | None:
    """Return what a process and its descendants have done; None where that cannot be told."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        states = []
        cpu = moved = 0.0
        starved = False
        limit = resources.address_space_bytes()
        for member in family:
            times = member.cpu_times()
            cpu += times.user + times.system
            states.append(member.status())
            if limit < sys.maxsize:
                starved = starved or member.memory_info().vms > limit - _LEAST_ROOM
            moved += _moved_bytes(member)
    except psutil.Error:
        return None
    paused = all(state == psutil.STATUS_STOPPED for state in states)
    return Sample(cpu, moved, paused, starved)


def _moved_bytes(process: psutil.Process) -> float:
    if not hasattr(process, "io_counters"):
        return 0.0
    try:
        counted = process.io_counters()
    except psutil.AccessDenied:
        return 0.0
    # Those of Linux count what came from memory too, as from a drive of the network.
    read = getattr(counted, "read_chars", counted.read_bytes)
    written = getattr(counted, "write_chars", counted.write_bytes)
    return float(read + written)
