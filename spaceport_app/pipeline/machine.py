"""The NVIDIA cards of this computer, without torch, and what its kernel had to kill."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from spaceport_app import installed_engine


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA card as its driver names it."""

    name: str
    memory_bytes: int


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
    """Return ``"cuda"`` where card, CUDA build of torch and gsplat are there, else ``"cpu"``.

    They may be the program's own, or those of the GPU engine that this user has set up.
    """
    engine = installed_engine.current()
    if engine is not None and not engine.trouble:
        return "cuda" if gpus() else "cpu"
    if importlib.util.find_spec("gsplat") is None:
        return "cpu"
    try:
        torch = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "cpu"
    return "cpu" if torch.endswith("+cpu") or not gpus() else "cuda"
