"""Which build of torch fits this computer, so that nobody fetches gigabytes in vain."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from locked import places

from development import web

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class TorchChoice:
    """Which build of torch to fetch.

    Parameters
    ----------
    kind : str
        ``cuda`` or ``cpu``.
    arguments : tuple of str
        pip's extra arguments for it.
    reason : str
        Why, for a person.
    lists : tuple of str
        The lists of hashes it may come from; the first of which pip finds all.
    """

    kind: str
    arguments: tuple[str, ...]
    reason: str
    lists: tuple[str, ...] = (places.TORCH,)


def nvidia_driver() -> bool:
    """Return whether an NVIDIA driver answers, asked through NVML or else nvidia-smi."""
    name = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
    try:
        return int(ctypes.CDLL(name).nvmlInit_v2()) == 0
    except (OSError, AttributeError):
        pass
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        done = subprocess.run([program, "-L"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and b"GPU" in done.stdout


def answers(url: str) -> bool:
    """Return whether a web address answers within `PROBE_SECONDS`."""
    request = urllib.request.Request(f"{url}/torch/", method="HEAD")
    try:
        with web.opened(request, timeout=PROBE_SECONDS) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def choose(driver: Callable[[], bool], probe: Callable[[str], bool]) -> TorchChoice:
    """Return the build of torch to fetch.

    Parameters
    ----------
    driver : callable
        Says whether an NVIDIA driver is there.
    probe : callable
        Says whether an address can be reached; asked only without a driver.
    """
    if driver():
        return TorchChoice("cuda", (), "an NVIDIA driver is here")
    if not sys.platform.startswith("linux"):
        return TorchChoice("cpu", (), "PyPI's build for this system is the one without CUDA")
    if probe(CPU_INDEX):
        # The only index that is asked: no package of that name elsewhere can come in its place.
        arguments = ("--index-url", CPU_INDEX)
        reason = "no NVIDIA driver: PyTorch's small CPU build"
        return TorchChoice("cpu", arguments, reason, (places.TORCH_CPU,))
    return TorchChoice(
        "cpu",
        (),
        "no NVIDIA driver, and PyTorch's CPU index is out of reach: pip's usual sources",
        (places.TORCH_CPU, places.TORCH),
    )
