"""The cloud's events as the events of a local run: rows, plots and bars need not know."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from spaceport_app.cloud.client.answers import CloudEvent, Look
from spaceport_app.cloud.layout import STAGES, Step
from spaceport_app.events import Event, Metric, Notice, Preview, Progress, Snapshot
from spaceport_app.pipeline.eta import Eta
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import RunEvent, StageEnded, StageEvent, StageStarted
from spaceport_app.pipeline.stage import Registry, find

SHOWN: dict[Step, str] = {"sfm": "sfm", "3dgs": "train", "compression": "compress"}
"""The stage in whose row a step is shown until its results are here."""

_INNER: dict[str, tuple[float, float]] = {
    "import": (0.0, 0.05),
    "sfm": (0.05, 1.0),
    "train": (0.0, 1.0),
    "compress": (0.0, 0.9),
    "export": (0.9, 1.0),
}
"""Part of its step's work in the cloud that each stage is."""

SENDING = (0.0, 0.25)
FETCHING = (0.92, 1.0)


class Follower:
    """Turns looks at a job into events; each event of the cloud is told once.

    Parameters
    ----------
    first : str
        First step of the job.
    stages : Registry
        All stages.
    listen : callable
        Who is told.
    clock : callable
        Seconds that only go forward.
    see : callable, optional
        Fetches what an event lets one see, and returns it with a path here, or None.
    """

    def __init__(
        self,
        first: Step,
        stages: Registry,
        listen: Callable[[RunEvent], None],
        clock: Callable[[], float] = time.monotonic,
        see: Callable[[CloudEvent], Event | None] | None = None,
    ) -> None:
        self._first = first
        self._stages = stages
        self._listen = listen
        self._clock = clock
        self._see = see
        self._seen: set[tuple[Step, int]] = set()
        self._waited: set[Step] = set()
        self._running: str | None = None
        self._began = clock()
        self._eta = Eta()
        self._current: Step = first

    @property
    def after(self) -> int:
        """Number of the newest event of the present step: ask for those that follow."""
        return max((number for step, number in self._seen if step == self._current), default=0)

    def sending(self, event: Event) -> None:
        """Tell the progress of what happens before the cloud works: preparing and uploading."""
        self.show(self._first)
        self._tell(self._first, _within(event, SENDING), timed=False)

    def fetching(self, step: Step, event: Event) -> None:
        """Tell the progress of fetching a step's results."""
        self.show(step)
        self._tell(step, _within(event, FETCHING), timed=False)

    def take(self, look: Look, step: Step) -> None:
        """Tell what is new of a step in a look at the job."""
        if look.state == "running" and look.step == step and step not in self._waited:
            self._waited.add(step)
            if not any(item.stage in STAGES[step] for item in look.events):
                self.show(step)
                start = SENDING[1] if step == self._first else 0.0
                words = "Waiting for a machine of AWS to start"
                self._tell(step, Progress(words, 0, 1, start), timed=False)
        for item in sorted(look.events, key=lambda item: item.number):
            if item.stage in STAGES[step]:
                self._take(step, item, look.state == "running" and look.step == step)
        self._current = step

    def notice(self, code: str, message: str) -> None:
        """Tell something about the connection rather than the work."""
        self._tell(self._current, Notice(code, message))

    def show(self, step: Step) -> None:
        """Show that a step is under way, once."""
        stage = SHOWN[step]
        if self._running == stage:
            return
        self._running, self._began, self._eta = stage, self._clock(), Eta()
        self._listen(StageStarted(stage, find(self._stages, stage).label, False))

    def ended(self, outcome: Outcome) -> None:
        """Tell that a stage is over."""
        self._running = None
        self._listen(StageEnded(outcome))

    def seconds(self) -> float:
        """Return for how long the shown stage has been under way."""
        return self._clock() - self._began

    def _take(self, step: Step, item: CloudEvent, works: bool) -> None:
        if (step, item.number) in self._seen:
            return
        self._seen.add((step, item.number))
        event = item.event
        if isinstance(event, Preview | Snapshot):
            event = self._see(item) if self._see is not None and works else None
        elif not isinstance(event, Progress | Metric | Notice):
            return  # the end is told when its files are here
        if event is None:
            return
        if item.stage == "import" and not isinstance(event, Progress):
            return  # this computer has told what it thinks of the photos
        self.show(step)
        if isinstance(event, Progress):
            event = _within(event, _INNER[item.stage])
            start = SENDING[1] if step == self._first else 0.0
            event = _within(event, (start, FETCHING[0]))
        self._tell(step, event)

    def _tell(self, step: Step, event: Event, *, timed: bool = True) -> None:
        # How fast a network is says nothing of how long a machine computes.
        stage = SHOWN[step]
        left: float | None = None
        part = 0.0
        if isinstance(event, Progress):
            if timed:
                left = self._eta.update(event.fraction, self._clock(), event.step)
            part = event.fraction
        self._listen(StageEvent(stage, event, left, overall(self._stages, stage, part)))


def overall(stages: Registry, name: str, part: float) -> float:
    """Return the part of the whole run that is done when `part` of the stage `name` is."""
    weights = {stage.name: stage.weight for stage in stages}
    total = sum(weights.values()) or 1.0
    names = list(weights)
    before = sum(weights[other] for other in names[: names.index(name)])
    return (before + part * weights[name]) / total


def _within(event: Event, span: tuple[float, float]) -> Event:
    if not isinstance(event, Progress):
        return event
    start, end = span
    return replace(event, fraction=min(end, start + (end - start) * event.fraction))
