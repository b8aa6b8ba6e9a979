"""The token of a link."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from spaceport_app.cloud.backend.mail.seal import BadTokenError, Link, open_sealed, seal

JOB = "0123456789abcdefghjkmnpqrs"
LINK = Link(JOB, "export/Öland 1.sog", 2_000_000_000)
NOW = 1_999_999_999.0


@pytest.fixture(scope="module")
def kms() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "kms", "us-west-2", aws_access_key_id="test", aws_secret_access_key="test"
        )


@pytest.fixture(scope="module")
def key(kms: Any) -> str:
    made = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    return str(made["KeyMetadata"]["Arn"])


def test_a_token_opens_what_was_sealed_until_its_day(kms: Any, key: str) -> None:
    token = seal(kms, key, LINK)
    assert open_sealed(kms, key, token, NOW) == LINK
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    with pytest.raises(BadTokenError):
        open_sealed(kms, key, token, NOW + 1)


def forged(job: str, path: str, until: object, token: str) -> str:
    payload = json.dumps([job, path, until]).encode()
    text = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    return f"{text}.{token.split('.')[1]}"


def test_another_job_file_or_day_under_an_old_seal_opens_nothing(kms: Any, key: str) -> None:
    token = seal(kms, key, LINK)
    for fake in (
        forged("1" * 26, LINK.path, LINK.until, token),
        forged(JOB, "export/other.sog", LINK.until, token),
        forged(JOB, LINK.path, LINK.until + 9, token),
    ):
        with pytest.raises(BadTokenError):
            open_sealed(kms, key, fake, NOW)


def test_even_sealed_nothing_but_an_export_is_opened(kms: Any, key: str) -> None:
    for link in (Link(JOB, "sfm/cloud.ply", LINK.until), Link("../x", LINK.path, LINK.until)):
        with pytest.raises(BadTokenError):
            open_sealed(kms, key, seal(kms, key, link), NOW)


@pytest.mark.parametrize(
    "token",
    ["", ".", "a", "a.b.c", "W10.", "Ö.Ö", "x" * 5000, "bnVsbA.AAAA", "W1tdLFtdLFtdXQ.AAAA"],
)
def test_what_is_no_token_opens_nothing(kms: Any, key: str, token: str) -> None:
    with pytest.raises(BadTokenError):
        open_sealed(kms, key, token, NOW)
