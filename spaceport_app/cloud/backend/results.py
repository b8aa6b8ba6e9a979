"""From the folders that stages have published to S3, with the manifest last."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.manifest import Entry, Manifest, entries
from spaceport_app.cloud.backend.objects import FAILURES, Artifacts
from spaceport_app.cloud.layout import STAGES, Step
from spaceport_app.errors import StageError
from spaceport_app.project.project import Project

_AT_ONCE = 8
_LOGS = "logs"
_UNPACKED = "extracted/"
"""Photos out of zips: the client has them, and later steps read the views instead."""

_log = logging.getLogger(__name__)


def store(
    artifacts: Artifacts, job: str, step: Step, project: Project, check: Callable[[], None]
) -> Manifest:
    """Put the results of a step to S3, then its manifest.

    `check` is called before the manifest: what it raises ends all, and nothing counts as done.

    Raises
    ------
    StageError
        ``not_stored``.
    """
    records: dict[str, Any] = {}
    folders = []
    for stage in STAGES[step]:
        record = project.document.stages[stage]
        folders.append(record.folder)
        raw = asdict(record)
        files = raw["published"]["files"]
        raw["published"]["files"] = {
            name: size for name, size in files.items() if not name.startswith(_UNPACKED)
        }
        records[stage] = raw
    unpacked = tuple(f"{folder}/{_UNPACKED}" for folder in folders)
    found = tuple(
        entry
        for entry in (*entries(project.folder, tuple(folders)), *_logs(project, step))
        if not entry.path.startswith(unpacked)
    )
    _put(artifacts, job, step, project, found)
    manifest = Manifest(step, found, records)
    check()
    try:
        artifacts.put_json(layout.manifest(job, step), manifest.as_json())
    except FAILURES as error:
        raise StageError(
            "not_stored", "The results could not be stored in S3.", "Start the job again."
        ) from error
    return manifest


def store_logs(artifacts: Artifacts, job: str, step: Step, project: Project) -> None:
    """Put the logs of a step that has failed; that this fails too is only logged."""
    try:
        _put(artifacts, job, step, project, _logs(project, step))
    except (StageError, OSError) as error:
        _log.warning("the logs could not be stored: %s", error)


def _logs(project: Project, step: Step) -> tuple[Entry, ...]:
    """Return the logs of a step; those of earlier steps came with their results."""
    own = {f"{_LOGS}/{stage}.log" for stage in STAGES[step]}
    return tuple(entry for entry in entries(project.folder, (_LOGS,)) if entry.path in own)


def _put(
    artifacts: Artifacts, job: str, step: Step, project: Project, found: tuple[Entry, ...]
) -> None:
    def put(entry: Entry) -> None:
        artifacts.put_file(layout.result(job, step, entry.path), project.folder / entry.path)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(put, found):
            pass
