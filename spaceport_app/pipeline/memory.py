"""Peak memory of a process, as the operating system counted it."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil


def own_peak_bytes() -> int:
    """Return the largest resident memory of this process plus that of its largest child."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    own = _high_water_bytes() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


def _high_water_bytes() -> int:
    # ru_maxrss of a fresh process still holds the size of the one that started it.
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def of_tree_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants now; 0 if it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for member in family:
        try:
            total += int(member.memory_info().rss)
        except psutil.Error:
            continue
    return total
