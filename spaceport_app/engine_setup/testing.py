"""The self-test of an engine, started and heard."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Annotated, Any

from msgspec import Meta

from spaceport_app import installed_engine, records
from spaceport_app.engine_setup import child
from spaceport_app.engine_setup.recipes import Recipe
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Progress, Report

_SHARE = {"Importing the packages": 0.0, "Rendering a picture to compare": 0.4}
_TRAINING = 0.6


@dataclass(frozen=True)
class _Said:
    """A line of the self-test: a step, what it measured, or why it failed."""

    step: str = ""
    done: Annotated[float, Meta(ge=0.0)] = 0.0
    total: Annotated[float, Meta(ge=1.0)] = 1.0
    result: dict[str, Any] | None = None
    failed: str = ""


def test(recipe: Recipe, folder: Path, cancel: Event, report: Report) -> dict[str, JsonValue]:
    """Return what the self-test of the engine in `folder` measured.

    Raises
    ------
    StageError
        ``engine_fails`` with the reason.
    Cancelled
        If `cancel` was set.
    """
    site = folder / installed_engine.SITE
    module = "spaceport_app.engine_setup.selftest"
    command = [sys.executable, "-P", "-m", module, str(site), recipe.device, *recipe.imports]
    last = _Said()

    def take(line: str) -> None:
        nonlocal last
        # Packages that are imported may say whatever they like.
        with contextlib.suppress(records.RecordError):
            said = records.fitting(records.parse(line), _Said)
            if said.step:
                start = _SHARE.get(said.step, _TRAINING)
                part = min(said.done / said.total, 1.0)
                report(Progress(said.step, said.done, said.total, start + 0.39 * part))
            last = said if said != _Said() else last

    ended = child.run(command, cancel, take)
    if ended.status == 0 and last.result is not None:
        return last.result
    why = last.failed
    if not why:
        lines = ended.errors.strip().splitlines()
        why = f"it ended while {(last.step or 'starting').lower()}"
        why += f": {lines[-1][:200]}" if lines else ""
    raise StageError(
        "engine_fails",
        f"The GPU engine was fetched but does not work here: {why.rstrip('.')}.",
        "Install the newest driver for your card, restart and try again. What you had before "
        "goes on working.",
    )
