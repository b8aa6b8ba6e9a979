"""Where Lambda comes in: one event of API Gateway, one answer."""

from __future__ import annotations

import functools
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from spaceport_app.cloud.backend.api import audit, request, router
from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.errors import ApiError, of_service
from spaceport_app.cloud.backend.api.services import Services, connect

logger = logging.getLogger(__name__)

_HEADERS = {
    "Content-Type": "application/json",
    # The answers hold addresses that open a job's files for as long as they are valid.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer an event of API Gateway; `context` is Lambda's."""
    return serve(event, _services)


def serve(event: Mapping[str, Any], services: Callable[[], Services]) -> dict[str, Any]:
    """Answer an event with the services that `services` returns."""
    began = time.monotonic()
    asked = request.Request("", "", {}, b"", "")
    route: router.Route | None = None
    id, code = "", ""
    try:
        asked = request.of(event)
        route, id = router.find(asked)
        status, body = router.answer(services(), asked, route, id)
        id = id or str(body.get("job") or body.get("jobId") or "")
    except Exception as error:
        failure = _as_answer(error)
        status, code, body = failure.status, failure.code, dict(router.body_of(failure, route))
    pattern = route.pattern if route is not None else ""
    audit.log(asked, pattern, id, status, code, time.monotonic() - began)
    headers = {**_HEADERS, "Retry-After": "2"} if status == 503 else _HEADERS
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


@functools.cache
def _services() -> Services:
    # Kept between the calls that one Lambda process answers: clients take a second to make.
    return connect(Configuration.of(os.environ))


def _as_answer(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    logger.error("A call has failed", exc_info=error)
    if isinstance(error, BotoCoreError | ClientError):
        return of_service(error)
    return ApiError(500, "internal", "The service has failed. Its log says why.")
