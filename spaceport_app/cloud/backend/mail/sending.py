"""The function that the state machine calls at the end of a job: it mails how that went."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from spaceport_app.cloud import layout, wire
from spaceport_app.cloud.backend.mail import letter
from spaceport_app.cloud.backend.mail.seal import Link, seal

_DAY_S = 86_400
_MOST_PATH = 1024
_FORMATS = (".sog", ".ply", ".zip")


def handle(event: Mapping[str, Any], context: object) -> dict[str, str]:
    """Send the mail that an end asks for; `context` is Lambda's.

    Parameters
    ----------
    event : mapping
        ``jobId``, ``email``, ``state`` (``finished``, ``failed`` or ``stopped``), and of a
        failure ``cause``.

    Raises
    ------
    ValueError
        If the event makes no sense.
    botocore.exceptions.ClientError
        If AWS refuses; the state machine tries again or goes on without the mail.
    """
    job, to, state = str(event["jobId"]), str(event["email"]), str(event["state"])
    if not layout.is_job_id(job):
        raise ValueError("jobId is no id of a job")
    s3, bucket = boto3.client("s3"), os.environ["SPACEPORT_ARTIFACTS"]
    project = _project(s3, bucket, job)
    if state == "finished":
        seconds = int(os.environ["SPACEPORT_LINK_SECONDS"])
        mail = letter.finished(project, _link(s3, bucket, job, seconds), seconds // _DAY_S)
    elif state == "failed":
        mail = letter.failed(project, _reason(str(event.get("cause") or "")))
    elif state == "stopped":
        mail = letter.stopped(project)
    else:
        raise ValueError("state is no end of a job")
    sent = boto3.client("ses").send_email(
        Source=os.environ["SPACEPORT_SENDER"],
        Destination={"ToAddresses": [to]},
        Message={
            "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
            "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
        },
    )
    return {"message": str(sent["MessageId"])}


def _project(s3: Any, bucket: str, job: str) -> str:
    found = _read(s3, bucket, layout.record(job))
    return str(found.get("name") or "Your project")


def _link(s3: Any, bucket: str, job: str, seconds: int) -> str:
    """Return the address of what a person wants to have, or nothing if the job has not made it."""
    # The job itself has written it: what is not as it should be is no file to fetch.
    files = _read(s3, bucket, layout.manifest(job, "compression")).get("files")
    named = [
        file.get("path")
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, dict)
    ]
    paths = [path for path in named if isinstance(path, str) and _is_export(path)]
    for ending in _FORMATS:
        for path in paths:
            if path.endswith(ending):
                link = Link(job, path, int(time.time()) + seconds)
                token = seal(boto3.client("kms"), os.environ["SPACEPORT_SEAL"], link)
                return f"{os.environ['SPACEPORT_LINKS']}/{token}"
    return ""


def _is_export(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return path.startswith("export/") and len(path) <= _MOST_PATH


def _read(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    """Return the JSON of an object; empty if it is not there.

    The role may not list the bucket, and so is told 403 where nothing is.
    """
    try:
        raw = wire.read(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ValueError:
        return {}
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "404", "AccessDenied"}:
            return {}
        raise
    return raw if isinstance(raw, dict) else {}


def _reason(cause: str) -> str:
    """Return the worker's sentences out of a reason, which may be JSON of them."""
    try:
        told = wire.read(cause)
    except ValueError:
        return cause
    if not isinstance(told, dict):
        return cause
    words = [str(told[name]) for name in ("message", "remedy") if told.get(name)]
    return " ".join(words or [cause])
