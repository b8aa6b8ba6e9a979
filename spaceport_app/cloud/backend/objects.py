"""The artifacts bucket as the worker uses it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import S3UploadFailedError, TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from spaceport_app.cloud import wire
from spaceport_app.errors import StageError

FAILURES = (BotoCoreError, ClientError, S3UploadFailedError)
_PART = 64 << 20
_PATIENT = Config(retries={"mode": "standard", "max_attempts": 10})


class Artifacts:
    """Objects by their keys; requests that fail are tried again for some minutes.

    Parameters
    ----------
    bucket : str
        Its name.
    """

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._s3 = boto3.client("s3", config=_PATIENT)

    def get_json(self, key: str) -> dict[str, Any] | None:
        """Return an object, or None where there is none or no readable one."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            found = wire.read(answer["Body"].read())
        except self._s3.exceptions.NoSuchKey:
            return None
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def put_json(self, key: str, value: Mapping[str, Any]) -> None:
        """Put an object in one step."""
        body = json.dumps(value, allow_nan=False).encode("ascii")
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def put_bytes(self, key: str, data: bytes) -> None:
        """Put an object in one step."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=data)

    def put_file(self, key: str, path: Path) -> None:
        """Put a file; S3 checks its SHA-256 part by part.

        Raises
        ------
        StageError
            ``not_stored``.
        """
        config = TransferConfig(multipart_threshold=_PART, multipart_chunksize=_PART)
        try:
            self._s3.upload_file(
                str(path),
                self._bucket,
                key,
                ExtraArgs={"ChecksumAlgorithm": "SHA256"},
                Config=config,
            )
        except FAILURES as error:
            raise StageError(
                "not_stored",
                f"The result {path.name} could not be stored in S3.",
                "Start the job again.",
            ) from error

    def remove(self, prefix: str) -> None:
        """Remove all objects below a prefix."""
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            found = [{"Key": item["Key"]} for item in page.get("Contents", ())]
            if found:
                self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": found})
