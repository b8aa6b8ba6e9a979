"""Events as JSON lines: what a stage's process writes and its runner reads."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spaceport_app import records
from spaceport_app.events import (
    Event,
    Failed,
    Finished,
    JsonValue,
    Metric,
    Notice,
    Preview,
    Progress,
    Snapshot,
    Stopped,
)


def as_json(event: Event) -> dict[str, JsonValue]:
    """Return an event as a JSON object whose ``event`` names its kind."""
    if isinstance(event, Progress):
        return {
            "event": "progress",
            "step": event.step,
            "done": event.done,
            "total": event.total,
            "fraction": event.fraction,
            **({"unit": event.unit} if event.unit else {}),
        }
    if isinstance(event, Metric):
        return {"event": "metric", "values": dict(event.values)}
    if isinstance(event, Preview):
        return {"event": "preview", "path": str(event.path)}
    if isinstance(event, Snapshot):
        return {
            "event": "snapshot",
            "path": str(event.path),
            "done": event.done,
            "total": event.total,
        }
    if isinstance(event, Stopped):
        return {"event": "stopped", "where": event.where}
    if isinstance(event, Notice):
        return {
            "event": "warning",
            "code": event.code,
            "message": event.message,
            "subject": event.subject,
        }
    if isinstance(event, Finished):
        return {"event": "finished", "report": dict(event.report)}
    return {
        "event": "failed",
        "code": event.code,
        "message": event.message,
        "remedy": event.remedy,
    }


def encode(event: Event) -> str:
    """Return an event as one line of JSON with its line feed."""
    return dumps(as_json(event)) + "\n"


def dumps(value: Any) -> str:
    """Return strict JSON on one line; numbers that JSON lacks (nan, inf) become null.

    It is pure ASCII, so that it passes through pipes and terminals of any encoding, and holds
    file names that are no valid Unicode.
    """
    return json.dumps(plain(value), allow_nan=False)


def plain(value: Any) -> JsonValue:
    """Return `value` with tuples, paths, NumPy scalars and odd floats made plain JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    raise TypeError(f"{type(value).__name__} has no place in a report")


def decode(line: str) -> Event:
    """Return the event of one line.

    Raises
    ------
    ValueError
        If the line is no event; a killed process may leave half a line.
    """
    try:
        raw = records.parse(line)
        kind = raw.get("event") if isinstance(raw, dict) else None
        if kind == "progress":
            told = records.convert(raw, Progress)
            return replace(told, fraction=min(max(told.fraction, 0.0), 1.0))
        if kind == "metric":
            values = records.convert(raw, _Metric).values
            return Metric({k: math.nan if v is None else v for k, v in values.items()})
        if kind == "finished":
            return Finished(records.convert(raw, _Finished).report)
        if isinstance(kind, str) and kind in _PLAIN:
            return records.convert(raw, _PLAIN[kind])
    except records.RecordError as error:
        raise ValueError(f"no event ({error}): {line[:200]!r}") from error
    raise ValueError(f"unknown event: {line[:200]!r}")


@dataclass(frozen=True)
class _Metric:
    values: dict[str, float | None]


@dataclass(frozen=True)
class _Finished:
    report: dict[str, Any]


_PLAIN: Mapping[str, type[Preview | Snapshot | Stopped | Notice | Failed]] = {
    "preview": Preview,
    "snapshot": Snapshot,
    "stopped": Stopped,
    "warning": Notice,
    "failed": Failed,
}
"""Events whose fields are those of their line."""
