"""How many cores the compiled loops may use.

Whoever starts the process should set ``OMP_WAIT_POLICY=passive`` (the pipeline's children have
it): OpenMP reads it when it is loaded. A step has some ten parallel loops of a few milliseconds;
with threads that spin at the end of each, 200 small steps on a busy machine of two cores took
30 s instead of 1.5 s.
"""

from __future__ import annotations

import os


def cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
