"""A project handed over to AWS from a terminal: asked, shown, told how it went."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import typer

from spaceport_app.cli import live
from spaceport_app.cli.output import FAILED, STOPPED, Output, told, usage
from spaceport_app.cloud.client import connection, preparing, prices, submission, wishes
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.run import CloudRun
from spaceport_app.cloud.client.secrets import Keys
from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.cloud.layout import STEPS
from spaceport_app.pipeline import fingerprint, forecast, summary
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.settings import resolve_all
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
        if found is None or found.ended:
            if choose_first:
                first = wishes.usual_first(project, stages)
                later = wish.last if STEPS.index(wish.last) >= STEPS.index(first) else first
                wish = replace(wish, first=first, last=later)
            settings = project.document.settings
            wanted = settings if keep_settings else wishes.suited(settings, wish)
            if wish.first == "sfm":
                _read_photos(output, project)
            _ask(output, project, wish, wanted, yes)
            if wanted != settings:
                with project.locked():
                    project.change(settings=wanted)
        work(output, project, api, wish, until_started=until_started, every=every)


def _read_photos(output: Output, project: Project) -> None:
    """Run the import stage, if it is to do: what leaves the computer follows from it."""
    stages = registry()
    stage = find(stages, "import")
    options = resolve_all(stages, project.document.settings)["import"]
    if fingerprint.holds(stage, options, project):
        return
    listener = live.listener(output, (stage,))
    runner = Runner(project, listener, stages)
    with _signals(runner.cancel), listener:
        outcomes = runner.run(only="import")
    _finish(output, project, outcomes)


def _ask(output: Output, project: Project, wish: Wish, settings: Settings, yes: bool) -> None:
    stages = registry()
    options = resolve_all(stages, settings)
    leaving = preparing.leaving(project, wish.first, wish.photos, options)
    work = forecast.workload(project)
    expected = prices.expect(prices.read(), work, options, wish.first, wish.last, stages)
    output.document(
        {
            "event": "offer",
            "first": wish.first,
            "last": wish.last,
            "leaves": leaving.sentence,
            "files": leaving.files,
            "bytes": round(leaving.size),
            "seconds": [round(value) for value in expected.seconds],
            "usd": [round(value, 2) for value in expected.usd],
            "prices": f"{expected.region}, {expected.as_of}",
        }
    )
    output.say(leaving.sentence)
    output.say(expected.words())
    if settings.device != project.document.settings.device:
        output.say("The project takes the values for a GPU, which AWS has for the training.")
    confirm(output, yes, "Send it and start?")


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
    with _signals(driven.leave), listener:
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


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C, and the end of the terminal, call `stop`."""

    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                number = getattr(signal, name)
                before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
