"""``GET /jobs/{id}/artifacts``: addresses and digests of the results of the steps that are done."""

from __future__ import annotations

from typing import Any

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import presigning, records
from spaceport_app.cloud.backend.api.errors import invalid
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services

MOST_A_PAGE = 1_000
"""An answer of Lambda has at most 6 MB, and a signed address 1 to 2 kB."""


def artifacts(services: Services, record: Record, after: str) -> dict[str, Any]:
    """Return a page of the files of all steps whose manifest is there, and the stages' records.

    Raises
    ------
    ApiError
        400 for a token that we have not given.
    """
    if not (after == "" or (after.isascii() and after.isdigit() and len(after) <= 9)):
        raise invalid("The token in after is none that was given.")
    start = int(after or 0)
    stages: dict[str, Any] = {}
    files: list[dict[str, Any]] = []
    for step in record.job.steps:
        manifest = records.manifest(services, record, step)
        if manifest is None:
            continue
        stages |= manifest["project"]
        files += [{**file, "step": step} for file in manifest["files"]]
    page = files[start : start + MOST_A_PAGE]
    end = start + len(page)
    return {
        "files": [_with_address(services, record, file) for file in page],
        "stages": stages,
        "expires": presigning.expires(services),
        "next": str(end) if end < len(files) else None,
    }


def _with_address(services: Services, record: Record, file: dict[str, Any]) -> dict[str, Any]:
    key = layout.result(record.id, file["step"], file["path"])
    return {
        "path": file["path"],
        "bytes": file["bytes"],
        "sha256": file["sha256"],
        "url": presigning.get(services, key),
        "step": file["step"],
    }
