"""``DELETE /jobs/{id}``: nothing of a job is left, neither machines nor objects nor parts."""

from __future__ import annotations

from collections.abc import Sequence

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import records, stop, uploads
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import State
from spaceport_app.cloud.layout import STEPS

_MOST_A_CALL = 1_000


def delete(services: Services, record: Record) -> State:
    """Stop a job and delete all its objects and multipart uploads.

    Returns
    -------
    str
        ``deleted``, or ``stopping`` while a machine of it lives that could write again: nothing
        is deleted then, and it is to be asked for again.
    """
    if stop.stop(services, record).state == "stopping":
        return "stopping"
    here, there = services.configuration.artifacts, services.configuration.uploads
    for step in STEPS:
        _sweep(services, here, layout.results(record.id, step))
    prefix = layout.uploads(record.id)
    for upload in uploads.open_uploads(services, prefix):
        uploads.abort(services, upload["Key"], upload["UploadId"])
    _sweep(services, there, prefix)
    if record.token:
        _remove(services, here, [layout.token(record.owner, record.token)])
    # The record goes last: without it nobody could ask for the rest to be deleted.
    final = layout.record(record.id)
    _sweep(services, here, layout.records(record.id), but=final)
    _remove(services, here, [final])
    _remove(services, here, [layout.owned(record.owner) + record.id])
    return "deleted"


def _sweep(services: Services, bucket: str, prefix: str, but: str = "") -> None:
    keys = [key for key, _ in records.listed(services, prefix, bucket) if key != but]
    for start in range(0, len(keys), _MOST_A_CALL):
        _remove(services, bucket, keys[start : start + _MOST_A_CALL])


def _remove(services: Services, bucket: str, keys: Sequence[str]) -> None:
    answer = services.s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
    )
    if answer.get("Errors"):
        # S3 answers 200 even if it has deleted nothing.
        raise RuntimeError(f"S3 did not delete {answer['Errors'][:3]}")
