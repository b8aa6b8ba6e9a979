"""Jobs by their id, whichever computer has handed them over: stop, delete, fetch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from spaceport_app.cloud.client import preparing, submission, taking
from spaceport_app.cloud.client.answers import ENDED, Artifact, Look
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.downloading import Downloader
from spaceport_app.cloud.client.failures import CloudError, Halted
from spaceport_app.cloud.client.submission import Submission
from spaceport_app.cloud.layout import STEPS, Step
from spaceport_app.events import Event
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project
from spaceport_app.quantities import size

CONFIRM_S = 180.0
"""How long to wait for AWS to confirm a stop; its own jobs take up to two minutes to end."""

_log = logging.getLogger(__name__)


def stop(api: Api, job: str, project: Project | None = None, poll_s: float = 1.0) -> Look:
    """Stop a job, and come back when AWS confirms that nothing computes any more.

    Parameters
    ----------
    project : Project, optional
        Whose job it is, if it is one of this computer's: its note of the job is brought up to
        date.

    Raises
    ------
    CloudError
        ``stop_unconfirmed``, or what the service says.
    """
    look = confirm(api, job, poll_s, time.monotonic() + CONFIRM_S, lambda error: None)
    if look.state != "finished":
        _note(project, job, look.state)
    return look


def confirm(
    api: Api, job: str, poll_s: float, end_s: float, unheard: Callable[[CloudError], None]
) -> Look:
    """Ask for a job to be stopped until it has ended, also over a network that fails at times.

    Parameters
    ----------
    end_s : float
        Time of the monotonic clock at which to give up.
    unheard : callable
        Called with what fails between the service and here.

    Raises
    ------
    CloudError
        ``stop_unconfirmed``, or what the service says.
    Halted
        If `api` is halted meanwhile.
    """
    asked = False
    while time.monotonic() < end_s:
        try:
            if not asked:
                api.stop(job)
                asked = True
            look = api.look(job)
            if look.state in ENDED:
                return look
        except CloudError as error:
            if error.code not in ("no_network", "service_busy"):
                raise
            _log.warning("the stop is not confirmed yet: %s", error)
            unheard(error)
        if api.halted.wait(poll_s):
            raise Halted
    raise CloudError(
        "stop_unconfirmed",
        "AWS has not confirmed that the job stopped, so it may go on and cost.",
        f"Stop it again: spaceport cloud stop {job}.",
    )


def delete(api: Api, job: str, project: Project | None = None) -> None:
    """Stop a job and delete all that it has on AWS; `project` as in `stop`."""
    api.delete(job)
    if project is not None and _note(project, job, "deleted"):
        preparing.discard(project)


def _note(project: Project | None, job: str, ended: str) -> bool:
    found = submission.read(project) if project is not None else None
    if project is None or found is None or found.job != job:
        return False
    submission.write(project, replace(found, ended=ended))
    return True


def follow_here(api: Api, job: str, target: Path) -> Project:
    """Make a project that follows a job which another computer has handed over.

    Driven like a job of one's own it shows the progress, can stop it, and takes its results.

    Parameters
    ----------
    target : Path
        The new project folder, or one that follows this job already.

    Raises
    ------
    StageError
        ``other_project`` if another project is there, ``not_sent`` if the photos are not all on
        AWS yet, or what the service says.
    """
    if Project.exists(target):
        project = Project.open(target)
        found = submission.read(project)
        if found is not None and found.job == job:
            return project
        raise CloudError(
            "other_project", f"{target} is another project.", "Choose a folder that is not there."
        )
    look = api.look(job)
    steps = [step for step in STEPS if step in look.steps]
    if look.state == "uploading" or not steps:
        raise CloudError(
            "not_sent",
            "The job has not been sent completely.",
            "Go on with it on the computer that has begun it.",
        )
    try:
        settings = submission.settings_of(look.settings or {})
    except ValueError:
        # A service before this one does not tell them: these are those of most jobs.
        settings = Settings(device="cuda")
    project = Project.create(target, (), settings)
    followed = Submission(
        api.endpoint,
        look.name,
        steps[0],
        steps[-1],
        submission.settings_json(settings),
        "",
        (),
        job=job,
        started=True,
        elsewhere=True,
    )
    submission.write(project, followed)
    return project


def fetch(
    api: Api, job: str, target: Path, say: Callable[[str], None], tell: Callable[[Event], None]
) -> tuple[Project, tuple[Step, ...]]:
    """Make a project of the results of a job that was handed over elsewhere.

    Parameters
    ----------
    target : Path
        The project folder; one that is there gets what is new.
    say : callable
        Called with a line before each step's files.
    tell : callable
        Called with the progress.

    Returns
    -------
    tuple
        The project, and the steps that have results.

    Raises
    ------
    StageError
        ``no_result`` as long as no step is done; else as `Downloader.run` and `taking.adopt`.
    """
    found = api.artifacts(job)
    by_step: dict[Step, list[Artifact]] = {step: [] for step in STEPS}
    for file in found.files:
        by_step[file.step].append(file)
    steps = tuple(step for step in STEPS if by_step[step])
    if not steps:
        raise CloudError("no_result", "The job has no results yet.", "Try again later.")
    project = (
        Project.open(target)
        if Project.exists(target)
        else Project.create(target, (), Settings(device="cuda"))
    )
    results = submission.folder(project) / "results"
    for step in steps:
        files = by_step[step]
        say(f"Fetching {step}: {size(sum(file.size for file in files))}")
        Downloader(api, job, results / step).run(files, tell)
        taking.adopt(project, job, step, results / step, found.stages, registry())
    return project, steps
