"""``GET /jobs``: the jobs of a key, so that another computer finds them."""

from __future__ import annotations

from typing import Any

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import records, status, uploads
from spaceport_app.cloud.backend.api.errors import ApiError, invalid
from spaceport_app.cloud.backend.api.records import Record, iso
from spaceport_app.cloud.backend.api.services import Services

MOST_A_PAGE = 20
"""Each job costs up to six calls to AWS."""


def jobs(services: Services, owner: str, after: str) -> dict[str, Any]:
    """Return a page of the jobs of `owner`, newest first.

    Raises
    ------
    ApiError
        400 for a token that we have not given.
    """
    if after and not layout.is_job_id(after):
        raise invalid("The token in after is none that was given.")
    ids = [id for id in records.ids(services, owner) if not after or id < after]
    page = ids[:MOST_A_PAGE]
    entries = uploads.side_by_side(lambda n: _entry(services, page[n], owner), range(len(page)))
    return {
        "jobs": [entry for entry in entries if entry is not None],
        "next": page[-1] if len(ids) > len(page) else None,
    }


def _entry(services: Services, id: str, owner: str) -> dict[str, Any] | None:
    try:
        record: Record = records.load(services, id, owner)
    except ApiError:
        # Deleted a moment ago, or forgotten after its days.
        return None
    return {
        "job": id,
        "name": record.job.name,
        "state": status.look(services, record).state,
        "first": record.job.first,
        "last": record.job.last,
        "files": len(record.job.files),
        "bytes": sum(file.size for file in record.job.files),
        "created": iso(record.created),
        "expires": iso(record.expires),
    }
