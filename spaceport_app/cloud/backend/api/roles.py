"""The roles of jobs that are over are removed: the state machine makes one for every job.

Called by the clock and not by the ends of the state machine: it does not see all of them, and
SageMaker still gives back the network of a job with the job's role when that has ended.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api.errors import service_code

KEPT = timedelta(hours=1)
"""After the end of a job."""
KEPT_UNKNOWN = timedelta(days=2)
"""After it was made, for a job that Step Functions does not know: any has ended by then."""

_log = logging.getLogger(__name__)


def handle(event: Mapping[str, Any], context: object) -> dict[str, int]:
    """Remove what is to be removed, when the clock calls; both arguments are Lambda's."""
    machine, path = os.environ["SPACEPORT_STATE_MACHINE"], os.environ["SPACEPORT_ROLE_PATH"]
    iam, states = boto3.client("iam"), boto3.client("stepfunctions")
    return {"removed": sweep(iam, states, machine, path, datetime.now(UTC))}


def sweep(iam: Any, states: Any, machine: str, path: str, now: datetime) -> int:
    """Remove the roles of jobs that have ended, and return how many those were.

    Parameters
    ----------
    iam, states : client
        Of IAM and Step Functions.
    machine : str
        ARN of the state machine.
    path : str
        Where its roles lie in IAM.
    now : datetime
        The time, with its zone.

    Raises
    ------
    RuntimeError
        If one could not be removed; the others are.
    """
    executions = machine.replace(":stateMachine:", ":execution:")
    removed, failed = 0, []
    for id, made in list(_roles(iam, path)):
        try:
            if _is_over(states, f"{executions}:{id}", made, now):
                _remove(iam, layout.role(id))
                removed += 1
        except (BotoCoreError, ClientError) as error:
            _log.warning("the role of job %s stays: %s", id, error)
            failed.append(id)
    if failed:
        # So that whoever runs the service hears of it: IAM holds a limited number of roles.
        raise RuntimeError(f"{len(failed)} roles of jobs could not be removed")
    return removed


def _roles(iam: Any, path: str) -> Iterator[tuple[str, datetime]]:
    """Yield the jobs that have roles, and since when."""
    for page in iam.get_paginator("list_roles").paginate(PathPrefix=path):
        for role in page["Roles"]:
            id = str(role["RoleName"]).removeprefix(layout.role(""))
            if layout.is_job_id(id) and role["RoleName"] == layout.role(id):
                yield id, role["CreateDate"]


def _is_over(states: Any, execution: str, made: datetime, now: datetime) -> bool:
    try:
        run = states.describe_execution(executionArn=execution)
    except ClientError as error:
        if service_code(error) != "ExecutionDoesNotExist":
            raise
        return now - made > KEPT_UNKNOWN
    ended: datetime | None = run.get("stopDate")
    return run["status"] != "RUNNING" and ended is not None and now - ended > KEPT


def _remove(iam: Any, name: str) -> None:
    _unless_gone(iam.delete_role_policy, RoleName=name, PolicyName=layout.ROLE_POLICY)
    _unless_gone(iam.delete_role, RoleName=name)


def _unless_gone(call: Callable[..., object], **names: str) -> None:
    try:
        call(**names)
    except ClientError as error:
        if service_code(error) != "NoSuchEntity":
            raise
