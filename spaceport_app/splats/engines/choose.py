"""Which engines this machine has, in plain words, and making one."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.splats.engines.contract import Engine


@dataclass(frozen=True)
class EngineDescription:
    """An engine: its name for `make`, what it would run on, and whether it can run here."""

    name: str
    description: str
    usable: bool


def available() -> tuple[EngineDescription, ...]:
    """Return every engine, the one that `make("auto")` takes first."""
    gpu = _gpu()
    cpu = EngineDescription("cpu", _cpu_words(gpu), True)
    return (gpu, cpu) if gpu.usable else (cpu, gpu)


def make(name: str) -> Engine:
    """Return a new engine without Gaussians.

    Parameters
    ----------
    name : str
        ``"auto"`` (the GPU where one can be used), ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    StageError
        ``unknown_engine`` for another name, ``no_cuda`` if the GPU cannot be used.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise StageError(
            "unknown_engine",
            f"There is no training engine named {name}.",
            "Choose auto, cpu or cuda.",
        )
    if name == "auto":
        name = available()[0].name
    if name == "cuda":
        gpu = _gpu()
        if not gpu.usable:
            raise StageError(
                "no_cuda",
                f"The GPU engine cannot run: {gpu.description}.",
                "Choose the cpu engine, or set the GPU engine up: spaceport setup-engine.",
            )
        from spaceport_app.splats.engines.cuda import CudaEngine

        return CudaEngine()
    from spaceport_app.splats.engines.cpu.engine import CpuEngine

    return CpuEngine()


def _cpu_words(gpu: EngineDescription) -> str:
    number = resources.cores()
    words = f"CPU, {number} core{'s' if number != 1 else ''}"
    return words if gpu.usable else f"{words}, {gpu.description}"


def _gpu() -> EngineDescription:
    import torch

    if not torch.cuda.is_available():
        return EngineDescription("cuda", "no NVIDIA GPU found", False)
    properties = torch.cuda.get_device_properties(0)
    words = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    if importlib.util.find_spec("gsplat") is None:
        return EngineDescription("cuda", f"{words}, but gsplat is not installed", False)
    return EngineDescription("cuda", words, True)
