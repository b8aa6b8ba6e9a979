"""What training would take on this computer, for a person, and whether a card lies idle.

To ask means to import torch: it belongs into a process of its own.
"""

from __future__ import annotations

from spaceport_app import installed_engine, resources
from spaceport_app.pipeline import machine


def answer() -> dict[str, str | bool]:
    """Return ``name`` and ``words`` of the engine, and whether to ``offer`` the GPU engine."""
    not_used = installed_engine.use()
    from spaceport_app.splats.engines.choose import available

    engine = available()[0]
    words = engine.description
    installed = installed_engine.current()
    cards = machine.gpus()
    if engine.name == "cuda":
        if installed is not None and not not_used:
            words = f"{words}, {installed.words()}"
        return {"name": engine.name, "words": words, "offer": False}
    cores = resources.cores()
    cpu = f"CPU, {cores} core{'s' if cores != 1 else ''}"
    if not_used:
        words = f"{cpu}. {not_used}"
    elif cards and installed is None:
        words = f"{cpu}. The {cards[0].name} is not used: its engine is not set up."
    elif installed is not None:
        words = f"{words}, though the GPU engine is set up ({installed.words()})"
    return {"name": engine.name, "words": words, "offer": bool(not_used or cards)}
