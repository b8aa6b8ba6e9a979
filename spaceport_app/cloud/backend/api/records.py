"""What is known of a job: one object in S3 that is written once and never changed.

Nothing is read, changed and written back: what happens later stands in objects of its own, so
that two calls at the same time can lose nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import told
from spaceport_app.cloud.backend.api.errors import (
    ApiError,
    is_absent,
    service_code,
    unknown_job,
)
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import CloudFile, CloudJob
from spaceport_app.cloud.layout import Step

SCHEMA = 1
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


@dataclass(frozen=True)
class Record:
    """A job with its id, its owner and its days.

    Parameters
    ----------
    id : str
        Made here; all keys follow from it.
    owner : str
        Id of the API key that made it.
    created, expires : datetime
        In UTC; from `expires` on the buckets have forgotten it.
    job : CloudJob
        What was asked for.
    source : str
        Where a seed job's archive came from; empty for a job whose files were uploaded.
    token : str
        By which the client that made it finds it again; may be empty.
    """

    id: str
    owner: str
    created: datetime
    expires: datetime
    job: CloudJob
    source: str = ""
    token: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what stands in S3, and what the worker reads."""
        return {
            "schema": SCHEMA,
            "job": self.id,
            "owner": self.owner,
            "created": iso(self.created),
            "expires": iso(self.expires),
            "source": self.source,
            "token": self.token,
            **self.job.as_json(),
        }


def iso(moment: datetime) -> str:
    """Return a moment in UTC as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def create(
    services: Services, id: str, owner: str, job: CloudJob, source: str = "", token: str = ""
) -> Record:
    """Write the record of a new job."""
    now = services.now()
    expires = now + timedelta(days=services.configuration.kept_days)
    record = Record(id, owner, now, expires, job, source, token)
    bucket = services.configuration.artifacts
    # The entry in the owner's list comes first: a record that no list names is never found again.
    services.s3.put_object(Bucket=bucket, Key=layout.owned(owner) + id, Body=b"")
    put_json(services, layout.record(id), record.as_json())
    return record


def load(services: Services, id: str, owner: str) -> Record:
    """Read the record of a job of `owner`.

    Raises
    ------
    ApiError
        404 ``unknown_job``, for the job of another key too.
    """
    if not owner or not layout.is_job_id(id):
        raise unknown_job()
    raw = get_json(services, layout.record(id))
    if raw is None or raw["owner"] != owner:
        raise unknown_job()
    return Record(
        id,
        owner,
        datetime.fromisoformat(raw["created"]),
        datetime.fromisoformat(raw["expires"]),
        CloudJob(
            raw["name"],
            tuple(CloudFile.of(file) for file in raw["files"]),
            raw["settings"],
            raw["first"],
            raw["last"],
            raw["email"],
            raw.get("instances", {}),
            raw.get("spot"),
        ),
        raw["source"],
        raw.get("token", ""),
    )


def ids(services: Services, owner: str) -> tuple[str, ...]:
    """Return the ids of the jobs of `owner`, newest first."""
    prefix = layout.owned(owner)
    found = (key[len(prefix) :] for key, _ in listed(services, prefix))
    return tuple(sorted((id for id in found if layout.is_job_id(id)), reverse=True))


def wish_stop(services: Services, record: Record) -> None:
    """Write down that the job is to be stopped; from now on it can't be started."""
    put_json(services, layout.stop_wish(record.id), {"at": iso(services.now())})


def stop_wished(services: Services, record: Record) -> bool:
    """Whether somebody wants the job stopped."""
    return get_json(services, layout.stop_wish(record.id)) is not None


def progress(services: Services, record: Record, step: Step) -> dict[str, Any] | None:
    """Return what the worker last said of a step."""
    return told.progress(_get(services, layout.progress(record.id, step)))


def manifest(services: Services, record: Record, step: Step) -> dict[str, Any] | None:
    """Return the list of a step's files; it is there when they all are."""
    return told.manifest(_get(services, layout.manifest(record.id, step)))


def get_json(services: Services, key: str) -> dict[str, Any] | None:
    """Return an object of the artifacts bucket, or None where there is none."""
    found = _get(services, key)
    read: dict[str, Any] | None = None if found is None else json.loads(found)
    return read


def _get(services: Services, key: str) -> bytes | None:
    try:
        answer = services.s3.get_object(Bucket=services.configuration.artifacts, Key=key)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    body: bytes = answer["Body"].read()
    return body


def put_json(services: Services, key: str, value: dict[str, Any]) -> None:
    """Write an object of the artifacts bucket."""
    services.s3.put_object(
        Bucket=services.configuration.artifacts,
        Key=key,
        Body=json.dumps(value).encode(),
        ContentType="application/json",
    )


def claim(services: Services, key: str, value: dict[str, Any]) -> dict[str, Any]:
    """Write an object of the artifacts bucket unless there is one; return what stands there.

    Raises
    ------
    ApiError
        503 if it goes away at the same moment.
    """
    if put_new(services, key, value):
        return value
    found = get_json(services, key)
    if found is None:
        raise ApiError(503, "busy", "Two calls met. Try again in a few seconds.")
    return found


def put_new(services: Services, key: str, value: dict[str, Any]) -> bool:
    """Write an object of the artifacts bucket unless there is one; whether it was written."""
    try:
        services.s3.put_object(
            Bucket=services.configuration.artifacts,
            Key=key,
            Body=json.dumps(value).encode(),
            ContentType="application/json",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if service_code(error) not in _TAKEN:
            raise
        return False
    return True


def listed(
    services: Services, prefix: str, bucket: str = "", after: str = ""
) -> Iterator[tuple[str, int]]:
    """Yield key and bytes of the objects below a prefix of a bucket; else of the artifacts."""
    where = {"Bucket": bucket or services.configuration.artifacts, "Prefix": prefix}
    if after:
        where["StartAfter"] = after
    for page in services.s3.get_paginator("list_objects_v2").paginate(**where):
        for entry in page.get("Contents", []):
            yield entry["Key"], entry["Size"]
