"""A project handed over to AWS from a terminal: asked, shown, told how it went."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from spaceport_app.cli import live
from spaceport_app.cli.output import FAILED, STOPPED, Output, told, usage
from spaceport_app.cli.signals import on_stop
from spaceport_app.cloud.client import connection, offer, prices, submission, wishes
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.run import CloudRun
from spaceport_app.cloud.client.secrets import Keys
from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.cloud.layout import Step
from spaceport_app.pipeline import summary
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.stage import find, registry
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project


def connected() -> Api:
    """Open the service that is saved, with its key."""
    return Api(connection.find(Keys()))


def drive(
    output: Output,
    folder: Path,
    wish: Wish,
    choose_first: bool,
    keep_settings: bool,
    yes: bool,
    *,
    until_started: bool = False,
    every: float = 5.0,
) -> None:
    """Ask, then drive a project's job from wherever it is."""
    with told(output, folder), connected() as api:
        project = Project.open(folder)
        stages = registry()
        found = submission.read(project)
        if found is None or not found.under_way:
            if choose_first:
                wish = wishes.from_missing(project, stages, wish)
            if wish.first == "sfm":
                _read_photos(output, project)
            usual = api.health().machines
            settings = _ask(output, project, wish, usual, keep_settings, yes)
            if settings != project.document.settings:
                with project.locked():
                    project.change(settings=settings)
        work(output, project, api, wish, until_started=until_started, every=every)


def _read_photos(output: Output, project: Project) -> None:
    """Run the import stage, if it is to do: what leaves the computer follows from it."""
    stages = registry()
    stage = find(stages, "import")
    if offer.photos_read(project, stages):
        return
    listener = live.listener(output, (stage,))
    runner = Runner(project, listener, stages)
    with on_stop(runner.cancel), listener:
        outcomes = runner.run(only="import")
    _finish(output, project, outcomes)


def _ask(
    output: Output,
    project: Project,
    wish: Wish,
    usual: Mapping[Step, str],
    keep_settings: bool,
    yes: bool,
) -> Settings:
    """Say what a job means, ask, and return the project's settings from then on."""
    made = offer.make(project, wish, registry(), keep_settings=keep_settings, usual=usual)
    expected = made.expected
    output.document(
        {
            "event": "offer",
            "first": wish.first,
            "last": wish.last,
            "leaves": made.leaving.sentence,
            "files": made.leaving.files,
            "bytes": round(made.leaving.size),
            "seconds": [round(value) for value in expected.seconds],
            "usd": [round(value, 2) for value in expected.usd],
            "prices": f"{expected.region}, {expected.as_of}",
            "check_prices": prices.PAGE,
            "machines": dict(wish.for_steps(usual)),
            "spot": wish.spot,
        }
    )
    output.say(made.leaving.sentence)
    output.say(f"{expected.words()} {prices.PAGE}")
    if made.gpu_values:
        output.say(offer.GPU_VALUES)
    confirm(output, yes, "Send it and start?")
    return made.settings


def confirm(output: Output, yes: bool, question: str) -> None:
    """Ask a question that only a person, or ``--yes``, may answer."""
    if yes:
        return
    if output.json or output.quiet or not sys.stdin.isatty():
        raise usage(f"This needs a yes: {question}", "Add --yes.")
    if not typer.confirm(question):
        output.warn("Nothing was done.")
        raise typer.Exit(STOPPED)


def work(
    output: Output,
    project: Project,
    api: Api,
    wish: Wish | None,
    *,
    until_started: bool,
    every: float = 5.0,
) -> None:
    """Drive a job with its progress shown, then tell how it went."""
    stages = registry()
    listener = live.listener(output, stages)
    driven = CloudRun(
        project,
        listener,
        stages,
        api=api,
        wish=wish,
        until="started" if until_started else "taken",
        poll_s=every,
    )
    with on_stop(driven.leave), listener:
        outcomes = driven.run()
    _finish(output, project, outcomes, whole=True, started=until_started)


def _finish(
    output: Output,
    project: Project,
    outcomes: Sequence[Outcome],
    *,
    whole: bool = False,
    started: bool = False,
) -> None:
    bad = next((outcome for outcome in outcomes if not outcome.good), None)
    if bad is None and not whole:
        return
    found = submission.read(project)
    again = shlex.join(["spaceport", "cloud", "run", str(project.folder)])
    document: dict[str, Any] = {
        "event": "report",
        "ok": bad is None,
        "project": str(project.folder.absolute()),
        "job": found.job if found is not None else "",
        "ran": {outcome.stage: outcome.kind for outcome in outcomes},
    }
    if bad is None:
        report = summary.of_project(project, registry())
        output.document({**document, "report": report})
        if started:
            output.say(f"AWS works on it: {document['job']}. To follow: {again}")
            return
        output.say()
        for line in summary.lines(report):
            output.say(line)
        return
    error = {"code": bad.code, "message": bad.message, "remedy": bad.remedy, "stage": bad.stage}
    output.document({**document, "error": error, "go_on": again})
    if bad.kind == "cancelled":
        output.warn(f"{bad.message} To go on: {again}")
        raise typer.Exit(STOPPED)
    output.warn(f"Error: {bad.message} {bad.remedy}")
    raise typer.Exit(FAILED)
