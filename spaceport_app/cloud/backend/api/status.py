"""``GET /jobs/{id}``: what a job does, told by the engines that do it.

Nothing is remembered here: Step Functions knows whether the job runs, SageMaker what its machines
do, and the worker how far it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spaceport_app.cloud import layout, wire
from spaceport_app.cloud.backend.api import compute, cost, execution, presigning, records
from spaceport_app.cloud.backend.api.compute import Compute
from spaceport_app.cloud.backend.api.errors import invalid
from spaceport_app.cloud.backend.api.records import Record, iso
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import State
from spaceport_app.cloud.layout import STEPS, Step

EVENTS_A_STEP = 1_000_000
"""The worker counts the events of a step; numbers of later steps start above those."""

_STATES: Mapping[str, State] = {
    "InProgress": "running",
    "Stopping": "stopping",
    "Completed": "finished",
    "Failed": "failed",
    "Stopped": "stopped",
}
_RETRY = "Start the job again; if it fails again, look into the log of the step."
_REASONS: Mapping[str, tuple[str, str]] = {
    "TimeLimit": ("time_limit", "Choose a faster preset or fewer photos."),
    "States.Timeout": ("time_limit", "Choose a faster preset or fewer photos."),
    "UnknownStep": ("unknown_step", "Tell those who run the service."),
}


@dataclass(frozen=True)
class Look:
    """What the engines say of a job at one moment."""

    record: Record
    stop_wished: bool
    run: Mapping[str, Any] | None
    computes: tuple[Compute, ...]

    @property
    def state(self) -> State:
        """The state of the whole job; ``stopped`` only when no machine of it lives."""
        status = self.run["status"] if self.run is not None else ""
        if self.stop_wished:
            if status == "SUCCEEDED":
                return "finished"
            ended = status != "RUNNING" and compute.all_dead(self.computes)
            return "stopped" if ended else "stopping"
        if self.run is None:
            return "uploading"
        if status == "RUNNING":
            return "running"
        if status == "SUCCEEDED":
            return "finished"
        if status == "ABORTED" or self.run.get("error") == "Stopped":
            return "stopped" if compute.all_dead(self.computes) else "stopping"
        return "failed"


def look(services: Services, record: Record) -> Look:
    """Ask the engines."""
    run = execution.describe(services, record.id)
    # The wish is written before an execution is stopped, and so is read after asking for it.
    wished = records.stop_wished(services, record)
    computes = compute.describe_all(services, record) if run is not None else ()
    return Look(record, wished, run, computes)


def status(services: Services, record: Record, after: str) -> dict[str, Any]:
    """Return all there is to know of a job, with the events that are newer than `after`.

    Raises
    ------
    ApiError
        400 if `after` is no number.
    """
    newer_than = _number(after)
    seen = look(services, record)
    computes = {c.step: c for c in seen.computes}
    told = {step: records.progress(services, record, step) for step in computes}
    steps = {
        step: _step(computes.get(step), told.get(step), seen.state) for step in record.job.steps
    }
    now = services.now()
    return {
        "job": record.id,
        "name": record.job.name,
        "state": seen.state,
        "settings": dict(record.job.settings),
        "step": seen.computes[-1].step if seen.computes else record.job.first,
        "steps": steps,
        "events": [
            _with_address(services, record, event)
            for event in _events(told)
            if event["number"] > newer_than
        ],
        "reason": _reason(seen, told),
        "costUsd": cost.spent(seen.computes, cost.prices(services.configuration), now),
        "created": iso(record.created),
        "expires": iso(record.expires),
    }


def _number(after: str) -> int:
    if not after:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) <= 12):
        raise invalid("The number in after is no whole number.")
    return int(after)


def _step(found: Compute | None, told: Mapping[str, Any] | None, job: State) -> dict[str, Any]:
    if found is None:
        waits = job in {"uploading", "running"}
        return {"state": "waiting" if waits else "skipped", "progress": None}
    return {
        "state": _STATES.get(found.status, "running"),
        "progress": _newest_progress(told),
        "started": _moment(found.started),
        "ended": _moment(found.ended),
        "instance": found.instance,
    }


def _newest_progress(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    for entry in reversed((told or {}).get("events", [])):
        if entry["event"].get("event") == "progress":
            return {"stage": entry["stage"], **entry["event"]}
    return None


def _events(told: Mapping[Step, Mapping[str, Any] | None]) -> Iterator[dict[str, Any]]:
    for step, progress in told.items():
        for entry in (progress or {}).get("events", []):
            number = STEPS.index(step) * EVENTS_A_STEP + entry["number"]
            yield {**entry, "number": number, "step": step}


def _with_address(services: Services, record: Record, event: dict[str, Any]) -> dict[str, Any]:
    """Return an event; one of something to be seen with an address to fetch it from."""
    name = event["event"].get("path")
    if name not in (layout.PICTURE, layout.CLOUD):
        return event
    return {**event, "url": presigning.get(services, layout.sight(record.id, event["step"], name))}


def _reason(seen: Look, told: Mapping[Step, Mapping[str, Any] | None]) -> dict[str, str] | None:
    if seen.state != "failed" or seen.run is None:
        return None
    # The worker knows best; a machine that died has no last word, but SageMaker has one for it.
    for found in reversed(seen.computes):
        failure = (told.get(found.step) or {}).get("failure")
        if failure and found.status == "Failed":
            return {key: str(failure[key]) for key in ("code", "message", "remedy")}
    error = str(seen.run.get("error") or "")
    code, remedy = _REASONS.get(error, ("failed", _RETRY))
    for found in reversed(seen.computes):
        if found.status == "Failed" and found.reason:
            return {"code": code, "message": found.reason, "remedy": remedy}
    message = _sentence(str(seen.run.get("cause") or "")) or "The job has failed."
    return {"code": code, "message": message, "remedy": remedy}


def _sentence(cause: str) -> str:
    """Return the words of a cause; that of a failed task is JSON."""
    try:
        raw = wire.read(cause)
    except ValueError:
        return cause
    if isinstance(raw, Mapping):
        return str(raw.get("FailureReason") or raw.get("errorMessage") or cause)
    return cause


def _moment(moment: datetime | None) -> str | None:
    return iso(moment) if moment is not None else None
