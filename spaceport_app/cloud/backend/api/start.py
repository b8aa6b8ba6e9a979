"""``POST /jobs/{id}/start``: check what was uploaded and start the state machine, once."""

from __future__ import annotations

from typing import Any

from spaceport_app.cloud.backend.api import compute, execution, limits, records, uploads
from spaceport_app.cloud.backend.api.errors import ApiError, conflict
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services


def start(services: Services, record: Record) -> dict[str, Any]:
    """Start a job whose files are all there; one that was started is left alone.

    Raises
    ------
    ApiError
        409 ``incomplete`` with the numbers of the ``missing`` files, 409 ``stopped``, or 429
        ``too_many_running``.
    """
    if execution.describe(services, record.id) is None:
        if records.stop_wished(services, record):
            raise _stopped()
        missing = incomplete(services, record)
        if missing:
            count = "1 file has" if len(missing) == 1 else f"{len(missing)} files have"
            raise conflict(
                "incomplete", f"{count} not arrived as the job says.", {"missing": missing}
            )
        limits.let_run(services, record.owner, record.id)
        begin(services, record)
    return {"job": record.id, "execution": execution.arn(services.configuration, record.id)}


def begin(services: Services, record: Record) -> None:
    """Start the execution, unless somebody stops or deletes the job at the same moment.

    Who stops leaves the wish before looking for an execution; we look for the wish after
    starting one: so one of the two sees the other.

    Raises
    ------
    ApiError
        409 ``stopped`` or 404 ``unknown_job``.
    """
    execution.begin(services, record)
    if records.stop_wished(services, record):
        _undo(services, record)
        raise _stopped()
    try:
        records.load(services, record.id, record.owner)
    except ApiError:
        _undo(services, record)
        raise


def incomplete(services: Services, record: Record) -> list[int]:
    """Complete the multipart uploads that have all parts; return the files that aren't there."""
    present = uploads.look(services, record)

    def arrived(number: int) -> bool:
        file = record.job.files[number]
        whole = present.objects.get(number) == file.size
        if not whole:
            upload = present.uploads.get(number)
            if upload is None or not uploads.complete(services, record, number, upload):
                return False
        return uploads.is_whole(services, record, number)

    numbers = range(len(record.job.files))
    answers = uploads.side_by_side(lambda number: (number, arrived(number)), numbers)
    return [number for number, there in answers if not there]


def _undo(services: Services, record: Record) -> None:
    execution.end(services, record.id)
    compute.kill(services, record, services.configuration.stop_wait_s)


def _stopped() -> ApiError:
    return conflict("stopped", "The job was stopped. Make a new one.")
