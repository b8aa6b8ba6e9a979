"""A look at a project before the start: what holds, what broke off, what it will take.

It reads files and hashes what it reads, so it belongs into a background thread.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spaceport_app.cloud.client import offer, submission, wishes
from spaceport_app.cloud.client.following import SHOWN
from spaceport_app.cloud.client.prices import Expected
from spaceport_app.cloud.client.submission import Submission
from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.errors import StageError
from spaceport_app.events import Failed
from spaceport_app.gui.run.state import Phase, RunState
from spaceport_app.pipeline import fingerprint, forecast, trouble
from spaceport_app.pipeline.forecast import Forecast
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import Registry, Stage
from spaceport_app.project import reach
from spaceport_app.project.model import Document, Settings, StageRun
from spaceport_app.project.project import Project

_log = logging.getLogger(__name__)

_TO_LOOK_AT = frozenset({"snapshot"})

_BUSY = Failed(
    "project_locked",
    "Another Spaceport is working on this project.",
    "Wait until it is done, or stop it there.",
)


@dataclass(frozen=True)
class Found:
    """What is known of one stage; `run` is the one that made its result or ended last."""

    phase: Phase
    sentence: str
    run: StageRun | None = None
    failure: Failed | None = None
    has_result: bool = False


@dataclass(frozen=True)
class Survey:
    """What a look at a project found.

    Parameters
    ----------
    document : Document or None
        The project's document as saved now; None if it could not be read.
    stages : mapping
        What is known of each stage, by name.
    expected : Forecast or None
        What the stages that are to do will take; None if nothing is to do.
    goes_on : bool
        A stopped stage will go on from what it had.
    failure : Failed or None
        Why the work cannot start.
    job : Submission or None
        The project's job on AWS, if something may still come of it.
    there : Expected or None
        What AWS will take for the stages that are to do, where that was asked for.
    """

    document: Document | None = None
    stages: Mapping[str, Found] = field(default_factory=dict)
    expected: Forecast | None = None
    goes_on: bool = False
    failure: Failed | None = None
    job: Submission | None = None
    there: Expected | None = None

    @property
    def complete(self) -> bool:
        """Whether every result holds, so that nothing is to do."""
        return bool(self.stages) and all(one.phase == "done" for one in self.stages.values())


def look(
    folder: Path, stages: Registry, settings: Settings | None = None, *, aws: bool = False
) -> Survey:
    """Look at the project in `folder`, saving `settings` first where they are given.

    With `aws` time and cost are those of AWS, and the memory and disk of this computer no matter.
    """
    document: Document | None = None
    found: dict[str, Found] = {}
    goes_on = False
    job: Submission | None = None
    try:
        project = Project.open(folder)
        document = project.document
        job = _job(project)
        if settings is not None and settings != document.settings:
            resolve_all(stages, settings)
            with project.locked():
                project.change(settings=settings)
            document = project.document
        if project.busy:
            return Survey(document, {}, None, False, _BUSY, job)
        places = reach.unasked(project)
        options = resolve_all(stages, document.settings)
        changed: set[str] = set()
        for stage in stages:
            one = _of_stage(stage, options[stage.name], project, changed)
            if one.phase != "done":
                changed.add(stage.name)
            if one.phase == "stopped":
                saved = one.run is not None and one.run.code == "stopped"
                if _goes_on(stage, options[stage.name], project):
                    goes_on = True
                    if not saved:
                        words = f"{one.sentence}; goes on from its last saved state"
                        one = replace(one, sentence=words)
                elif saved:
                    one = replace(one, sentence="Stopped; this stage will start anew")
            found[stage.name] = one
        if job is not None:
            _show_job(job, found)
        if places:
            return Survey(document, found, None, goes_on, _elsewhere(places), job)
        if aws or job is not None:
            there = None if job is not None else _there(project, stages)
            return Survey(document, found, None, goes_on, None, job, there)
        expected = forecast.of_project(project, stages)
        return Survey(document, found, expected, goes_on)
    except (OSError, StageError) as error:
        failure = trouble.explain(error, folder, folder / "logs")
        return Survey(document, found, None, goes_on, failure, job)


def _elsewhere(places: tuple[Path, ...]) -> Failed:
    return Failed(
        reach.CODE,
        f"The photos of this project lie in {reach.named(places)}. Nobody has agreed to look "
        "there.",
        "Open the project again and say so, if you know that place.",
    )


def _job(project: Project) -> Submission | None:
    try:
        found = submission.read(project)
    except (OSError, StageError) as error:
        # It is told when AWS is to go on; nothing else needs it.
        _log.warning("what is known of the job on AWS cannot be read: %s", error)
        return None
    return found if found is not None and found.open else None


def _show_job(job: Submission, found: dict[str, Found]) -> None:
    """Say in the row of the step that AWS has, or is to get, how that stands."""
    name = SHOWN[job.next_step]
    if name in found:
        words = "Goes on on AWS" if job.started else "Not sent to AWS completely"
        found[name] = replace(found[name], phase="stopped", sentence=words, failure=None)


def _there(project: Project, stages: Registry) -> Expected:
    wish = wishes.from_missing(project, stages, Wish())
    settings = wishes.suited(project.document.settings, wish)
    return offer.expect(project, settings, wish, stages)


def apply(found: Survey, state: RunState, *, after_run: bool) -> None:
    """Put into `state` what was found; what a run has just told stays.

    Not every failure leaves a record on disk: a photo that is gone, say, is told by the run.
    """
    for name, one in found.stages.items():
        row = state.rows[name]
        row.has_result = one.has_result
        if one.run is not None:
            row.report, row.seconds = one.run.report, one.run.seconds
        if row.phase in ("stopped", "failed") and (row.phase == one.phase or after_run):
            continue
        row.phase, row.failure, row.sentence = one.phase, one.failure, one.sentence
        row.fraction = 1.0 if one.phase == "done" else 0.0
    for row in state.rows.values():
        if row.phase == "done":
            row.sentence = state.headline(row)


def _of_stage(stage: Stage, options: Any, project: Project, changed: set[str]) -> Found:
    published = project.published(stage.name)
    record = project.record(stage.name)
    latest = record.latest if record is not None else None
    if latest is not None and latest.state in ("failed", "crashed") and latest.code:
        if latest.code in ("interrupted", "result_gone"):
            return Found("stopped", "Spaceport was closed while it worked", latest)
        failure = Failed(latest.code, latest.message, latest.remedy)
        return Found("failed", "Did not finish", latest, failure, published is not None)
    if latest is not None and latest.state in ("running", "publishing"):
        return Found("stopped", "Spaceport was closed while it worked", latest)
    if latest is not None and latest.state == "cancelled":
        # A stage that saved its work says how far it came: "Stopped at step 900 of 1,800."
        words = latest.message.removesuffix(".") if latest.code == "stopped" else "Stopped"
        return Found("stopped", words, latest, has_result=published is not None)
    if published is None:
        return Found("waiting", "Not done yet")
    if changed.intersection(stage.reads) or not _holds(stage, options, project):
        return Found("outdated", "Will be done again: something changed", published, None, True)
    return Found("done", "Finished", published, None, True)


def _holds(stage: Stage, options: Any, project: Project) -> bool:
    try:
        return fingerprint.holds(stage, options, project)
    except (OSError, StageError) as error:
        if isinstance(error, StageError) and error.code == reach.CODE:
            # Nobody has looked yet; the reason is told before the start.
            return True
        _log.info("whether %s holds cannot be told: %s", stage.name, error)
        return False


def _goes_on(stage: Stage, options: Any, project: Project) -> bool:
    record = project.record(stage.name)
    if record is None or record.latest is None or not has_saved_work(project, stage.name):
        return False
    try:
        return record.latest.fingerprint == fingerprint.of_stage(stage, options, project)
    except (OSError, StageError):
        return False


def has_saved_work(project: Project, stage: str) -> bool:
    """Whether a stopped stage left something from which it can go on.

    A preview picture and a snapshot are for looking at only, and hidden files are half written
    or wishes.
    """
    scratch = project.scratch(stage)
    if not scratch.is_dir():
        return False
    return any(
        path.suffix != ".jpg" and path.name[0] != "." and path.name not in _TO_LOOK_AT
        for path in scratch.iterdir()
    )
