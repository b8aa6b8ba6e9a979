"""Cores, memory and disk that this process may use. Nothing heavy is imported."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import psutil

# Where Linux tells limit and use of a container: version 2 of its control groups, then 1.
_CONTAINERS = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (
        Path("/sys/fs/cgroup/memory"),
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def memory_bytes() -> int:
    """Return the memory of this computer, or of its container or shell where that is less."""
    return min(int(psutil.virtual_memory().total), _container()[0], address_space_bytes())


def free_memory_bytes() -> int:
    """Return the memory that this process can take without swapping or passing a limit."""
    limit, used = _container()
    allowed = address_space_bytes()
    if allowed < sys.maxsize:
        allowed -= int(psutil.Process().memory_info().vms)
    return min(int(psutil.virtual_memory().available), max(0, limit - used), max(0, allowed))


def address_space_bytes() -> int:
    """Return the limit of a process' address space (``ulimit -v``); ``sys.maxsize`` for none."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return sys.maxsize if limit in (resource.RLIM_INFINITY, -1) else min(limit, sys.maxsize)


def free_disk_bytes(folder: Path) -> int:
    """Return the free bytes of the disk on which `folder` lies or will lie."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def _container() -> tuple[int, int]:
    """Return limit and use of the container's memory; no limit where there is none."""
    for folder, limit_name, use_name, cache_name in _CONTAINERS:
        try:
            limit = (folder / limit_name).read_text(encoding="ascii").strip()
            if not limit.isdigit():
                continue
            used = int((folder / use_name).read_text(encoding="ascii"))
            counted = (folder / "memory.stat").read_text(encoding="ascii").split()
            # Copies of files that nobody reads any more make room when it is needed.
            cache = int(counted[counted.index(cache_name) + 1])
        except (OSError, ValueError, IndexError):
            continue
        return int(limit), used - cache
    return sys.maxsize, 0
