"""``status``: what a project holds and what is still to do."""

from __future__ import annotations

from typing import Any

from spaceport_app.cli.output import Output, told
from spaceport_app.cli.running import Json, ProjectFolder
from spaceport_app.pipeline import summary
from spaceport_app.pipeline.stage import Registry, registry
from spaceport_app.project import reach
from spaceport_app.project.project import Project
from spaceport_app.quantities import duration, size


def status(project: ProjectFolder, json: Json = False) -> None:
    """Show what a project holds, what is outdated, and what went wrong."""
    output = Output(json=json)
    stages = registry()
    with told(output, project):
        opened = Project.open(project)
        found = describe(opened, stages)
        output.document({"ok": True, **found})
        for line in lines(found):
            output.say(line)


def describe(project: Project, stages: Registry) -> dict[str, Any]:
    """Return the state of every stage of a project, JSON-able."""
    busy = project.busy
    unasked = reach.unasked(project)
    outdated = summary.outdated(project, stages)
    states: dict[str, Any] = {}
    for stage in stages:
        record = project.record(stage.name)
        published = project.published(stage.name)
        latest = record.latest if record else None
        state = "missing"
        if published is not None:
            state = "outdated" if stage.name in outdated else "finished"
        elif project.damaged(stage.name):
            state = "damaged"
        if latest is not None:
            working = latest.state in ("running", "publishing")
            if working and busy:
                state = "running"
            elif state != "finished":
                # A result that holds is not lost by a later try that failed.
                state = "interrupted" if working else latest.state
        states[stage.name] = {
            "label": stage.label,
            "state": state,
            "has_result": published is not None,
            "seconds": published.seconds if published else None,
            "peak_memory_bytes": published.peak_memory_bytes if published else None,
            "finished": published.finished if published else None,
            "code": latest.code if latest else "",
            "message": latest.message if latest else "",
            "remedy": latest.remedy if latest else "",
        }
    document = project.document
    return {
        "project": str(project.folder.absolute()),
        "name": document.name,
        "created": document.created,
        "photos": [str(source) for source in project.sources],
        "photos_not_looked_at": [str(place) for place in unasked],
        "preset": document.settings.preset,
        "device": document.settings.device,
        "options": {stage: dict(o) for stage, o in document.settings.options.items()},
        "left_out": sorted(document.settings.excluded),
        "busy": busy,
        "states": states,
        **summary.of_project(project, stages),
    }


def lines(found: dict[str, Any]) -> list[str]:
    """Return the state of a project for a person."""
    text = [f"{found['name']}: preset {found['preset']} on {found['device']}"]
    text += [f"Photos from {source}" for source in found["photos"]]
    if found["photos_not_looked_at"]:
        text.append("Nobody has agreed to look there: see --trust-sources of spaceport run.")
    for stage, options in found["options"].items():
        chosen = ", ".join(f"{name} = {value}" for name, value in options.items())
        text.append(f"Changed in {stage}: {chosen}")
    text.append("In use now." if found["busy"] else "")
    for name, state in found["states"].items():
        measured = ""
        if state["seconds"] is not None:
            memory = size(state["peak_memory_bytes"])
            measured = f"{duration(state['seconds']):>12}{memory:>12}"
        text.append(f"{name:<10}{state['label']:<28}{state['state']:<12}{measured}".rstrip())
        if state["message"]:
            text.append(f"          {state['message']} {state['remedy']}")
    if any(state["has_result"] for state in found["states"].values()):
        text += ["", *summary.lines(found)]
    return text
