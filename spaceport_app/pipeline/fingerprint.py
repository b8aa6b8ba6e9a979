"""When a result is still good: the fingerprint of all that it depends on."""

from __future__ import annotations

from typing import Any

from spaceport_app.events import JsonValue
from spaceport_app.pipeline.identity import of_json
from spaceport_app.pipeline.settings import as_json
from spaceport_app.pipeline.stage import Stage
from spaceport_app.project.project import Project


def of_stage(stage: Stage, options: Any, project: Project) -> str:
    """Return the fingerprint that a run of `stage` would have now.

    It covers the stage's name and version, its options, the identities of the results it
    reads, and, behind a dot, its facts. A result that is not there counts as an empty identity.
    """
    return f"{_core(stage, options, project)}.{of_json(stage.facts(project))}"


def holds(stage: Stage, options: Any, project: Project) -> bool:
    """Whether the published result of `stage` is the one that a run would make now.

    A result that cannot be made again, because the photos are gone, holds as long as options
    and inputs are the same: what is built on it needs no photos.
    """
    run = project.published(stage.name)
    if run is None or any(project.published(name) is None for name in stage.reads):
        return False
    if run.fingerprint == of_stage(stage, options, project):
        return True
    same = run.fingerprint.partition(".")[0] == _core(stage, options, project)
    return same and bool(stage.irreplaceable(project))


def _core(stage: Stage, options: Any, project: Project) -> str:
    inputs: dict[str, JsonValue] = {}
    for name in stage.reads:
        run = project.published(name)
        inputs[name] = run.output if run else ""
    chosen = {k: v for k, v in as_json(options).items() if k not in stage.neutral}
    return of_json(
        {"stage": stage.name, "version": stage.version, "options": chosen, "inputs": inputs}
    )
