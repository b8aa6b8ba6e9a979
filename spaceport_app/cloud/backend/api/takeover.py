"""``POST /jobs/{id}/take``: what another job of the same key has of a job's files is copied here.

Who starts again after a stop or a failure uploads nothing twice: neither photos, nor the results
of the steps that were done. Files are the same if their bytes and their SHA-256 are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import limits, records, uploads
from spaceport_app.cloud.backend.api.errors import invalid, is_absent, unknown_job
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import PART_BYTES

MOST_A_CALL = 250
_MOST_BYTES_A_CALL = 2 << 30
_MOST_BYTES_AT_ONCE = 1 << 30
"""API Gateway waits half a minute; S3 copies some hundred megabytes a second.

A larger file is copied part by part, in as many calls as it takes.
"""

Content: TypeAlias = tuple[int, str]
"""Bytes of a file and their SHA-256 in hexadecimal."""
Place: TypeAlias = dict[str, str]


def take(services: Services, record: Record, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Copy what is there of the files from the number ``after`` on, as far as one call goes.

    Returns
    -------
    dict
        ``taken``: numbers of the files that were copied; ``next``: where the next call goes on,
        or None. It is the number of a large file again as long as that is not copied whole.

    Raises
    ------
    ApiError
        400, 404 if the other job is not there or another's, or 429 ``too_many_copies``.
    """
    other, after = raw.get("job"), raw.get("after", 0)
    if not isinstance(other, str) or raw.keys() - {"job", "after"}:
        raise invalid("The request must have the job to take from, and may have after, no more.")
    if type(after) is not int or after < 0:
        raise invalid("The number in after is no whole number.")
    if other == record.id:
        raise unknown_job()
    there = _places(services, records.load(services, other, record.owner))
    present = uploads.look(services, record).objects
    files = record.job.files
    wanted = [
        number
        for number in range(after, len(files))
        if present.get(number) != files[number].size
        and (files[number].size, files[number].sha256) in there
    ]
    if wanted:
        limits.count_copying(services, record)
    if wanted and files[wanted[0]].size > _MOST_BYTES_AT_ONCE:
        file = files[wanted[0]]
        left = _copy_parts(services, record, wanted[0], there[file.size, file.sha256])
        taken = [wanted[0]] if left == 0 else []
        rest = wanted if left else wanted[1:]
        return {"taken": taken, "next": rest[0] if rest else None}
    chosen: list[int] = []
    size = 0
    for number in wanted[:MOST_A_CALL]:
        if files[number].size > _MOST_BYTES_AT_ONCE:
            break
        size += files[number].size
        if chosen and size > _MOST_BYTES_A_CALL:
            break
        chosen.append(number)

    def copy(number: int) -> int | None:
        file = files[number]
        return number if _copy(services, record, number, there[file.size, file.sha256]) else None

    done = uploads.side_by_side(copy, chosen)
    return {
        "taken": [number for number in done if number is not None],
        "next": wanted[len(chosen)] if len(wanted) > len(chosen) else None,
    }


def _places(services: Services, other: Record) -> dict[Content, Place]:
    """Return where each content of another job lies: among its uploads, else its results."""
    found: dict[Content, Place] = {}
    for step in other.job.steps:
        manifest = records.manifest(services, other, step)
        for file in (manifest or {}).get("files", ()):
            key = layout.result(other.id, step, file["path"])
            place = {"Bucket": services.configuration.artifacts, "Key": key}
            found[int(file["bytes"]), str(file["sha256"])] = place
    for number, size in uploads.look(services, other).objects.items():
        file = other.job.files[number]
        if size == file.size and file.sha256:
            key = layout.upload(other.id, number)
            found[size, file.sha256] = {"Bucket": services.configuration.uploads, "Key": key}
    return found


def _copy_parts(services: Services, record: Record, number: int, place: Place) -> int | None:
    """Copy as many parts of a large file as one call can; return how many are left, or None.

    None says that the file cannot be had: what arrived of it stays, and the rest is uploaded.
    """
    file = record.job.files[number]
    upload = uploads.open_for(services, record, (number,))[number]
    there = {part.number for part in uploads.parts(services, record, number, upload)}
    missing = [part for part in range(1, file.parts() + 1) if part not in there]

    def copy(part: int) -> None:
        start = (part - 1) * PART_BYTES
        end = start + uploads.part_size(file, part) - 1
        services.s3.upload_part_copy(
            Bucket=services.configuration.uploads,
            Key=layout.upload(record.id, number),
            UploadId=upload,
            PartNumber=part,
            CopySource=place,
            CopySourceRange=f"bytes={start}-{end}",
        )

    now = missing[: max(1, _MOST_BYTES_A_CALL // PART_BYTES)]
    try:
        uploads.side_by_side(copy, now)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    if len(now) == len(missing) and not uploads.complete(services, record, number, upload):
        return None
    return len(missing) - len(now)


def _copy(services: Services, record: Record, number: int, place: Place) -> bool:
    """Copy a file; S3 reckons its SHA-256, which the start compares with the job's."""
    try:
        services.s3.copy_object(
            Bucket=services.configuration.uploads,
            Key=layout.upload(record.id, number),
            CopySource=place,
            ChecksumAlgorithm="SHA256",
        )
    except ClientError as error:
        # Forgotten after its days, or deleted a moment ago: it is uploaded then.
        if is_absent(error):
            return False
        raise
    return True
