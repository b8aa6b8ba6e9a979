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
    reads, and its facts. A result it reads that is not there counts as an empty identity.
    """
    inputs: dict[str, JsonValue] = {}
    for name in stage.reads:
        run = project.published(name)
        inputs[name] = run.output if run else ""
    chosen = {k: v for k, v in as_json(options).items() if k not in stage.neutral}
    return of_json(
        {
            "stage": stage.name,
            "version": stage.version,
            "options": chosen,
            "inputs": inputs,
            "facts": stage.facts(project),
        }
    )


def holds(stage: Stage, options: Any, project: Project) -> bool:
    """Whether the published result of `stage` is the one that a run would make now."""
    run = project.published(stage.name)
    if run is None or any(project.published(name) is None for name in stage.reads):
        return False
    return run.fingerprint == of_stage(stage, options, project)
