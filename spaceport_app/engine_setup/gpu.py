"""The NVIDIA cards of this computer and the version of their driver, without torch.

``nvidia-smi`` comes with every driver; where it is not found, the library below it (NVML) is
asked directly.
"""

from __future__ import annotations

import ctypes
import logging
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from spaceport_app import programs
from spaceport_app.errors import StageError

Version = tuple[int, ...]

DRIVERS = "https://www.nvidia.com/drivers"
_TIMEOUT_S = 30.0
_WSL = Path("/usr/lib/wsl/lib/nvidia-smi")
"""Where Windows puts it in its Linux (WSL), outside of the PATH of what no shell has started."""
_FIELDS = ("name", "driver_version", "memory.total", "compute_cap")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Card:
    """An NVIDIA card.

    Parameters
    ----------
    name : str
    memory_bytes : int
    capability : tuple of int
        Compute capability, such as (8, 9); empty where the driver does not tell.
    """

    name: str
    memory_bytes: int
    capability: Version = ()


@dataclass(frozen=True)
class Cards:
    """All cards, the most able first as CUDA counts them, and their driver's version."""

    cards: tuple[Card, ...]
    driver: Version

    @property
    def driver_words(self) -> str:
        """The driver's version as NVIDIA writes it."""
        return ".".join(f"{number:02d}" if i else str(number) for i, number in self._numbers())

    def _numbers(self) -> list[tuple[int, int]]:
        return list(enumerate(self.driver))


def find() -> Cards:
    """Return the NVIDIA cards of this computer.

    Raises
    ------
    StageError
        ``no_gpu`` where there is no card or no driver, ``driver_broken`` where the driver
        does not answer.
    """
    program = _program()
    found = _ask(program) if program is not None else _by_library()
    if found is None or not found.cards:
        raise no_gpu()
    ranked = sorted(
        found.cards, key=lambda card: (card.capability, card.memory_bytes), reverse=True
    )
    return Cards(tuple(ranked), found.driver)


def no_gpu() -> StageError:
    """No card that this could be for."""
    return StageError(
        "no_gpu",
        "No NVIDIA graphics card with its driver is found on this computer.",
        f"If it has one, install its driver from {DRIVERS} and restart. "
        "Without, Spaceport trains on the processor.",
    )


def version(text: str) -> Version:
    """Return a version such as ``"580.65.06"`` as numbers; empty where it holds none."""
    match = re.match(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})*)", text)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def _program() -> str | None:
    found = programs.find("nvidia-smi")
    if found is None and _WSL.is_file():
        found = _WSL
    return None if found is None else str(found)


def _ask(program: str) -> Cards | None:
    status, text = _query(program, _FIELDS)
    if status != 0 and "not a valid field" in text:
        # Drivers before 2021 do not tell the compute capability.
        status, text = _query(program, _FIELDS[:3])
    if status != 0:
        if "No devices were found" in text:
            return None
        raise _broken(" ".join(text.split())[:160] or f"nvidia-smi ended with {status}")
    rows = [[part.strip() for part in line.split(",")] for line in text.splitlines() if line]
    cards: list[Card] = []
    driver: Version = ()
    for row in rows:
        if len(row) < 3 or not version(row[1]):
            raise _broken(f"nvidia-smi says {','.join(row)[:100]!r}")
        driver = version(row[1])
        memory = version(row[2])
        capability = version(row[3]) if len(row) > 3 else ()
        cards.append(Card(row[0], (memory[0] if memory else 0) << 20, capability))
    return Cards(tuple(cards), driver)


def _query(program: str, fields: tuple[str, ...]) -> tuple[int, str]:
    command = [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    # Windows would open a terminal for it otherwise.
    hidden = 0x08000000 if sys.platform == "win32" else 0
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
            creationflags=hidden,
        )
    except subprocess.TimeoutExpired as error:
        raise _broken("nvidia-smi does not answer") from error
    except OSError as error:
        raise _broken(f"nvidia-smi cannot be started: {error.strerror}") from error
    if answer.returncode == 0:
        return 0, answer.stdout
    return answer.returncode, f"{answer.stdout}\n{answer.stderr}"


def _broken(why: str) -> StageError:
    return StageError(
        "driver_broken",
        f"The NVIDIA driver does not work ({why.rstrip('.')}).",
        f"Restart the computer; if it stays, install the driver anew from {DRIVERS}.",
    )


def _by_library() -> Cards | None:
    name = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
    try:
        nvml = ctypes.CDLL(name)
        if nvml.nvmlInit_v2() != 0:
            return None
    except (OSError, AttributeError):
        return None
    try:
        return _through(nvml)
    except AttributeError as error:
        _log.info("NVML is too old: %s", error)
        return None
    finally:
        nvml.nvmlShutdown()


def _through(nvml: ctypes.CDLL) -> Cards | None:
    text = ctypes.create_string_buffer(96)
    if nvml.nvmlSystemGetDriverVersion(text, len(text)) != 0:
        return None
    driver = version(text.value.decode("ascii", "replace"))
    count = ctypes.c_uint()
    nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
    cards = []
    for index in range(count.value):
        handle = ctypes.c_void_p()
        if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
            continue
        nvml.nvmlDeviceGetName(handle, text, len(text))
        memory = (ctypes.c_ulonglong * 3)()
        nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
        major, minor = ctypes.c_int(), ctypes.c_int()
        nvml.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor))
        words = text.value.decode("utf-8", "replace")
        cards.append(Card(words, memory[0], (major.value, minor.value)))
    return Cards(tuple(cards), driver)
