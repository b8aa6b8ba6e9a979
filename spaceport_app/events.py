"""What a stage tells whoever runs it: progress, numbers, pictures, warnings.

Every long function of the library rooms takes a `Report` and calls it with these
events. It never prints and never knows whether a terminal, a window or a cloud job listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"


@dataclass(frozen=True)
class Progress:
    """Counted work: `done` of `total` units of `step`.

    Parameters
    ----------
    step : str
        Six or seven plain words, sentence case: ``"Finding features in 18 photos"``.
    done, total : float
        Work units, ``0 <= done <= total``. Never derived from a clock.
    fraction : float
        Part of the whole stage that is done, 0 to 1, weighted over its steps.
    unit : str
        ``bytes`` where that is what is counted, and else empty.
    """

    step: str
    done: float
    total: float
    fraction: float
    unit: str = ""


@dataclass(frozen=True)
class Metric:
    """Measured numbers at one moment, such as ``{"iteration": 500, "loss": 0.05}``."""

    values: Mapping[str, float]


@dataclass(frozen=True)
class Preview:
    """A picture that now exists on disk."""

    path: Path


@dataclass(frozen=True)
class Snapshot:
    """The present state of the work on disk, to be looked at while it goes on.

    Parameters
    ----------
    path : Path
        Of train: Gaussians as a .ply with a ``quality.json`` beside it, replaced by the next
        snapshot in one step. Of sfm: a folder as the stage's own, which stays for a while.
    done, total : float
        How much of the work it holds: training steps, photos placed.
    """

    path: Path
    done: float
    total: float


@dataclass(frozen=True)
class Notice:
    """Something a person should know that does not stop the stage.

    `subject` is the photo, file or setting concerned, or empty.
    """

    code: str
    message: str
    subject: str = ""


@dataclass(frozen=True)
class Finished:
    """The stage ended well; `report` holds its measured results, JSON-able."""

    report: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """The stage ended with an error that a person can mend."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Stopped:
    """The stage was asked to end and did so with its work saved.

    `where` says how far it came, to stand after "at": ``"step 900 of 1,800"``.
    """

    where: str


End: TypeAlias = Finished | Failed | Stopped
Event: TypeAlias = Progress | Metric | Preview | Snapshot | Notice | End
Report: TypeAlias = Callable[[Event], None]


def part(report: Report, start: float, end: float) -> Report:
    """Return the report for a part of a stage: its fractions 0 to 1 become `start` to `end`."""

    def scaled(event: Event) -> None:
        if isinstance(event, Progress):
            event = replace(event, fraction=min(start + (end - start) * event.fraction, end))
        report(event)

    return scaled


def ignore(event: Event) -> None:
    """Take an event and do nothing: the report for callers that don't listen."""
