"""What a step tells while it works, as one small file in S3 that is written anew.

Its events are numbered, so that whoever asks knows which ones are new.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from spaceport_app.cloud.backend.sights import Sights
from spaceport_app.cloud.layout import Step
from spaceport_app.events import (
    Event,
    Failed,
    Finished,
    Metric,
    Preview,
    Progress,
    Snapshot,
    Stopped,
)
from spaceport_app.pipeline.messages import as_json, plain
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import RunEvent, StageEvent, StageStarted

State: TypeAlias = Literal["running", "finished", "failed", "stopped"]
Put: TypeAlias = Callable[[Mapping[str, Any]], None]

SCHEMA = 1
INTERVAL_S = 3.0
MOST_METRICS = 2000
"""Metrics of a stage that are kept; beyond, every second one is dropped, evenly in time."""

_ONLY_NEWEST = (Progress, Preview, Snapshot)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Told:
    number: int
    stage: str
    at: str
    event: Event

    def as_json(self) -> dict[str, Any]:
        event = plain(as_json(self.event))
        return {"number": self.number, "stage": self.stage, "at": self.at, "event": event}


class StepProgress:
    """Collects the events of a step and puts them where they are read.

    Parameters
    ----------
    step : str
        Which one.
    put : callable
        Puts the whole file; may raise, then the next try is `interval_s` later.
    earlier : mapping, optional
        What an interrupted try has put: its events stay, and numbers go on from there.
    interval_s : float
        Seconds between two puts.
    sights : Sights, optional
        Puts what can be seen of the work.
    """

    def __init__(
        self,
        step: Step,
        put: Put,
        earlier: Mapping[str, Any] | None = None,
        interval_s: float = INTERVAL_S,
        sights: Sights | None = None,
    ) -> None:
        self._step = step
        self._put = put
        self._interval_s = interval_s
        self._sights = sights
        earlier = earlier or {}
        self._old: list[dict[str, Any]] = list(earlier.get("events", ()))
        self._started = str(earlier.get("started") or _now())
        self._number = max((int(event["number"]) for event in self._old), default=0)
        self._told: list[_Told] = []
        self._stage = ""
        self._lock = threading.Lock()
        self._ended = False
        self._wake = threading.Event()
        self._over: set[str] = set()
        self._changed = True
        self._thread = threading.Thread(target=self._keep_putting, daemon=True)

    def start(self) -> None:
        """Begin to put."""
        self._thread.start()

    def listen(self, event: RunEvent) -> None:
        """Take what the runner tells; made for `pipeline.runner.Runner`."""
        if isinstance(event, StageStarted):
            with self._lock:
                self._stage, self._changed = event.stage, True
        elif isinstance(event, StageEvent):
            self._add(event.stage, event.event)
        else:
            self._over.add(event.outcome.stage)
            self._add(event.outcome.stage, _end(event.outcome))

    def end(self, state: State, failure: Failed | None = None) -> None:
        """Put for the last time, with how the step has ended."""
        self._ended = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._put(self._document(state, failure))

    def _add(self, stage: str, event: Event) -> None:
        # Their paths mean nothing on another computer: what lies there must be put first.
        if isinstance(event, Preview | Snapshot):
            if self._sights is not None:
                self._sights.note(stage, event)
                self._wake.set()
            return
        self._tell(stage, event)

    def _tell(self, stage: str, event: Event) -> None:
        with self._lock:
            self._number += 1
            self._stage, self._changed = stage, True
            if isinstance(event, _ONLY_NEWEST):
                self._told = [
                    told
                    for told in self._told
                    if told.stage != stage or type(told.event) is not type(event)
                ]
            self._told.append(_Told(self._number, stage, _now(), event))
            if isinstance(event, Metric):
                self._thin(stage)

    def _thin(self, stage: str) -> None:
        metrics = [
            told.number
            for told in self._told
            if told.stage == stage and isinstance(told.event, Metric)
        ]
        if len(metrics) > MOST_METRICS:
            dropped = set(metrics[1:-1:2])
            self._told = [told for told in self._told if told.number not in dropped]

    def _keep_putting(self) -> None:
        while True:
            for stage, event in self._sights.put_due() if self._sights is not None else ():
                if stage not in self._over:
                    self._tell(stage, event)
            with self._lock:
                changed, self._changed = self._changed, False
            if changed:
                try:
                    self._put(self._document("running", None))
                except Exception as error:
                    # Progress is for people who watch: the work goes on without.
                    _log.warning("the progress could not be put: %s", error)
                    with self._lock:
                        self._changed = True
            self._wake.wait(self._interval_s)
            self._wake.clear()
            if self._ended:
                return

    def _document(self, state: State, failure: Failed | None) -> dict[str, Any]:
        with self._lock:
            new = [told.as_json() for told in self._told]
            newer = {
                (entry["stage"], entry["event"]["event"])
                for told, entry in zip(self._told, new, strict=True)
                if isinstance(told.event, _ONLY_NEWEST)
            }
            old = [
                event
                for event in self._old
                if (event["stage"], event["event"].get("event")) not in newer
            ]
            events = [*old, *new]
            stage = self._stage
        return {
            "schema": SCHEMA,
            "step": self._step,
            "stage": stage,
            "state": state,
            "started": self._started,
            "updated": _now(),
            "events": events,
            "failure": None
            if failure is None
            else {"code": failure.code, "message": failure.message, "remedy": failure.remedy},
        }


def _end(outcome: Outcome) -> Event:
    if outcome.good:
        return Finished(outcome.report)
    if outcome.kind == "cancelled":
        return Stopped(outcome.where)
    return Failed(outcome.code, outcome.message, outcome.remedy)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
