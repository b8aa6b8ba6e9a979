"""From a job's record to the input of the state machine, and the names of its executions."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.errors import service_code
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.layout import STEPS, Step

_BASE_GIB = 50
_MOST_GIB = 1_000
_MOST_TRAINING_GIB = 125
"""SageMaker refuses more than the disk inside an ml.g4dn.xlarge has."""
_COPIES = 4
"""Of the files on the disk of a step: the archive, what is in it, the views, the results."""


def machine_input(configuration: Configuration, record: Record) -> dict[str, Any]:
    """Return what the state machine is started with.

    ``keys`` and ``buckets`` say where a step finds what earlier ones left: among this job's own
    results or, where the job starts behind them, among its uploads. So no step reads an empty
    prefix.
    """
    first = STEPS.index(record.job.first)
    results: tuple[Step, ...] = ("sfm", "3dgs")
    own = {step: STEPS.index(step) >= first for step in results}
    uploads = layout.uploads(record.id)
    gib = -(-sum(file.size for file in record.job.files) // (1 << 30))
    return {
        "jobId": record.id,
        "pipelineStep": record.job.first,
        "lastStep": record.job.last,
        "instances": {**configuration.instances, **record.job.instances},
        "volumes": {step: _volume(step, gib) for step in STEPS},
        "limitsSeconds": {step: configuration.limits_s[step] for step in STEPS},
        "pollSeconds": {step: configuration.waits_s[step] for step in STEPS},
        "spot": configuration.spot if record.job.spot is None else record.job.spot,
        "keys": {
            "record": layout.record(record.id),
            "files": uploads,
            **{s: layout.result(record.id, s, "") if own[s] else uploads for s in results},
        },
        "buckets": {
            s: configuration.artifacts if own[s] else configuration.uploads for s in results
        },
        "email": record.job.email,
    }


def _volume(step: Step, gib: int) -> int:
    most = _MOST_TRAINING_GIB if step == "3dgs" else _MOST_GIB
    return min(_BASE_GIB + _COPIES * gib, most)


def arn(configuration: Configuration, id: str) -> str:
    """Return the ARN of a job's execution: it is called as the job."""
    return f"{configuration.state_machine.replace(':stateMachine:', ':execution:')}:{id}"


def begin(services: Services, record: Record) -> str:
    """Start the execution of a job unless it was started before, and return its ARN."""
    try:
        services.states.start_execution(
            stateMachineArn=services.configuration.state_machine,
            name=record.id,
            input=json.dumps(machine_input(services.configuration, record)),
        )
    except ClientError as error:
        if service_code(error) != "ExecutionAlreadyExists":
            raise
    return arn(services.configuration, record.id)


def describe(services: Services, id: str) -> dict[str, Any] | None:
    """Return what Step Functions knows of a job's execution, or None if it was never started."""
    try:
        found: dict[str, Any] = services.states.describe_execution(
            executionArn=arn(services.configuration, id)
        )
    except ClientError as error:
        if service_code(error) == "ExecutionDoesNotExist":
            return None
        raise
    return found


def end(services: Services, id: str) -> None:
    """Stop the execution of a job, so that it starts no further step; it may have ended."""
    try:
        services.states.stop_execution(
            executionArn=arn(services.configuration, id),
            error="Stopped",
            cause="Somebody has stopped the job.",
        )
    except ClientError as error:
        if service_code(error) not in {"ExecutionDoesNotExist", "ValidationException"}:
            raise
