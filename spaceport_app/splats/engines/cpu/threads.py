"""How many cores the compiled loops may use, and how their threads wait."""

from __future__ import annotations

import os


def cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def wait_asleep() -> None:
    """Let OpenMP's threads sleep while they wait, unless the environment says otherwise.

    A step has some ten parallel loops of a few milliseconds. With threads that spin at the end
    of each, a machine that also does something else took 20 times as long (200 small steps on
    two busy cores: 30 s spinning, 1.5 s asleep); on a quiet one waking costs under 1 %.
    OpenMP reads this when Numba loads it, at the first compiled loop.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
