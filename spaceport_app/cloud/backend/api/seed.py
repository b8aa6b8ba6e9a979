"""``POST /start-job`` and ``POST /stop-job`` as callers of the original Spaceport know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import (
    archive,
    creation,
    execution,
    limits,
    mailing,
    records,
    start,
    stop,
    submission,
)
from spaceport_app.cloud.backend.api.errors import ApiError, invalid, unknown_job
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import CloudJob
from spaceport_app.cloud.layout import STEPS

_SWITCHES = ("optimization_enabled", "sogs_compression", "gpu_acceleration")


def start_job(services: Services, owner: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Make a job of an archive in S3 and start it.

    ``optimization_enabled: false`` takes the preset preview instead of standard;
    ``sogs_compression: false`` ends after training; ``gpu_acceleration: false`` takes the
    presets' column for a CPU. A ``token``, which the original had not, makes a call that is made
    again the same job.

    Raises
    ------
    ApiError
        400, 403, 404, 409 ``token_used`` or 429.
    """
    switches = {name: _switch(raw, name) for name in _SWITCHES}
    last = STEPS[-1] if switches["sogs_compression"] else STEPS[-2]
    wanted = raw.get("pipelineStep")
    first, last = submission.steps(STEPS[0] if wanted is None else wanted, last)
    email = submission.email(raw.get("email"))
    mailing.check(services.configuration.mail_to, owner, email)
    token = submission.token(raw)
    bucket, key = archive.parse(raw.get("s3Url"))
    asked = {"bucket": bucket, "key": key, "first": first, "last": last, "email": email, **switches}
    id = creation.claim_id(services, owner, token, {"start-job": asked})
    if execution.describe(services, id) is not None:
        # A call that is made again, its answer lost: the archive may be gone by now.
        return _started(services, id)
    found = archive.find(services, raw.get("s3Url"))
    file = found.as_file()
    job = CloudJob(
        file.name.removesuffix(".zip") or file.name,
        (file,),
        {
            "preset": "standard" if switches["optimization_enabled"] else "preview",
            "device": "cuda" if switches["gpu_acceleration"] else "cpu",
            "options": {},
            "excluded": [],
        },
        first,
        last,
        email,
    )
    limits.let_run(services, owner, id)
    record = _record(services, id, owner)
    if record is None:
        limits.count_job(services, owner, id)
        # The copy comes first: a job without its archive would wait for ever.
        archive.copy(services, found, id)
        record = records.create(services, id, owner, job, f"s3://{found.bucket}/{found.key}", token)
    start.begin(services, record)
    return _started(services, id)


def _record(services: Services, id: str, owner: str) -> Record | None:
    try:
        return records.load(services, id, owner)
    except ApiError:
        return None


def _started(services: Services, id: str) -> dict[str, Any]:
    return {
        "jobId": id,
        "executionArn": execution.arn(services.configuration, id),
        "message": "The job has started.",
    }


def stop_job(services: Services, owner: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Stop a job that is named by its id, by the ARN of its execution, or by both.

    Raises
    ------
    ApiError
        400 if neither names a job, or both name different ones; 404 for no such job.
    """
    record = records.load(services, _named(services, raw), owner)
    done = stop.stop(services, record)
    return {
        "success": done.state != "stopping",
        "message": _MESSAGES.get(done.state, "The job was not running."),
        "jobId": record.id,
        "stoppedResources": list(done.resources),
    }


_MESSAGES = {
    "stopped": "The job has stopped.",
    "stopping": "The job is still stopping. Ask again in a few seconds.",
}


def _named(services: Services, raw: Mapping[str, Any]) -> str:
    job, address = raw.get("jobId"), raw.get("executionArn")
    if job is None and address is None:
        raise invalid("jobId or executionArn is required.")
    if not isinstance(job, str | None) or not isinstance(address, str | None):
        raise invalid("jobId and executionArn are texts.")
    if address is None:
        return str(job)
    id = address.rpartition(":")[2]
    if not layout.is_job_id(id) or address != execution.arn(services.configuration, id):
        raise unknown_job()
    if job not in {None, id}:
        raise invalid("jobId and executionArn name different jobs.")
    return id


def _switch(raw: Mapping[str, Any], name: str) -> bool:
    value = raw.get(name)
    if value is None:
        return True
    if not isinstance(value, bool):
        raise invalid(f"{name} is true or false.")
    return value
