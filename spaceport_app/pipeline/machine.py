"""What this computer has: cores, memory, disk, NVIDIA cards. Nothing heavy is imported."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA card as its driver names it."""

    name: str
    memory_bytes: int


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def memory_bytes() -> int:
    """Return the memory of this computer, or of its container where that is less."""
    return min(int(psutil.virtual_memory().total), _container_limit())


def free_memory_bytes() -> int:
    """Return the memory that new work can take without swapping."""
    return min(int(psutil.virtual_memory().available), _container_limit())


def free_disk_bytes(folder: Path) -> int:
    """Return the free bytes of the disk on which `folder` lies or will lie."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def oom_kills() -> int:
    """Return how often the kernel has killed for memory since boot; 0 where it does not say."""
    try:
        text = Path("/proc/vmstat").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if "oom_kill " in line), 0)


def gpus() -> tuple[Gpu, ...]:
    """Return the NVIDIA cards that the driver shows; empty without driver or card."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        cuda = ctypes.CDLL(name)
        if cuda.cuInit(0) != 0:
            return ()
        count = ctypes.c_int()
        if cuda.cuDeviceGetCount(ctypes.byref(count)) != 0:
            return ()
        return tuple(_gpu(cuda, index) for index in range(count.value))
    except (OSError, AttributeError):
        return ()


def _gpu(cuda: ctypes.CDLL, index: int) -> Gpu:
    device = ctypes.c_int()
    cuda.cuDeviceGet(ctypes.byref(device), index)
    name = ctypes.create_string_buffer(256)
    cuda.cuDeviceGetName(name, len(name), device)
    memory = ctypes.c_size_t()
    cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    return Gpu(name.value.decode("utf-8", "replace"), memory.value)


def device() -> str:
    """Return ``"cuda"`` where card, CUDA build of torch and gsplat are there, else ``"cpu"``."""
    if importlib.util.find_spec("gsplat") is None:
        return "cpu"
    try:
        torch = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "cpu"
    return "cpu" if torch.endswith("+cpu") or not gpus() else "cuda"


def _container_limit() -> int:
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            return int(text)
    return sys.maxsize
