"""Which snapshot of a training is to be read next, and of which one the splat on show is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Snapshot:
    """The Gaussians of a training under way.

    Parameters
    ----------
    path : Path
        Where they are until the next ones replace them.
    result : Path
        Where the training's result will be.
    state, step : str
        What it is a snapshot of: ``"Training"`` and ``"step 900 of 1,800"``.
    """

    path: Path
    result: Path
    state: str
    step: str

    @property
    def words(self) -> str:
        """State and step."""
        return f"{self.state}, {self.step}" if self.step else self.state


@dataclass
class Snapshots:
    """One is read at a time, and only once the one before was seen; the newest counts.

    Parameters
    ----------
    newest : Snapshot or None
        Waits to be read.
    shown : Snapshot or None
        What the scene on show is told to be; None where it is no snapshot.
    reading : bool
        Whether one is being read.
    seen : bool
        Whether what is on show was drawn whole, and measured if it was to be.
    """

    newest: Snapshot | None = None
    shown: Snapshot | None = None
    reading: bool = False
    seen: bool = True

    def take(self) -> Snapshot | None:
        """Return the snapshot to read now, if there is one and its turn has come."""
        if self.newest is None or self.reading:
            return None
        if self.shown is not None and not self.seen:
            # On a busy computer nothing would ever be drawn to its end.
            return None
        found, self.newest = self.newest, None
        self.reading = True
        return found

    def was_read(self, found: Snapshot) -> None:
        """Show it from now on; the file is that of the newest by now, or all but."""
        self.reading = False
        self.shown = found if self.newest is None else self.newest

    def describe(self, state: str) -> bool:
        """Tell another state of the training; return whether that changes what is on show."""
        if self.newest is not None:
            self.newest = replace(self.newest, state=state)
        if self.shown is None:
            return False
        self.shown = replace(self.shown, state=state)
        return True
