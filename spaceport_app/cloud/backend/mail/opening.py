"""The function behind ``GET /links/{token}``: it sends the browser on to the file, for a while."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.mail.seal import BadTokenError, open_sealed

_SECONDS = 300
"""For which the presigned address can be called; a download that began goes on."""
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_BUSY = "AWS is busy. Open the link again in a few seconds."
_GONE = "This link has expired, or is not complete. Spaceport on your computer finds the job."

_log = logging.getLogger(__name__)


def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer an event of API Gateway; `context` is Lambda's."""
    token = str((event.get("pathParameters") or {}).get("token") or "")
    kms = boto3.client("kms", config=Config(connect_timeout=2, read_timeout=4))
    try:
        link = open_sealed(kms, os.environ["SPACEPORT_SEAL"], token, time.time())
    except BadTokenError:
        return _answer(410, _TEXT, _GONE)
    except (BotoCoreError, ClientError):
        _log.exception("a link could not be checked")
        return _answer(503, {**_TEXT, "Retry-After": "5"}, _BUSY)
    s3 = boto3.client(
        "s3",
        config=Config(signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional"}),
    )
    address = s3.generate_presigned_url(
        "get_object",
        Params={
            "Bucket": os.environ["SPACEPORT_ARTIFACTS"],
            "Key": layout.result(link.job, "compression", link.path),
            "ResponseContentDisposition": "attachment",
        },
        ExpiresIn=_SECONDS,
    )
    return _answer(302, {"Location": address})


def _answer(status: int, headers: dict[str, str], body: str = "") -> dict[str, Any]:
    safe = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return {"statusCode": status, "headers": {**headers, **safe}, "body": body}
