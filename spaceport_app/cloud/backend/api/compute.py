"""The SageMaker jobs of a job: what they do, and how they are stopped.

Every step has one, under a name that follows from the job's id; training is a training job, the
others are processing jobs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api.errors import service_code
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.layout import Step

DEAD = frozenset({"Completed", "Failed", "Stopped"})
_TRAINING: Step = "3dgs"
_ABSENT = re.compile("could not find|not found|does not exist", re.IGNORECASE)


@dataclass(frozen=True)
class Compute:
    """One SageMaker job.

    Parameters
    ----------
    step : str
        What it does.
    status : str
        In SageMaker's words: ``InProgress``, ``Stopping``, ``Completed``, ``Failed``, ``Stopped``.
    reason : str
        Why it failed, in the words of the worker or of SageMaker.
    instance : str
        Type of the machine.
    started, ended : datetime or None
        When the machine was there and gone.
    billed_s : float or None
        Seconds that SageMaker says it bills; it says so of trainings that have ended.
    """

    step: Step
    status: str
    reason: str = ""
    instance: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    billed_s: float | None = None

    @property
    def dead(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.status in DEAD

    def seconds(self, now: datetime) -> float:
        """Return for how long it has been paid."""
        if self.billed_s is not None:
            return self.billed_s
        if self.started is None:
            return 0.0
        return max(0.0, ((self.ended or now) - self.started).total_seconds())


def describe(services: Services, record: Record, step: Step) -> Compute | None:
    """Return the SageMaker job of a step, or None if there is none."""
    name = layout.compute_name(record.id, step)
    try:
        if step == _TRAINING:
            return _training(services.sagemaker.describe_training_job(TrainingJobName=name))
        return _processing(step, services.sagemaker.describe_processing_job(ProcessingJobName=name))
    except ClientError as error:
        if _is_absent(error):
            return None
        raise


def describe_all(services: Services, record: Record) -> tuple[Compute, ...]:
    """Return the SageMaker jobs of a job, in the order of its steps."""
    found = (describe(services, record, step) for step in record.job.steps)
    return tuple(compute for compute in found if compute is not None)


def stop(services: Services, record: Record, step: Step) -> None:
    """Ask SageMaker to stop the job of a step; it may have ended in the meantime."""
    name = layout.compute_name(record.id, step)
    try:
        if step == _TRAINING:
            services.sagemaker.stop_training_job(TrainingJobName=name)
        else:
            services.sagemaker.stop_processing_job(ProcessingJobName=name)
    except ClientError as error:
        # Of a job that has just ended, which a look at it shows; this answer shows nothing.
        if service_code(error) not in {"ResourceNotFound", "ValidationException"}:
            raise


def kill(services: Services, record: Record, patience_s: float) -> tuple[Compute, ...]:
    """Stop all SageMaker jobs of a job and wait until they are seen dead.

    The execution must have been stopped before. It may have been about to start one more
    SageMaker job, so that the jobs count as dead when they were in two looks, one after another.

    Parameters
    ----------
    patience_s : float
        After this time it returns what it sees, dead or not.

    Returns
    -------
    tuple of Compute
        As last seen.
    """
    until = time.monotonic() + patience_s
    asked: set[Step] = set()
    dead_before = False
    while True:
        found = describe_all(services, record)
        for compute in found:
            if not compute.dead and compute.step not in asked:
                stop(services, record, compute.step)
                asked.add(compute.step)
        dead = all(compute.dead for compute in found)
        if (dead and dead_before) or time.monotonic() >= until:
            return found
        dead_before = dead
        time.sleep(services.configuration.poll_s)


def all_dead(found: Iterable[Compute]) -> bool:
    """Whether none of them runs any more."""
    return all(compute.dead for compute in found)


def _training(raw: dict[str, Any]) -> Compute:
    billed = raw.get("BillableTimeInSeconds")
    return Compute(
        _TRAINING,
        str(raw["TrainingJobStatus"]),
        str(raw.get("FailureReason") or ""),
        str(raw.get("ResourceConfig", {}).get("InstanceType", "")),
        _utc(raw.get("TrainingStartTime")),
        _utc(raw.get("TrainingEndTime")),
        float(billed) if billed is not None and raw["TrainingJobStatus"] in DEAD else None,
    )


def _processing(step: Step, raw: dict[str, Any]) -> Compute:
    cluster = raw.get("ProcessingResources", {}).get("ClusterConfig", {})
    return Compute(
        step,
        str(raw["ProcessingJobStatus"]),
        str(raw.get("ExitMessage") or raw.get("FailureReason") or ""),
        str(cluster.get("InstanceType", "")),
        _utc(raw.get("ProcessingStartTime")),
        _utc(raw.get("ProcessingEndTime")),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment is not None else None


def _is_absent(error: ClientError) -> bool:
    # SageMaker has no code for it: a ValidationException may as well mean a name it dislikes,
    # and a job that is only believed to be gone would run on.
    words = str(error.response.get("Error", {}).get("Message", ""))
    code = service_code(error)
    return code == "ResourceNotFound" or (
        code == "ValidationException" and bool(_ABSENT.search(words))
    )
