"""What the commands of ``cloud`` do."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from spaceport_app.cli.cloud_drive import confirm, connected, drive, work
from spaceport_app.cli.output import Output, told, usage
from spaceport_app.cloud.client import (
    connecting,
    connection,
    failures,
    jobs,
    preferences,
    submission,
)
from spaceport_app.cloud.client.answers import Look
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.preferences import Preferences
from spaceport_app.cloud.client.preparing import Photos
from spaceport_app.cloud.client.secrets import VARIABLE, Keys
from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.cloud.layout import STEPS, Step, following, is_job_id
from spaceport_app.events import Event, Progress
from spaceport_app.pipeline import summary
from spaceport_app.project.project import Project


def connect(*, address: str, key_stdin: bool, json: bool) -> None:
    """Test address and key, then save both."""
    output = Output(json=json)
    with told(output):
        where = connection.checked(address)
        if key_stdin:
            text = sys.stdin.readline().strip()
        elif sys.stdin.isatty():
            text = typer.prompt("API key", hide_input=True).strip()
        else:
            text = ""
        keys = Keys()
        if not text and keys.find(where) is None:
            raise usage("There is no API key.", f"Use --key-stdin, or set {VARIABLE}.")
        found = connecting.connect(keys, where, text)
        output.document(
            {"ok": True, "endpoint": where, "version": found.version, "kept": found.kept}
        )
        output.say(f"Connected to {where} (Spaceport {found.version}).")
        if not found.kept:
            output.warn(
                "This computer has no keyring that takes the key, and Spaceport writes it into no "
                f"file: set {VARIABLE} in the environment for the other commands."
            )


def disconnect(*, json: bool) -> None:
    """Forget the key."""
    output = Output(json=json)
    with told(output):
        where = connection.endpoint()
        Keys().forget(where)
        output.document({"ok": True, "endpoint": where})
        output.say("The API key is forgotten.")


def test(*, json: bool) -> None:
    """Ask the service and look at the clocks."""
    output = Output(json=json)
    with told(output), connected() as api:
        found = connecting.test(api)
        output.document(
            {
                "ok": True,
                "endpoint": found.endpoint,
                "version": found.version,
                "seconds": round(found.seconds, 3),
                "clock_ahead_s": round(found.clock_ahead_s, 1),
            }
        )
        output.say(found.words())
        if found.warning is not None:
            output.warn(f"Note: {found.warning.message} {found.warning.remedy}")


def submit(
    *,
    project: Path,
    first: str | None,
    last: str,
    originals: bool,
    limit_mbit: float | None,
    email: str | None,
    machines: Sequence[str],
    spot: bool | None,
    keep_settings: bool,
    yes: bool,
    quiet: bool,
    json: bool,
) -> None:
    """Send a project and have its computing started."""
    output = Output(json=json, quiet=quiet)
    wish = _wish(output, first, last, originals, limit_mbit, email, machines, spot)
    drive(output, project, wish, first is None, keep_settings, yes, until_started=True)


def run(
    *,
    project: Path,
    first: str | None,
    last: str,
    originals: bool,
    limit_mbit: float | None,
    email: str | None,
    machines: Sequence[str],
    spot: bool | None,
    keep_settings: bool,
    every: float,
    yes: bool,
    quiet: bool,
    json: bool,
) -> None:
    """Send a project, follow it and fetch the results."""
    output = Output(json=json, quiet=quiet)
    wish = _wish(output, first, last, originals, limit_mbit, email, machines, spot)
    drive(output, project, wish, first is None, keep_settings, yes, every=every)


def follow(*, job: str, target: Path | None, every: float, quiet: bool, json: bool) -> None:
    """Go on with a project's job, or with one of another computer in a new project."""
    output = Output(json=json, quiet=quiet)
    with told(output, target or Path(job)), connected() as api:
        if target is not None:
            opened = jobs.follow_here(api, _id(job), target)
        elif is_job_id(job) and _project(job) is None:
            raise usage("Name a project folder.", "Or say with -o where the results go.")
        else:
            opened = Project.open(Path(job))
        _job_of(opened)
        work(output, opened, api, None, until_started=False, every=every)


def status(*, job: str, json: bool) -> None:
    """Show a job."""
    output = Output(json=json)
    with told(output, Path(job)), connected() as api:
        look = api.look(_id(job))
        output.document({"ok": True, **_status(look)})
        for line in _lines(look):
            output.say(line)


def stop(*, job: str, yes: bool, json: bool) -> None:
    """Stop a job and wait for AWS to confirm it."""
    output = Output(json=json)
    with told(output, Path(job)), connected() as api:
        number = _id(job)
        confirm(output, yes, "Stop the job? What is not finished is lost.")
        look = jobs.stop(api, number, _project(job))
        output.document({"ok": True, **_status(look)})
        output.say(f"The job is {look.state}; nothing computes any more.")


def download(*, job: str, target: Path | None, quiet: bool, json: bool) -> None:
    """Fetch results into their project, or into a new one."""
    output = Output(json=json, quiet=quiet)
    with told(output, target or Path(job)), connected() as api:
        if target is None:
            opened = _project(job)
            if opened is None:
                raise usage("Name a project folder.", "Or say with -o where the results go.")
            _job_of(opened)
            work(output, opened, api, None, until_started=False)
            return
        _adopt(output, api, _id(job), target)


def delete(*, job: str, yes: bool, json: bool) -> None:
    """Delete a job on AWS."""
    output = Output(json=json)
    with told(output, Path(job)), connected() as api:
        number = _id(job)
        confirm(output, yes, "Delete the job with its photos and results on AWS?")
        jobs.delete(api, number, _project(job))
        output.document({"ok": True, "job": number})
        output.say(f"The job {number} is deleted on AWS.")


def list_(*, json: bool) -> None:
    """List the jobs of the key."""
    output = Output(json=json)
    with told(output), connected() as api:
        found = api.jobs()
        output.document({"ok": True, "jobs": [asdict(one) for one in found]})
        for line in summary.columns([(one.job, f"{one.state}  {one.name}") for one in found]):
            output.say(line)
        if not found:
            output.say("There are no jobs.")


def _wish(
    output: Output,
    first: str | None,
    last: str,
    originals: bool,
    limit_mbit: float | None,
    email: str | None,
    machines: Sequence[str],
    spot: bool | None,
) -> Wish:
    with told(output):
        start, end = _step(first or "sfm"), _step(last)
        try:
            following(start, end)
        except ValueError as error:
            raise usage(f"The step {end} comes before {start}.", "Give them in order.") from error
        usual = preferences.read()
        chosen = Preferences(
            usual.upload_mbit if limit_mbit is None else limit_mbit,
            usual.email if email is None else email,
        )
        photos: Photos = "original" if originals else "scaled"
        rate = chosen.bytes_a_second
        return Wish(start, end, photos, chosen.email, rate, _instances(machines), spot)


def _instances(machines: Sequence[str]) -> dict[Step, str]:
    found: dict[Step, str] = {}
    for text in machines:
        step, equals, type = text.partition("=")
        if not (equals and type):
            raise usage(f"{text} names no machine.", "Write it as 3dgs=ml.g5.xlarge.")
        found[_step(step)] = type
    return found


def _step(name: str) -> Step:
    for step in STEPS:
        if step == name:
            return step
    raise usage(f"There is no step called {name}.", f"Name one: {', '.join(STEPS)}.")


def _project(text: str) -> Project | None:
    return Project.open(Path(text)) if Project.exists(Path(text)) else None


def _job_of(project: Project) -> submission.Submission:
    found = submission.read(project)
    if found is None or not found.under_way:
        raise failures.CloudError(
            "no_job",
            "The project has no job on AWS.",
            f"Submit it: spaceport cloud submit {shlex.quote(str(project.folder))}",
        )
    return found


def _id(text: str) -> str:
    opened = _project(text)
    if opened is not None:
        found = submission.read(opened)
        return found.job if found is not None and found.job else _job_of(opened).job
    if not is_job_id(text):
        raise usage(f"{text} is neither a project nor a job.", "See spaceport cloud list.")
    return text


def _status(look: Look) -> dict[str, Any]:
    return {
        "job": look.job,
        "name": look.name,
        "state": look.state,
        "step": look.step,
        "steps": {step: asdict(found) for step, found in look.steps.items()},
        "reason": asdict(look.reason) if look.reason else None,
        "spent_usd": look.spent_usd,
        "created": look.created,
        "expires": look.expires,
    }


def _lines(look: Look) -> list[str]:
    rows = [("Job", look.job), ("Project", look.name), ("State", look.state)]
    rows += [(step, found.state) for step, found in look.steps.items()]
    progress = [item.event for item in look.events if isinstance(item.event, Progress)]
    if progress and look.state == "running":
        rows.append(("Now", f"{progress[-1].step} ({progress[-1].fraction:.0%})"))
    if look.reason:
        rows.append(("Reason", f"{look.reason.message} {look.reason.remedy}"))
    if look.spent_usd is not None:
        rows.append(("Cost so far", f"{look.spent_usd:.2f} US dollars, reckoned from its times"))
    if look.expires:
        rows.append(("Kept until", look.expires))
    return summary.columns(rows)


def _adopt(output: Output, api: Api, job: str, target: Path) -> None:
    """Make a project of the results of a job that was handed over elsewhere."""
    look = api.look(job)

    def tell(event: Event) -> None:
        if isinstance(event, Progress):
            output.document({"event": "progress", "done": event.done, "total": event.total})

    _, steps = jobs.fetch(api, job, target, output.say, tell)
    output.document(
        {"ok": True, "project": str(target.absolute()), "steps": list(steps), "name": look.name}
    )
    output.say(f"{target}: the results of {', '.join(steps)} of {look.name}.")
