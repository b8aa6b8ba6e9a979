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

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class TorchChoice:
    """A kind of build (``cuda`` or ``cpu``), pip's extra arguments for it, and why."""

    kind: str
    arguments: tuple[str, ...]
    reason: str


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
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS) as reply:
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
    if probe(CPU_INDEX):
        # A build with the local version +cpu counts as newer than the plain one, so pip takes it.
        arguments = ("--extra-index-url", CPU_INDEX)
        return TorchChoice("cpu", arguments, "no NVIDIA driver: PyTorch's small CPU build")
    return TorchChoice(
        "cpu", (), "no NVIDIA driver, and PyTorch's CPU index is out of reach: pip's usual sources"
    )
