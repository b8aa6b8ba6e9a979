"""Addresses that let a client write or read one object for a while, and nothing else.

The length and the SHA-256 of what is written are part of the signature: S3 takes no other bytes.
"""

from __future__ import annotations

from datetime import timedelta

from spaceport_app.cloud.backend.api.records import iso
from spaceport_app.cloud.backend.api.services import Services

_ALGORITHM = "SHA256"


def expires(services: Services) -> str:
    """Return until when an address made now is valid."""
    return iso(services.now() + timedelta(seconds=services.configuration.link_s))


def headers(size: int, digest: str) -> dict[str, str]:
    """Return what is sent along with the bytes: it is signed, and so must be sent as it is."""
    return {
        "content-length": str(size),
        "x-amz-checksum-sha256": digest,
        "x-amz-sdk-checksum-algorithm": _ALGORITHM,
    }


def put(services: Services, key: str, size: int, digest: str) -> str:
    """Return the address for a whole object of the uploads bucket; `digest` in base64."""
    return _signed(
        services,
        "put_object",
        {
            "Bucket": services.configuration.uploads,
            "Key": key,
            "ContentLength": size,
            "ChecksumAlgorithm": _ALGORITHM,
            "ChecksumSHA256": digest,
        },
    )


def put_part(services: Services, key: str, upload: str, part: int, size: int, digest: str) -> str:
    """Return the address for a part of a multipart upload; `digest` in base64."""
    return _signed(
        services,
        "upload_part",
        {
            "Bucket": services.configuration.uploads,
            "Key": key,
            "UploadId": upload,
            "PartNumber": part,
            "ContentLength": size,
            "ChecksumAlgorithm": _ALGORITHM,
            "ChecksumSHA256": digest,
        },
    )


def get(services: Services, key: str) -> str:
    """Return the address for reading an object of the artifacts bucket, also in ranges."""
    return _signed(services, "get_object", {"Bucket": services.configuration.artifacts, "Key": key})


def _signed(services: Services, call: str, parameters: dict[str, object]) -> str:
    address: str = services.s3.generate_presigned_url(
        call, Params=parameters, ExpiresIn=services.configuration.link_s
    )
    return address
