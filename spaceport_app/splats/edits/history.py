"""The edits in the order in which they were made, to be taken back and made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from spaceport_app.splats.edits.model import NONE, Edits

MOST_STEPS = 200
"""Older steps are forgotten, though what they did stays."""


@dataclass(frozen=True)
class Step:
    """One edit: what a person did, in two or three words, and all edits after it."""

    words: str
    edits: Edits


@dataclass(frozen=True)
class History:
    """Steps that were made, of which the last ones may have been taken back.

    Parameters
    ----------
    base : Edits
        The edits before the first step.
    steps : tuple of Step
        Oldest first.
    position : int
        How many of them count now; those after it were taken back.

    Raises
    ------
    ValueError
        If there are not so many steps.
    """

    base: Edits = NONE
    steps: tuple[Step, ...] = ()
    position: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.position <= len(self.steps):
            raise ValueError("the history counts more steps than it has")

    @property
    def present(self) -> Edits:
        """The edits that count now."""
        return self.steps[self.position - 1].edits if self.position else self.base

    def done(self, words: str, edits: Edits) -> History:
        """Return the history with one more step; what was taken back is forgotten."""
        steps = (*self.steps[: self.position], Step(words, edits))
        base = self.base
        while len(steps) > MOST_STEPS:
            base, steps = steps[0].edits, steps[1:]
        return History(base, steps, len(steps))

    def undone(self) -> History:
        """Return the history with its last step taken back, or itself if there is none."""
        return replace(self, position=max(self.position - 1, 0))

    def redone(self) -> History:
        """Return the history with a step made again, or itself if there is none."""
        return replace(self, position=min(self.position + 1, len(self.steps)))

    def changed(self, change: Callable[[Edits], Edits]) -> History:
        """Return the history with `change` made to the edits of every step."""
        steps = tuple(Step(step.words, change(step.edits)) for step in self.steps)
        return replace(self, base=change(self.base), steps=steps)
