"""What the service answers, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from spaceport_app.cloud import wire
from spaceport_app.cloud.job import State
from spaceport_app.cloud.layout import STEPS, Step
from spaceport_app.events import Event, Failed
from spaceport_app.pipeline import messages

ENDED: frozenset[State] = frozenset({"stopped", "failed", "finished", "deleted"})
"""States in which nothing computes any more."""


@dataclass(frozen=True)
class Health:
    """Who answers, and the machine that it usually takes for each step, if it says so."""

    service: str
    version: str
    machines: Mapping[Step, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Created:
    """A new job, and the bytes of each part of an upload but the last of a file."""

    job: str
    part_bytes: int


@dataclass(frozen=True)
class Signed:
    """Where one part may be put, until `expires` (seconds since 1970 by the service's clock)."""

    file: int
    part: int
    url: str
    headers: Mapping[str, str]
    expires: float


@dataclass(frozen=True)
class Arrived:
    """A part that the service has; `sha256` as base64 of the digest, where it is known."""

    file: int
    part: int
    size: int
    sha256: str


@dataclass(frozen=True)
class CloudEvent:
    """An event of a stage with its number; `event` is None for a kind that we don't know.

    What it lets one see, if anything, can be fetched at `url` for a while.
    """

    number: int
    stage: str
    event: Event | None
    url: str = ""


@dataclass(frozen=True)
class StepState:
    """How one step stands: its state in the service's words and the machine it runs on."""

    state: str = ""
    instance: str = ""
    started: str = ""
    ended: str = ""


@dataclass(frozen=True)
class Look:
    """A job as it stands now."""

    job: str
    name: str
    state: State
    step: Step | None
    steps: Mapping[Step, StepState]
    events: tuple[CloudEvent, ...]
    reason: Failed | None
    spent_usd: float | None
    created: str = ""
    expires: str = ""
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Artifact:
    """A result: its path in the project folder, and where to fetch it for a while."""

    path: str
    size: int
    sha256: str
    url: str
    step: Step


@dataclass(frozen=True)
class Artifacts:
    """All results of the steps that are done, and the records of their stages."""

    files: tuple[Artifact, ...]
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """One of the jobs of this key."""

    job: str
    name: str
    state: str
    created: str
    expires: str


def signed(raw: Mapping[str, Any]) -> Signed:
    """Read one signed part."""
    return Signed(
        wire.whole(raw["file"]),
        wire.whole(raw["part"], 1),
        wire.text(raw["url"]),
        {str(name): str(value) for name, value in raw.get("headers", {}).items()},
        moment(str(raw["expires"])),
    )


def arrived(raw: Mapping[str, Any]) -> Arrived:
    """Read one part that is there."""
    return Arrived(
        wire.whole(raw["file"]),
        wire.whole(raw["part"], 1),
        wire.whole(raw["bytes"]),
        str(raw["sha256"] or ""),
    )


def look(raw: Mapping[str, Any]) -> Look:
    """Read the state of a job."""
    reason = raw.get("reason")
    cost = raw.get("costUsd")
    spent = cost.get("spent") if isinstance(cost, Mapping) else None
    steps = raw.get("steps") or {}
    return Look(
        wire.text(raw["job"]),
        str(raw.get("name", "")),
        _state(raw["state"]),
        _step(raw.get("step")),
        {step: _step_state(steps[step]) for step in STEPS if isinstance(steps.get(step), Mapping)},
        tuple(_event(item) for item in raw.get("events") or ()),
        Failed(str(reason["code"]), str(reason["message"]), str(reason.get("remedy", "")))
        if reason
        else None,
        float(spent) if isinstance(spent, int | float) else None,
        str(raw.get("created") or ""),
        str(raw.get("expires") or ""),
        _mapping(raw.get("settings")),
    )


def artifacts(raw: Mapping[str, Any]) -> Artifacts:
    """Read the results of a job."""
    files = []
    for item in raw["files"]:
        step = _step(item["step"])
        if step is None:
            raise ValueError(f"unknown step {item['step']!r}")
        files.append(
            Artifact(
                wire.text(item["path"]),
                wire.whole(item["bytes"]),
                wire.text(item["sha256"]),
                wire.text(item["url"]),
                step,
            )
        )
    return Artifacts(tuple(files), dict(raw.get("stages") or {}))


def listed(raw: Mapping[str, Any]) -> Listed:
    """Read one line of the list of jobs."""
    return Listed(
        wire.text(raw["job"]),
        str(raw.get("name") or ""),
        str(raw.get("state") or ""),
        str(raw.get("created") or ""),
        str(raw.get("expires") or ""),
    )


def moment(text: str) -> float:
    """Return the seconds since 1970 of an ISO 8601 time with zone.

    Raises
    ------
    ValueError
        If it is none.
    """
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError("a moment without a zone")
    return found.timestamp()


def _state(value: object) -> State:
    # A word that we don't know yet is passed on; whatever else cannot be a state.
    return cast(State, wire.text(value))


def _mapping(value: object) -> Mapping[str, Any] | None:
    if value is not None and not isinstance(value, Mapping):
        raise TypeError("no object")
    return value


def _step(value: object) -> Step | None:
    return next((step for step in STEPS if step == value), None)


def _step_state(raw: Mapping[str, Any]) -> StepState:
    return StepState(
        *(str(raw.get(name) or "") for name in ("state", "instance", "started", "ended"))
    )


def _event(raw: Mapping[str, Any]) -> CloudEvent:
    event: Event | None
    try:
        event = messages.decode(json.dumps(raw["event"]))
    except (ValueError, OverflowError):
        event = None
    number = wire.whole(raw["number"])
    return CloudEvent(number, wire.text(raw["stage"]), event, str(raw.get("url") or ""))
