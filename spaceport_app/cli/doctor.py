"""``doctor``: what this computer offers, and what is missing."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from spaceport_app import __version__
from spaceport_app.cli.output import FAILED, Output, told
from spaceport_app.cli.running import Json
from spaceport_app.pipeline import environment, machine
from spaceport_app.quantities import size

_PARTS = ("numpy", "scipy", "numba", "torch", "pycolmap", "Pillow", "pyproj", "gsplat")
_OPTIONAL = frozenset({"gsplat", "pillow-heif"})
_LITTLE_MEMORY = 4 << 30
_LITTLE_DISK = 5 << 30


def doctor(
    folder: Annotated[
        Path, typer.Argument(help="Where projects shall lie: its disk is looked at.")
    ] = Path(),
    json: Json = False,
) -> None:
    """Check computer, graphics card, engine, versions, free memory and disk."""
    output = Output(json=json)
    with told(output, folder):
        found = examine(folder)
        output.document(found)
        for line in _lines(found):
            output.say(line)
    if not found["ok"]:
        raise typer.Exit(FAILED)


def examine(folder: Path) -> dict[str, Any]:
    """Return what the computer offers; imports every heavy part to see that it works."""
    troubles: list[str] = []
    hints: list[str] = []
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
    free_memory, free_disk = machine.free_memory_bytes(), machine.free_disk_bytes(folder)
    if free_memory < _LITTLE_MEMORY:
        hints.append("Less than 4 GB of memory are free: close other programs before a run.")
    if free_disk < _LITTLE_DISK:
        hints.append("Less than 5 GB of disk are free here: a large flight may not fit.")
    if versions["pillow-heif"] is None:
        hints.append("HEIC photos cannot be read: install pillow-heif for that.")
    cache = environment.numba_cache()
    return {
        "ok": not troubles,
        "spaceport": __version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "processor": _processor(),
        "cores": machine.cores(),
        "memory_bytes": machine.memory_bytes(),
        "free_memory_bytes": free_memory,
        "disk": str(folder.absolute()),
        "free_disk_bytes": free_disk,
        "gpus": [{"name": gpu.name, "memory_bytes": gpu.memory_bytes} for gpu in machine.gpus()],
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


def _lines(found: dict[str, Any]) -> list[str]:
    rows = [
        ("Spaceport", f"{found['spaceport']} on Python {found['python']}"),
        ("System", found["system"]),
        ("Processor", f"{found['processor']}, {found['cores']} cores for Spaceport"),
        (
            "Memory",
            f"{size(found['free_memory_bytes'])} of {size(found['memory_bytes'])} free",
        ),
        ("Disk", f"{size(found['free_disk_bytes'])} free at {found['disk']}"),
    ]
    gpus = [f"{gpu['name']}, {size(gpu['memory_bytes'])}" for gpu in found["gpus"]]
    rows.append(("NVIDIA cards", "; ".join(gpus) or "none"))
    for number, engine in enumerate(engine for engine in found["engines"] if engine["usable"]):
        rows.append(("Engine" if number == 0 else "", engine["description"]))
    installed = [f"{name} {version}" for name, version in found["versions"].items() if version]
    rows.append(("Parts", ", ".join(installed)))
    rows.append(("Compiled code", found["compiled_code"]))
    rows += [("Trouble", trouble) for trouble in found["troubles"]]
    rows += [("Hint", hint) for hint in found["hints"]]
    if not found["troubles"]:
        rows.append(("Verdict", "everything that Spaceport needs works"))
    return [f"{head:<18}{words}" for head, words in rows]
