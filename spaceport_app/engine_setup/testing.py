"""The self-test of an engine, started and heard."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from threading import Event
from typing import Any

from spaceport_app import installed_engine
from spaceport_app.engine_setup import child
from spaceport_app.engine_setup.recipes import Recipe
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Progress, Report

_SHARE = {"Importing the packages": 0.0, "Rendering a picture to compare": 0.4}
_TRAINING = 0.6


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
    last: dict[str, Any] = {}

    def take(line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        last.update(said)
        if "step" in said:
            step, total = str(said["step"]), max(1, int(said["total"]))
            part = int(said["done"]) / total
            start = _SHARE.get(step, _TRAINING)
            report(Progress(step, said["done"], total, start + 0.39 * part))

    ended = child.run(command, cancel, take)
    if ended.status == 0 and isinstance(last.get("result"), dict):
        return dict(last["result"])
    why = last.get("failed")
    if not why:
        lines = ended.errors.strip().splitlines()
        step = str(last.get("step", "starting")).lower()
        why = f"it ended while {step}" + (f": {lines[-1][:200]}" if lines else "")
    raise StageError(
        "engine_fails",
        f"The GPU engine was fetched but does not work here: {str(why).rstrip('.')}.",
        "Install the newest driver for your card, restart and try again. What you had before "
        "goes on working.",
    )
