"""What of a job's files lies in S3: whole objects, and multipart uploads that are under way."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import records
from spaceport_app.cloud.backend.api.errors import is_absent
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import THREADS, Services
from spaceport_app.cloud.job import PART_BYTES, CloudFile

T = TypeVar("T")


@dataclass(frozen=True)
class Present:
    """What lies there, by the number of the file.

    Parameters
    ----------
    objects : mapping
        Bytes of the whole objects.
    uploads : mapping
        Id of the multipart upload that counts: the oldest, should two calls have made one each.
    """

    objects: Mapping[int, int]
    uploads: Mapping[int, str]


@dataclass(frozen=True)
class Part:
    """A part that has arrived; `sha256` in base64, `tag` as S3 wants it back."""

    number: int
    size: int
    sha256: str
    tag: str


def look(services: Services, record: Record) -> Present:
    """Return what lies there of a job's files."""
    prefix, count = layout.uploads(record.id), len(record.job.files)
    objects = {
        number: size
        for key, size in records.listed(services, prefix, services.configuration.uploads)
        if (number := _number(key, prefix)) in range(count)
    }
    uploads: dict[int, str] = {}
    for upload in open_uploads(services, prefix):
        uploads.setdefault(_number(upload["Key"], prefix), upload["UploadId"])
    return Present(objects, {n: id for n, id in uploads.items() if n in range(count)})


def open_uploads(services: Services, prefix: str) -> list[dict[str, Any]]:
    """Return the multipart uploads below a prefix that are not completed, oldest first."""
    pages = services.s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=services.configuration.uploads, Prefix=prefix
    )
    found = [upload for page in pages for upload in page.get("Uploads", [])]
    return sorted(found, key=lambda upload: (upload["Initiated"], upload["UploadId"]))


def open_for(services: Services, record: Record, numbers: Iterable[int]) -> Mapping[int, str]:
    """Return the multipart upload of each of these files; those that lack one get one."""
    wanted = set(numbers)
    if not wanted:
        return {}
    lacking = wanted - look(services, record).uploads.keys()
    made = dict(side_by_side(lambda number: (number, _open(services, record, number)), lacking))
    uploads = look(services, record).uploads
    for number, id in made.items():
        if uploads.get(number, id) != id:
            # Another call was faster: its upload counts, for both of us.
            abort(services, layout.upload(record.id, number), id)
    return {number: uploads[number] for number in wanted}


def parts(services: Services, record: Record, number: int, upload: str) -> Iterator[Part]:
    """Yield the parts of a multipart upload that have arrived, in order."""
    pages = services.s3.get_paginator("list_parts").paginate(
        Bucket=services.configuration.uploads,
        Key=layout.upload(record.id, number),
        UploadId=upload,
    )
    for page in pages:
        for part in page.get("Parts", []):
            digest = part.get("ChecksumSHA256", "")
            yield Part(part["PartNumber"], part["Size"], digest, part["ETag"])


def complete(services: Services, record: Record, number: int, upload: str) -> bool:
    """Make one object of the parts of a file, and return whether they were all there."""
    file = record.job.files[number]
    found = {part.number: part for part in parts(services, record, number, upload)}
    if any(
        place not in found or found[place].size != part_size(file, place)
        for place in range(1, file.parts() + 1)
    ):
        return False
    made = [_as_request(found[place]) for place in range(1, file.parts() + 1)]
    try:
        services.s3.complete_multipart_upload(
            Bucket=services.configuration.uploads,
            Key=layout.upload(record.id, number),
            UploadId=upload,
            MultipartUpload={"Parts": made},
        )
    except ClientError as error:
        # Another call, or our own that was tried again, may have completed it.
        if not is_absent(error):
            raise
    return True


def is_whole(services: Services, record: Record, number: int) -> bool:
    """Whether the object of a file has the bytes and the SHA-256 that the job says.

    Of an object made of parts S3 knows the digest of the parts' digests only. Each part was
    checked against its own when it came; the file as a whole is checked by the worker.
    """
    file = record.job.files[number]
    try:
        head = services.s3.head_object(
            Bucket=services.configuration.uploads,
            Key=layout.upload(record.id, number),
            ChecksumMode="ENABLED",
        )
    except ClientError as error:
        if is_absent(error):
            return False
        raise
    digest = str(head.get("ChecksumSHA256", ""))
    # A copy that S3 has made has the digest of the whole, whatever its size.
    parted = file.parts() > 1 and head.get("ChecksumType") != "FULL_OBJECT"
    right = bool(digest) if parted else digest == in_base64(file.sha256)
    return bool(head["ContentLength"] == file.size and right)


def abort(services: Services, key: str, upload: str) -> None:
    """Throw away a multipart upload with its parts; it may be gone already."""
    try:
        services.s3.abort_multipart_upload(
            Bucket=services.configuration.uploads, Key=key, UploadId=upload
        )
    except ClientError as error:
        if not is_absent(error):
            raise


def part_size(file: CloudFile, part: int) -> int:
    """Return the bytes of a part, which counts from 1."""
    return min(PART_BYTES, file.size - (part - 1) * PART_BYTES)


def in_base64(digest: str) -> str:
    """Return a digest in hexadecimal as S3 writes it."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def side_by_side(work: Callable[[int], T], numbers: Iterable[int]) -> list[T]:
    """Call `work` for every number, many at the same time, and return the results in order."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, sorted(numbers)))


def _open(services: Services, record: Record, number: int) -> str:
    answer = services.s3.create_multipart_upload(
        Bucket=services.configuration.uploads,
        Key=layout.upload(record.id, number),
        ChecksumAlgorithm="SHA256",
        ChecksumType="COMPOSITE",
    )
    return str(answer["UploadId"])


def _as_request(part: Part) -> dict[str, Any]:
    request: dict[str, Any] = {"PartNumber": part.number, "ETag": part.tag}
    return request | {"ChecksumSHA256": part.sha256} if part.sha256 else request


def _number(key: str, prefix: str) -> int:
    text = key[len(prefix) :]
    return int(text) if text.isascii() and text.isdigit() else -1
