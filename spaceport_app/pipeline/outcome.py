"""How a stage ended, as data that can say it in words."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from spaceport_app.events import End, Failed, Finished, JsonValue, Stopped
from spaceport_app.pipeline import trouble

Kind: TypeAlias = Literal["finished", "skipped", "failed", "cancelled", "crashed"]


@dataclass(frozen=True)
class Outcome:
    """The end of one stage.

    Parameters
    ----------
    stage, label : str
        Name and label of the stage.
    kind : str
        ``skipped`` means that its result still held.
    code, message, remedy : str
        Why it did not finish; empty where it did.
    report : mapping
        Measured results of a finished or skipped stage.
    seconds : float
        Wall time of its process.
    peak_memory_bytes : int
        Largest resident memory of its process and that one's children.
    exit_status : int or None
        As `subprocess` tells it: negative is the number of a signal.
    where : str
        How far a stage came that was stopped and could save its work, as in `events.Stopped`.
    """

    stage: str
    label: str
    kind: Kind
    code: str = ""
    message: str = ""
    remedy: str = ""
    report: Mapping[str, JsonValue] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    exit_status: int | None = None
    where: str = ""

    @property
    def good(self) -> bool:
        """Whether the stage's result is there."""
        return self.kind in ("finished", "skipped")

    def words(self) -> str:
        """Return one line for a person."""
        if self.kind == "finished":
            return f"{self.label}: finished in {self.seconds:.0f} s."
        if self.kind == "skipped":
            return f"{self.label}: nothing to do, the result still holds."
        if self.kind == "cancelled":
            return f"{self.label}: stopped{f' at {self.where}' if self.where else ''}."
        return f"{self.label}: {self.message} {self.remedy}"


@dataclass(frozen=True)
class Ending:
    """What the runner saw of the end of a process."""

    last: End | None
    exit_status: int
    cancelled: bool
    oom_killed: bool
    peak_memory_bytes: int
    memory_bytes: int
    free_disk_bytes: int
    stalled: Failed | None = None


_LITTLE_DISK = 16 << 20
_MOST_MEMORY = 0.8


def judge(ending: Ending, folder: Path, log: Path) -> tuple[Kind, Failed | None]:
    """Return the kind of an ending and, unless it is a good one, what to tell a person.

    A process that was killed from outside while it held most of the memory, or while the
    kernel counted a kill for memory, is taken as out of memory; one that crashed on a disk
    without room as a full disk. Both are guesses from measurements, and native code leaves
    nothing better.
    """
    if isinstance(ending.last, Finished):
        # Native libraries may crash while they are unloaded; the result is complete by then.
        return "finished", None
    if isinstance(ending.last, Stopped):
        at = f" at {ending.last.where}" if ending.last.where else ""
        return "cancelled", Failed("stopped", f"Stopped{at}.", "Run again to go on from there.")
    if ending.cancelled:
        return "cancelled", Failed("cancelled", "Stopped on request.", "Run again to go on.")
    if isinstance(ending.last, Failed):
        return "failed", ending.last
    if ending.stalled is not None:
        return "crashed", ending.stalled
    killed = ending.exit_status == -9
    much = ending.peak_memory_bytes > _MOST_MEMORY * ending.memory_bytes
    if ending.oom_killed or (killed and much):
        return "crashed", trouble.out_of_memory()
    if ending.free_disk_bytes < _LITTLE_DISK:
        return "crashed", trouble.disk_full(folder)
    if killed:
        return "crashed", Failed(
            "killed",
            "The work was killed from outside.",
            "Run again: it goes on from where it was.",
        )
    return "crashed", Failed(
        "crashed",
        f"The work ended unexpectedly ({_name(ending.exit_status)}).",
        f"Run again; if it stays, send the log {log} with a report.",
    )


def _name(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
