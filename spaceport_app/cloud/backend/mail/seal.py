"""The token of a link: a job, one of its files and a day, sealed so that nobody can make another.

``payload.mac`` in base64 for addresses. The MAC is made and checked by KMS (HMAC-SHA-256), so
that no function holds the key.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from spaceport_app.cloud import layout, wire

_ALGORITHM = "HMAC_SHA_256"
_PURPOSE = b"spaceport link 1\n"
_MOST = 2048
_EXPORT = "export/"


class BadTokenError(Exception):
    """A token that we did not make, or whose day is past."""


@dataclass(frozen=True)
class Link:
    """What a link opens.

    Parameters
    ----------
    job : str
        Id of the job.
    path : str
        Of the file in the project folder; below ``export/``.
    until : int
        Seconds since 1970 from which on it opens nothing.
    """

    job: str
    path: str
    until: int


def seal(kms: Any, key: str, link: Link) -> str:
    """Return the token of a link.

    Parameters
    ----------
    kms : client
        Of boto3.
    key : str
        ARN of the key.
    link : Link
        What the token opens.
    """
    payload = json.dumps([link.job, link.path, link.until], separators=(",", ":")).encode()
    made = kms.generate_mac(KeyId=key, MacAlgorithm=_ALGORITHM, Message=_PURPOSE + payload)
    return f"{_encode(payload)}.{_encode(made['Mac'])}"


def open_sealed(kms: Any, key: str, token: str, now: float) -> Link:
    """Return the link of a token.

    Raises
    ------
    BadTokenError
        If it is not ours, or its day is past.
    """
    if len(token) > _MOST:
        raise BadTokenError
    try:
        payload, mac = (_decode(part) for part in token.split("."))
        job, path, until = wire.read(payload)
        link = Link(wire.text(job), wire.text(path), wire.whole(until))
    except (ValueError, TypeError) as error:
        raise BadTokenError from error
    plain = layout.is_job_id(link.job) and link.path.startswith(_EXPORT)
    if not plain or now >= link.until or not mac:
        raise BadTokenError
    try:
        kms.verify_mac(KeyId=key, MacAlgorithm=_ALGORITHM, Message=_PURPOSE + payload, Mac=mac)
    except kms.exceptions.KMSInvalidMacException as error:
        raise BadTokenError from error
    return link


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
