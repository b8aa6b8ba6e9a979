"""``POST /jobs``: one job for one token, however often it is asked for.

An answer can be lost on its way: who asks again with the same token gets the job that is there,
and none is left over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import identifiers, limits, records
from spaceport_app.cloud.backend.api.errors import ApiError, conflict
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import CloudJob


def create(services: Services, owner: str, job: CloudJob, token: str) -> Record:
    """Make a job, or find the one that was made with this token; without one, make it.

    Raises
    ------
    ApiError
        409 ``token_used`` if the token belongs to a job of other files or settings, or 429
        ``too_many_today``.
    """
    id = claim_id(services, owner, token, job.as_json())
    try:
        return records.load(services, id, owner)
    except ApiError:
        limits.count_job(services, owner, id)
        return records.create(services, id, owner, job, token=token)


def claim_id(services: Services, owner: str, token: str, asked: Mapping[str, Any]) -> str:
    """Return the id of a new job, or that which this token has for the same request.

    Raises
    ------
    ApiError
        409 ``token_used`` if the token belongs to another request.
    """
    id = identifiers.make(services.now())
    if not token:
        return id
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    # Only one of two calls at the same time writes it; both go on with what stands there.
    claim = records.claim(services, layout.token(owner, token), {"job": id, "asked": digest})
    if claim["asked"] != digest:
        raise conflict("token_used", "The token belongs to another job.")
    return str(claim["job"])
