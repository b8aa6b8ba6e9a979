"""Results from the cloud become those of the project, as if its own stages had made them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.client.submission import Submission
from spaceport_app.cloud.layout import STAGES, Step
from spaceport_app.events import JsonValue
from spaceport_app.inside import is_link
from spaceport_app.pipeline import fingerprint
from spaceport_app.pipeline.identity import of_json
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import Registry, Stage, find
from spaceport_app.project import reach
from spaceport_app.project.model import StageRun
from spaceport_app.project.project import Project

MADE_ON = "made_on"
"""Name in a stage's report of where it was made; ``"AWS"`` for results of a job."""


@dataclass(frozen=True)
class Made:
    """What the other side tells of a stage: its measured report, wall time and memory."""

    report: Mapping[str, JsonValue]
    seconds: float
    peak_memory_bytes: int
    files: Mapping[str, int]
    fingerprint: str = ""


def made(records: Mapping[str, Mapping[str, Any]], stage: str) -> Made:
    """Read the record of a stage as the manifest of its step holds it.

    Raises
    ------
    CloudError
        ``bad_result`` if the stage has none.
    """
    try:
        run = records[stage]["published"]
        return Made(
            dict(run["report"]),
            float(run["seconds"]),
            int(run["peak_memory_bytes"]),
            {str(name): int(size) for name, size in run["files"].items()},
            str(run["fingerprint"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _bad(f"nothing is told of the stage {stage}") from error


def take(
    project: Project,
    submission: Submission,
    step: Step,
    results: Path,
    records: Mapping[str, Mapping[str, Any]],
    stages: Registry,
) -> tuple[StageRun, ...]:
    """Publish the downloaded results of a step; photos that are here stay as they were read.

    The fingerprints are those of a run here with the settings of the job, so a later run skips
    these stages for as long as photos and settings are the same. `results` is left as it is: a
    kill at any moment is mended by calling this again.

    Raises
    ------
    CloudError
        ``bad_result`` if files are missing.
    ProjectError
        ``project_locked`` while something else works on the project.
    OSError
        If the project folder cannot be written.
    """
    options = resolve_all(stages, submission.project_settings())
    wanted = submission.stages_of(step)
    told = {name: made(records, name) for name in wanted}
    for name in wanted:
        _check(find(stages, name), results, told[name])
    runs = []
    with project.locked():
        for name in wanted:
            stage = find(stages, name)
            mark = fingerprint.of_stage(stage, options[name], project)
            if submission.elsewhere and submission.first != "sfm":
                # What it began with is not here.
                mark = told[name].fingerprint
            elif step == submission.first and name == wanted[0] and not submission.elsewhere:
                mark = submission.fingerprint
            elif name == "compress":
                # Edits go along only where the bundle is the first thing that is made there.
                mark = f"{mark.partition('.')[0]}.{of_json(None)}"
            runs.append(_publish(project, stage, mark, results, told[name], submission.job))
    return tuple(runs)


def adopt(
    project: Project,
    job: str,
    step: Step,
    results: Path,
    records: Mapping[str, Mapping[str, Any]],
    stages: Registry,
) -> tuple[StageRun, ...]:
    """Publish a step in a project that was made for a job of another computer.

    Photos are not there, so the list of photos is taken too, and the fingerprints are those of
    the other side.

    Raises
    ------
    CloudError, ProjectError, OSError
        As `take`.
    """
    runs = []
    told = {name: made(records, name) for name in STAGES[step]}
    for name in STAGES[step]:
        _check(find(stages, name), results, told[name])
    with project.locked():
        for name in STAGES[step]:
            stage = find(stages, name)
            mark = told[name].fingerprint
            runs.append(_publish(project, stage, mark, results, told[name], job))
    # Whoever follows a job of another computer knows where its photos lie, or that they are not
    # here; only yet another computer is asked about.
    places = reach.unasked(project)
    reach.agree(project, (place for place in places if not reach.is_network(place)))
    return tuple(runs)


def _check(stage: Stage, results: Path, told: Made) -> None:
    folder = results / stage.folder
    for name, size in told.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise _bad(f"{stage.folder}/{name} is missing")


def _publish(
    project: Project, stage: Stage, mark: str, results: Path, told: Made, job: str
) -> StageRun:
    project.begin(stage.name, stage.folder, mark)
    partial = project.partial(stage.name)
    for path in sorted((results / stage.folder).rglob("*")):
        if path.is_file() and not is_link(path):
            target = partial / path.relative_to(results / stage.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(path, target)
    log = results / "logs" / f"{stage.name}.log"
    if log.is_file() and not is_link(log):
        shutil.copyfile(log, project.log(stage.name))
    report = {**told.report, MADE_ON: "AWS", "cloud_job": job}
    return project.publish(
        stage.name,
        report,
        output=stage.identity(partial),
        seconds=told.seconds,
        peak_memory_bytes=told.peak_memory_bytes,
    )


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, so that a kill costs no second download; else copy it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _bad(why: str) -> CloudError:
    return CloudError(
        "bad_result", f"The result from AWS is not whole: {why}.", "Follow the job again."
    )
