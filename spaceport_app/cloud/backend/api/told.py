"""What the machines of a job have written about it, checked before anybody relies on it.

They open pictures of strangers: should one of them take over a machine, that may write anything
into the job's own results, and is still to break no answer.
"""

from __future__ import annotations

from typing import Any

from spaceport_app.cloud import wire
from spaceport_app.cloud.backend.api import names


def manifest(text: bytes | None) -> dict[str, Any] | None:
    """Return the list of a step's files with the records of its stages; None if it is none."""
    raw = _read(text)
    if raw is None:
        return None
    files, project = raw.get("files"), raw.get("project")
    if not isinstance(files, list) or not isinstance(project, dict):
        return None
    try:
        kept = [_file(file) for file in files]
        wire.check_unicode(project)
    except (ValueError, KeyError, TypeError):
        return None
    return {**raw, "files": kept}


def progress(text: bytes | None) -> dict[str, Any] | None:
    """Return what a step last said, without what is no event; None if it is nothing at all."""
    raw = _read(text)
    if raw is None:
        return None
    events, failure = raw.get("events"), raw.get("failure")
    told = events if isinstance(events, list) else []
    return {
        **raw,
        "events": [event for event in told if _is_event(event)],
        "failure": failure if _is_failure(failure) else None,
    }


def _read(text: bytes | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        raw = wire.read(text)
    except ValueError:
        return None
    return raw if isinstance(raw, dict) else None


def _file(raw: dict[str, Any]) -> dict[str, Any]:
    path = wire.text(raw["path"])
    names.check(path)
    return {
        "path": path,
        "bytes": wire.whole(raw["bytes"]),
        "sha256": wire.text(raw["sha256"]),
    }


def _is_event(raw: object) -> bool:
    return (
        isinstance(raw, dict)
        and type(raw.get("number")) is int
        and isinstance(raw.get("stage"), str)
        and isinstance(raw.get("event"), dict)
    )


def _is_failure(raw: object) -> bool:
    words = ("code", "message", "remedy")
    return isinstance(raw, dict) and all(isinstance(raw.get(word), str) for word in words)
