"""A request as API Gateway's REST proxy hands it over."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spaceport_app.cloud import wire
from spaceport_app.cloud.backend.api.errors import ApiError, invalid

MOST_BODY_BYTES = 5 << 20
"""Lambda takes 6 MB; 5,000 files with long names are 3."""


@dataclass(frozen=True)
class Request:
    """What was asked, and by whom.

    Parameters
    ----------
    method, path : str
        ``POST`` and ``/jobs``, without the stage of API Gateway.
    query : mapping
        One value a name.
    body : str
        As it came.
    owner : str
        Id of the caller's API key, which API Gateway has checked; empty where it has not.
    address, number : str
        The caller's IP address and the request's number, for the log.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    owner: str
    address: str = ""
    number: str = ""

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object.

        Raises
        ------
        ApiError
            400 ``malformed`` or 413 ``too_large``.
        """
        if len(self.body) > MOST_BODY_BYTES:
            raise ApiError(413, "too_large", f"The request has over {MOST_BODY_BYTES} bytes.")
        try:
            raw = wire.read(self.body.decode())
        except ValueError as error:
            raise invalid("The body is no valid JSON.", "malformed") from error
        if not isinstance(raw, dict):
            raise invalid("The body is no JSON object.", "malformed")
        return raw

    def optional_json(self) -> dict[str, Any]:
        """Return the body, or an empty object where there is none."""
        return self.json() if self.body.strip() else {}


def of(event: Mapping[str, Any]) -> Request:
    """Read an event of API Gateway.

    Raises
    ------
    ApiError
        400 ``malformed`` for a body that is no base64 though it says so.
    """
    context = event.get("requestContext") or {}
    identity = context.get("identity") or {}
    # A proxy resource names the path that is ours; with a domain name of its own, `path` also
    # holds what that maps to.
    inner = (event.get("pathParameters") or {}).get("proxy")
    body = event.get("body") or ""
    try:
        content = (
            base64.b64decode(body, validate=True)
            if event.get("isBase64Encoded")
            else body.encode(errors="surrogatepass")
        )
    except ValueError as error:
        raise invalid("The body is no valid base64.", "malformed") from error
    return Request(
        method=str(event.get("httpMethod", "")).upper(),
        path="/" + str(inner).lstrip("/") if inner else str(event.get("path") or "/"),
        query={str(k): str(v) for k, v in (event.get("queryStringParameters") or {}).items()},
        body=content,
        owner=str(identity.get("apiKeyId") or ""),
        address=str(identity.get("sourceIp") or ""),
        number=str(context.get("requestId") or ""),
    )
