"""One line of JSON about every call, for those who run the service.

It names who asked for what and what came of it; never a body, an address that was signed, a name
of a file or a mail address.
"""

from __future__ import annotations

import json
import logging

from spaceport_app.cloud.backend.api.request import Request

logger = logging.getLogger(__name__)


def log(request: Request, route: str, job: str, status: int, code: str, seconds: float) -> None:
    """Write the line of a call that has been answered.

    Parameters
    ----------
    route : str
        The route's pattern; empty where none fits.
    job : str
        Id of the job, or empty.
    code : str
        Of the error, or empty.
    """
    line = {
        "audit": "call",
        "request": request.number,
        "key": request.owner,
        "address": request.address,
        "method": request.method,
        "route": route,
        "job": job,
        "status": status,
        "code": code,
        "bytes": len(request.body),
        "milliseconds": round(seconds * 1000),
    }
    # Lambda lets warnings pass only, and there is no place for configuration before this.
    logger.setLevel(logging.INFO)
    logger.info(json.dumps(line))
