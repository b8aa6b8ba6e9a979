"""What the trainer itself keeps in a checkpoint, beside the engine's arrays."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeAlias, cast

from msgspec import Meta

from spaceport_app import records
from spaceport_app.events import JsonValue
from spaceport_app.splats.training.history import History

_Count: TypeAlias = Annotated[int, Meta(ge=0, le=10**9)]
_Some: TypeAlias = Annotated[int, Meta(ge=1, le=10**9)]
_Seconds: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e9)]


@dataclass(frozen=True)
class Rounds:
    """Rows of `History`."""

    steps: list[dict[str, Any]]
    held_out: list[dict[str, Any]]

    @staticmethod
    def of(history: History) -> Rounds:
        """Return the rows of a history."""
        rows = cast("list[list[dict[str, Any]]]", [history.steps, history.held_out])
        return Rounds(*rows)

    def history(self) -> History:
        """Return the history of these rows."""
        return History([*self.steps], [*self.held_out])


@dataclass(frozen=True)
class TrainingRecord:
    """How far training was, and what it had learned of this computer's memory."""

    seconds: _Seconds
    restarts: _Count
    gaussians: _Some
    image_size: _Some
    times_lowered: _Count
    steps: _Some
    elapsed: _Seconds
    history: Rounds
    poses: dict[str, Any] | None

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as a checkpoint holds it."""
        return asdict(self)

    @staticmethod
    def of(record: dict[str, JsonValue], iteration: int) -> TrainingRecord:
        """Return what `as_json` gave at step `iteration`.

        Raises
        ------
        ValueError
            If it is none.
        """
        found = records.convert(record, TrainingRecord)
        if iteration > found.steps:
            raise ValueError("more steps were done than there are")
        return found
