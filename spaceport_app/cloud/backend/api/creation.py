"""``POST /jobs``: one job for one token, however often it is asked for.

An answer can be lost on its way: who asks again with the same token gets the job that is there,
and none is left over.
"""

from __future__ import annotations

import hashlib
import json

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import identifiers, records
from spaceport_app.cloud.backend.api.errors import ApiError, conflict
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import CloudJob


def create(services: Services, owner: str, job: CloudJob, token: str) -> Record:
    """Make a job, or find the one that was made with this token; without one, make it.

    Raises
    ------
    ApiError
        409 ``token_used`` if the token belongs to a job of other files or settings.
    """
    id = identifiers.make(services.now())
    if not token:
        return records.create(services, id, owner, job)
    asked = hashlib.sha256(json.dumps(job.as_json(), sort_keys=True).encode()).hexdigest()
    # Only one of two calls at the same time writes it; both go on with what stands there.
    claim = records.claim(services, layout.token(owner, token), {"job": id, "asked": asked})
    if claim["asked"] != asked:
        raise conflict("token_used", "The token belongs to another job.")
    try:
        return records.load(services, claim["job"], owner)
    except ApiError:
        return records.create(services, claim["job"], owner, job, token=token)
