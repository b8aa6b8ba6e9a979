"""What the stage panel shows, kept in plain classes that know no Qt."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from spaceport_app.events import Failed, JsonValue, Metric, Notice, Progress
from spaceport_app.pipeline import summary
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.reports import placed, trained
from spaceport_app.pipeline.runner import RunEvent, StageEnded, StageEvent, StageStarted
from spaceport_app.pipeline.stage import Registry
from spaceport_app.quantities import count, duration, size

Phase: TypeAlias = Literal["waiting", "outdated", "running", "stopped", "failed", "done"]

_MOST_NOTICES = 200
_STANDS_STILL = frozenset({"offline", "waiting"})
_STOP_UNHEARD = "stop_unheard"
_READY = {
    "import": "The photos are read.",
    "sfm": "The camera positions are ready.",
    "train": "The training is finished.",
    "compress": "The compressed splat is ready.",
}
"""Notices that say why nothing moves, until something does."""


@dataclass
class StageState:
    """What one row shows.

    Parameters
    ----------
    phase : str
        ``stopped`` can go on; ``outdated`` has a result that no longer fits.
    fraction : float
        Part of the stage that is done, 0 to 1, from counted work.
    sentence : str
        What it does or did, in a few plain words.
    seconds : float
        Wall time of the run that ended last.
    """

    name: str
    label: str
    weight: float = 1.0
    phase: Phase = "waiting"
    fraction: float = 0.0
    sentence: str = ""
    seconds: float = 0.0
    failure: Failed | None = None
    report: Mapping[str, JsonValue] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    has_result: bool = False
    ending: str = ""
    """What it does while it is being ended, as long as it still runs."""
    _began: float | None = None
    _eta: tuple[float, float] | None = None

    def begin(self, now_s: float, *, resumed: bool) -> None:
        """Take note that it starts at `now_s` of a clock that never goes back."""
        self.phase, self.fraction, self.failure = "running", 0.0, None
        self.sentence = "Going on from where it was" if resumed else "Starting"
        self.metrics, self.notices, self.ending = {}, [], ""
        self._began, self._eta = now_s, None

    def progress(self, event: Progress, eta_s: float | None, now_s: float) -> None:
        """Take counted work and, where it can be told, the seconds that are left."""
        words = f"{event.step}, {size(event.done)} so far" if event.unit == "bytes" else event.step
        self.fraction, self.sentence = event.fraction, self.ending or words
        self._eta = None if eta_s is None else (eta_s, now_s)

    def notice(self, event: Notice) -> None:
        """Keep a notice, the newest of very many."""
        if event not in self.notices:
            self.notices = [*self.notices, event][-_MOST_NOTICES:]

    def stand_still(self, why: str) -> None:
        """Say why nothing moves; how long that will be, nobody knows."""
        self.sentence, self._eta = why, None

    def end(self, outcome: Outcome) -> None:
        """Take how it ended."""
        self._began, self._eta, self.ending = None, None, ""
        self.seconds = outcome.seconds
        if outcome.good:
            self.phase, self.fraction = "done", 1.0
            self.report, self.has_result, self.failure = outcome.report, True, None
        elif outcome.kind == "cancelled":
            self.phase, self.sentence = "stopped", "Stopped"
        else:
            self.phase, self.sentence = "failed", "Did not finish"
            self.failure = Failed(outcome.code, outcome.message, outcome.remedy)

    def elapsed_s(self, now_s: float) -> float:
        """Return the seconds it has worked, or worked when it ran last."""
        return self.seconds if self._began is None else now_s - self._began

    def remaining_s(self, now_s: float) -> float | None:
        """Return the seconds that are left; None as long as that cannot be told."""
        if self._eta is None:
            return None
        left, at = self._eta
        return max(0.0, left - (now_s - at))

    def times(self, now_s: float) -> tuple[str, str]:
        """Return elapsed and remaining time in words, each empty where there is none."""
        elapsed, left = self.elapsed_s(now_s), self.remaining_s(now_s)
        spent = duration(elapsed) if self.phase == "running" or elapsed > 0 else ""
        return spent, "" if left is None else f"{duration(left)} left"

    def numbers(self, reports: Mapping[str, Mapping[str, JsonValue]]) -> list[tuple[str, str]]:
        """Return heading and words of what was measured: live while it runs, else the report."""
        if self.phase == "running":
            return [
                (words, form(self.metrics[key]))
                for key, (words, form) in _LIVE.items()
                if key in self.metrics and math.isfinite(self.metrics[key])
            ]
        if not self.report:
            return []
        rows = summary.figures(self.name, reports)
        if rows:
            return rows
        return [
            (key.replace("_", " ").capitalize(), count(value))
            for key, value in self.report.items()
            if isinstance(value, int) and not isinstance(value, bool)
        ]


_LIVE = {
    "registered": ("Photos placed", count),
    "points": ("Points", count),
    "iteration": ("Step", count),
    "loss": ("Loss", lambda value: f"{value:.4f}"),
    "psnr_db": ("Held-out PSNR", lambda value: f"{value:.2f} dB"),
    "gaussians": ("Gaussians", count),
    "image_size": ("Picture size", lambda value: f"{value:.0f} px"),
}


class RunState:
    """All rows together, fed with the events of the runner.

    Parameters
    ----------
    stages : Registry
        All stages in order.
    """

    def __init__(self, stages: Registry) -> None:
        self.rows = {
            stage.name: StageState(stage.name, stage.label, stage.weight) for stage in stages
        }

    def take(self, event: RunEvent, now_s: float) -> StageState:
        """Take an event and return the row that it changed."""
        if isinstance(event, StageStarted):
            row = self.rows[event.stage]
            row.begin(now_s, resumed=event.resumed)
        elif isinstance(event, StageEnded):
            row = self.rows[event.outcome.stage]
            before = row.seconds
            row.end(event.outcome)
            if event.outcome.kind == "skipped":
                row.seconds = before or event.outcome.seconds
            if row.phase == "done":
                row.sentence = self.headline(row)
        else:
            row = self.rows[event.stage]
            self._inner(row, event, now_s)
        return row

    def _inner(self, row: StageState, event: StageEvent, now_s: float) -> None:
        told = event.event
        if isinstance(told, Progress):
            row.progress(told, event.eta_s, now_s)
        elif isinstance(told, Metric):
            row.metrics.update(told.values)
        elif isinstance(told, Notice):
            row.notice(told)
            if told.code == _STOP_UNHEARD or (told.code in _STANDS_STILL and not row.ending):
                row.stand_still(told.message)

    def ends(self, how: str, saving: Collection[str] = (), where: str = "") -> None:
        """Take note that a person ends the run by ``"pause"``, ``"stop"`` or ``"leave"``.

        `saving` names the stages that save their work before they end; `where` is the other
        computer that does the work, if one does.
        """
        words = {"pause": "Pausing", "leave": "Leaving"}.get(how, "Stopping")
        words += f" on {where}" if where and how == "stop" else ""
        for row in self.rows.values():
            if row.phase == "running":
                row.ending = f"{words}, saving the state" if row.name in saving else words
                row.sentence = row.ending

    def stopped(self, how: str, *, where: str, goes_on: bool, sentence: str = "") -> None:
        """Say of the stage that was ended how far it came, and what a new start does.

        `sentence` is what another computer says of it instead.
        """
        words = "Paused" if how == "pause" else "Stopped"
        for row in self.rows.values():
            if row.phase == "running":
                row.phase = "stopped"
            if row.phase != "stopped":
                continue
            if sentence:
                row.sentence = sentence.removesuffix(".")
            elif where:
                row.sentence = f"{words} at {where}"
            elif goes_on:
                row.sentence = f"{words}; goes on from its last saved state"
            else:
                row.sentence = f"{words}; this stage will start anew"

    @property
    def complete(self) -> bool:
        """Whether every stage is done, as far as the events tell."""
        return all(row.phase == "done" for row in self.rows.values())

    def ready(self) -> str:
        """Return in a sentence what a run that went well has left."""
        done = [name for name, row in self.rows.items() if row.phase == "done"]
        usual = "The splat is ready."
        return usual if self.complete or not done else _READY.get(done[-1], usual)

    def numbers(self, row: StageState) -> list[tuple[str, str]]:
        """Return what the stage of a row measured."""
        return row.numbers({name: other.report for name, other in self.rows.items()})

    def headline(self, row: StageState) -> str:
        """Return what came out of a finished stage in one short line."""
        train = trained({"train": row.report})
        if train.psnr_db is not None:
            return f"PSNR {train.psnr_db:.1f} dB on held-out photos"
        sfm = placed({"sfm": row.report})
        if sfm.registered is not None and sfm.photos is not None:
            return f"{sfm.registered} of {sfm.photos} photos placed"
        rows = self.numbers(row)
        return f"{rows[0][0]}: {rows[0][1]}" if rows else "Finished"

    def start_words(self) -> str:
        """Return what the button says that does what is missing."""
        phases = {row.phase for row in self.rows.values()}
        if "stopped" in phases:
            return "Resume"
        if "failed" in phases:
            return "Try again"
        # The window reads dropped photos by itself: nobody has begun anything by then.
        begun = any(row.phase == "done" for name, row in self.rows.items() if name != "import")
        return "Go on" if begun else "Start"
