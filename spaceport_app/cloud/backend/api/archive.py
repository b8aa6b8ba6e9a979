"""The ``s3Url`` of a seed job: the only place where a caller names a bucket and a key."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import names, uploads
from spaceport_app.cloud.backend.api.errors import ApiError, invalid, is_absent, is_forbidden
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import MOST_BYTES, CloudFile

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# BUCKET.s3.amazonaws.com, BUCKET.s3.REGION..., BUCKET.s3-REGION..., BUCKET.s3.dualstack.REGION...,
# and the same without BUCKET, where it is the first part of the path.
_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9.-]+)\.)?s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?"
    r"\.amazonaws\.com(?:\.cn)?"
)
_COPY_AT_ONCE = 512 << 20
_COPY_PART = 256 << 20


@dataclass(frozen=True)
class Archive:
    """An object that was found: its place, its bytes and what S3 calls this version of it."""

    bucket: str
    key: str
    size: int
    tag: str

    def as_file(self) -> CloudFile:
        """Return it as the one file of a job; S3 does not know its SHA-256."""
        return CloudFile(self.key.rpartition("/")[2], self.size, "")


def parse(address: object) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key`` or of an https address of S3.

    Raises
    ------
    ApiError
        400.
    """
    if not isinstance(address, str) or not address or len(address) > 2048:
        raise invalid("s3Url is required: s3://bucket/key or an https address of S3.")
    try:
        parts = urlsplit(address)
        host, plain = parts.hostname or "", parts.port is None and not parts.username
    except ValueError:
        raise _invalid() from None
    if "?" in address and parts.scheme == "https":
        raise invalid("s3Url is an address without anything behind a question mark.")
    if parts.scheme == "s3":
        # A key is taken as it is: characters that mean something in an address do not here.
        bucket, _, key = address[len("s3://") :].partition("/")
    elif parts.scheme == "https" and plain and (match := _HOST.fullmatch(host)):
        path = unquote(parts.path.removeprefix("/"), errors="replace")
        bucket, key = (match["bucket"], path) if match["bucket"] else _parted(path)
    else:
        raise _invalid()
    if not _BUCKET.fullmatch(bucket):
        raise _invalid()
    try:
        names.check(key.rpartition("/")[2])
        encoded = key.encode()
    except ValueError:
        raise _invalid() from None
    # A folder may be called as it likes, but S3 and its XML know no such characters.
    odd = any(unicodedata.category(character) == "Cc" for character in key)
    if odd or len(encoded) > names.MOST_BYTES:
        raise _invalid()
    return bucket, key


def find(services: Services, address: object) -> Archive:
    """Return the object at an address.

    Raises
    ------
    ApiError
        400 for what is no address, 403 for a bucket that is not allowed, 404 for no such object.
    """
    bucket, key = parse(address)
    if bucket not in services.configuration.seed_buckets:
        raise ApiError(403, "forbidden", "The bucket in s3Url is none that is allowed here.")
    try:
        head = services.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if is_absent(error) or (is_forbidden(error) and _is_listed_absent(services, bucket, key)):
            raise ApiError(404, "unknown_object", "There is no object at s3Url.") from error
        if is_forbidden(error):
            raise ApiError(403, "forbidden", "The object at s3Url may not be read.") from error
        raise
    size = int(head["ContentLength"])
    if size > MOST_BYTES:
        raise invalid(f"The object at s3Url has over {MOST_BYTES >> 30} GiB.", "too_large")
    return Archive(bucket, key, size, str(head["ETag"]))


def copy(services: Services, archive: Archive, job: str) -> None:
    """Copy an object, as it was found, to where the first file of a job lies.

    The job is then like any other: it reads no foreign bucket, and its photos are forgotten
    with its uploads.
    """
    source = {"Bucket": archive.bucket, "Key": archive.key}
    target = {"Bucket": services.configuration.uploads, "Key": layout.upload(job, 0)}
    if archive.size <= _COPY_AT_ONCE:
        services.s3.copy_object(**target, CopySource=source, CopySourceIfMatch=archive.tag)
        return
    upload = services.s3.create_multipart_upload(**target)["UploadId"]
    try:
        made = uploads.side_by_side(
            lambda number: _copy_part(services, archive, source, target, upload, number),
            range(1, -(-archive.size // _COPY_PART) + 1),
        )
        services.s3.complete_multipart_upload(
            **target, UploadId=upload, MultipartUpload={"Parts": made}
        )
    except Exception:
        uploads.abort(services, target["Key"], upload)
        raise


def _copy_part(
    services: Services,
    archive: Archive,
    source: dict[str, str],
    target: dict[str, str],
    upload: str,
    number: int,
) -> dict[str, Any]:
    start = (number - 1) * _COPY_PART
    end = min(start + _COPY_PART, archive.size) - 1
    answer = services.s3.upload_part_copy(
        **target,
        UploadId=upload,
        PartNumber=number,
        CopySource=source,
        CopySourceIfMatch=archive.tag,
        CopySourceRange=f"bytes={start}-{end}",
    )
    return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}


def _is_listed_absent(services: Services, bucket: str, key: str) -> bool:
    """Whether a list shows that an object is not there.

    S3 answers 403 for an object that isn't there to those who may read but not list.
    """
    try:
        listed = services.s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    except ClientError as error:
        if is_forbidden(error):
            return False
        raise
    return all(entry["Key"] != key for entry in listed.get("Contents", []))


def _parted(path: str) -> tuple[str, str]:
    bucket, _, key = path.partition("/")
    return bucket, key


def _invalid() -> ApiError:
    return invalid("s3Url is neither s3://bucket/key nor an https address of S3.")
