"""``doctor``: what this computer offers, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spaceport_app.cli.output import FAILED, Output, told
from spaceport_app.cli.running import Json
from spaceport_app.pipeline.doctor import examine
from spaceport_app.pipeline.summary import columns
from spaceport_app.quantities import size


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
    if installed := found["gpu_engine"]:
        state = f" ({installed['trouble']})" if installed["trouble"] else ""
        rows.append(("GPU engine", f"{installed['words']}{state}, in {installed['folder']}"))
    for number, engine in enumerate(engine for engine in found["engines"] if engine["usable"]):
        rows.append(("Engine" if number == 0 else "", engine["description"]))
    installed = [f"{name} {version}" for name, version in found["versions"].items() if version]
    rows.append(("Parts", ", ".join(installed)))
    rows.append(("Compiled code", found["compiled_code"]))
    rows += [("Trouble", trouble) for trouble in found["troubles"]]
    rows += [("Hint", hint) for hint in found["hints"]]
    if not found["troubles"]:
        rows.append(("Verdict", "everything that Spaceport needs works"))
    return columns(rows)
