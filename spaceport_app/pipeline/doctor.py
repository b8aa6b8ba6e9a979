"""What this computer offers to Spaceport, and what is missing."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path
from typing import Any

from spaceport_app import __version__, installed_engine, resources
from spaceport_app.pipeline import environment, machine

_PARTS = ("numpy", "scipy", "numba", "torch", "pycolmap", "Pillow", "pyproj", "gsplat")
_OPTIONAL = frozenset({"gsplat", "pillow-heif"})
_LITTLE_MEMORY = 4 << 30
_LITTLE_DISK = 5 << 30


def examine(folder: Path) -> dict[str, Any]:
    """Return what the computer offers; imports every heavy part to see that it works."""
    troubles: list[str] = []
    hints: list[str] = []
    # Before torch is imported: what is examined is what a run would work with.
    not_used = installed_engine.use()
    installed = installed_engine.current()
    versions = {name: _version(name) for name in (*_PARTS, "pillow-heif")}
    for name, module in (("torch", "torch"), ("pycolmap", "pycolmap"), ("numba", "numba")):
        try:
            __import__(module)
        except Exception as error:
            troubles.append(f"{name} does not work: {error}")
    for name, version in versions.items():
        if version is None and name not in _OPTIONAL:
            troubles.append(f"{name} is not installed")
    engines = _engines(troubles)
    free_memory, free_disk = resources.free_memory_bytes(), resources.free_disk_bytes(folder)
    if free_memory < _LITTLE_MEMORY:
        hints.append("Less than 4 GB of memory are free: close other programs before a run.")
    if free_disk < _LITTLE_DISK:
        hints.append("Less than 5 GB of disk are free here: a large flight may not fit.")
    if versions["pillow-heif"] is None:
        hints.append("HEIC photos cannot be read: install pillow-heif for that.")
    gpus = machine.gpus()
    if not_used:
        hints.append(f"{not_used} Set it up again: spaceport setup-engine.")
    elif gpus and not any(one["name"] == "cuda" and one["usable"] for one in engines):
        hints.append("The NVIDIA card is not used: set its engine up with spaceport setup-engine.")
    cache = environment.numba_cache()
    return {
        "ok": not troubles,
        "spaceport": __version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "processor": _processor(),
        "cores": resources.cores(),
        "memory_bytes": resources.memory_bytes(),
        "free_memory_bytes": free_memory,
        "disk": str(folder.absolute()),
        "free_disk_bytes": free_disk,
        "gpus": [{"name": gpu.name, "memory_bytes": gpu.memory_bytes} for gpu in gpus],
        "gpu_engine": _installed(installed),
        "engines": engines,
        "versions": versions,
        "compiled_code": str(cache) if cache else "beside the program",
        "troubles": troubles,
        "hints": hints,
    }


def _engines(troubles: list[str]) -> list[dict[str, Any]]:
    try:
        from spaceport_app.splats.engines.choose import available

        return [
            {"name": one.name, "description": one.description, "usable": one.usable}
            for one in available()
        ]
    except Exception as error:
        troubles.append(f"no training engine can be made: {error}")
        return []


def _installed(engine: installed_engine.InstalledEngine | None) -> dict[str, Any] | None:
    if engine is None:
        return None
    return {
        "name": engine.name,
        "words": engine.words(),
        "folder": str(engine.folder),
        "versions": dict(engine.versions),
        "trouble": engine.trouble,
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line)
    return next(names, platform.machine())
