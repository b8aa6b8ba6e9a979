"""The mail at the end of a job, and the link in it, followed over HTTP."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.mail import opening, sending

from ...emulators.stack import Stack

SENDER = "spaceport@example.org"
LINKS = "https://api.example.org/v1/links"


@pytest.fixture
def deployed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    kms = stack.client("kms")
    key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    stack.client("ses").verify_email_identity(EmailAddress=SENDER)
    for name, value in {
        **stack.environment(),
        "SPACEPORT_SEAL": key["KeyMetadata"]["Arn"],
        "SPACEPORT_SENDER": SENDER,
        "SPACEPORT_LINKS": LINKS,
        "SPACEPORT_LINK_SECONDS": str(7 * 86_400),
    }.items():
        monkeypatch.setenv(name, value)
    yield stack


def put(stack: Stack, key: str, body: bytes) -> None:
    stack.client("s3").put_object(Bucket=stack.artifacts, Key=key, Body=body)


def finished_job(stack: Stack, job: str, name: str = "Öland") -> None:
    put(stack, layout.record(job), json.dumps({"name": name}).encode())
    paths = ["bundle/meta.json", f"export/{name}.georeference.json", f"export/{name}.sog"]
    listed = {"files": [{"path": path, "bytes": 4, "sha256": "0" * 64} for path in paths]}
    put(stack, layout.manifest(job, "compression"), json.dumps(listed).encode())
    put(stack, layout.result(job, "compression", f"export/{name}.sog"), b"SOG!")


def send(job: str, **more: str) -> None:
    sending.handle({"jobId": job, "email": "pilot@example.org", **more}, None)


@pytest.fixture
def written(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what is handed to SES, which still takes it."""
    import botocore.client

    letters: list[dict[str, Any]] = []
    call = botocore.client.BaseClient._make_api_call

    def noted(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        answer = call(self, operation, parameters)
        if operation == "SendEmail":
            letters.append(parameters)
        return answer

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", noted)
    return letters


def text(letter: dict[str, Any]) -> str:
    return str(letter["Message"]["Body"]["Text"]["Data"])


def follow(letter: dict[str, Any]) -> dict[str, Any]:
    (token,) = re.findall(rf"^{re.escape(LINKS)}/(\S+)$", text(letter), re.MULTILINE)
    return opening.handle({"pathParameters": {"token": token}}, None)


def test_the_link_of_a_finished_job_leads_to_its_file(
    deployed: Stack, written: list[dict[str, Any]]
) -> None:
    job = "m1" + "0" * 24
    finished_job(deployed, job)
    send(job, state="finished", lastStep="compression")
    (letter,) = written
    assert letter["Source"] == SENDER
    assert letter["Destination"] == {"ToAddresses": ["pilot@example.org"]}
    assert "Öland is finished" in letter["Message"]["Subject"]["Data"]
    answer = follow(letter)
    assert answer["statusCode"] == 302
    assert answer["headers"]["Cache-Control"] == "no-store"
    with urllib.request.urlopen(answer["headers"]["Location"]) as file:
        assert file.read() == b"SOG!"
        assert file.headers["Content-Disposition"] == "attachment"
    assert "X-Amz-Expires=300" in answer["headers"]["Location"]


def test_the_link_expires(
    deployed: Stack, written: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = "m2" + "0" * 24
    finished_job(deployed, job)
    send(job, state="finished")
    later = time.time() + 7 * 86_400 + 1
    monkeypatch.setattr(time, "time", lambda: later)
    answer = follow(written[0])
    assert answer["statusCode"] == 410
    assert "expired" in answer["body"] and "Location" not in answer["headers"]


def test_a_link_that_nobody_sealed_opens_nothing(deployed: Stack) -> None:
    for event in ({}, {"pathParameters": None}, {"pathParameters": {"token": "abc.def"}}):
        assert opening.handle(event, None)["statusCode"] == 410


def test_a_job_without_an_export_is_told_of_without_a_link(
    deployed: Stack, written: list[dict[str, Any]]
) -> None:
    job = "m3" + "0" * 24
    put(deployed, layout.record(job), b'{"name": "Only SfM"}')
    send(job, state="finished", lastStep="sfm")
    assert "http" not in text(written[0]) and "Only SfM is finished" in text(written[0])


def test_a_failure_is_told_with_its_reason_and_what_to_do(
    deployed: Stack, written: list[dict[str, Any]]
) -> None:
    job = "m4" + "0" * 24
    put(deployed, layout.record(job), b'{"name": "a\\r\\nBcc: x@example.org"}')
    cause = {"code": "few", "message": "Too few photos match.", "remedy": "Fly with more overlap."}
    send(job, state="failed", error="Failed", cause=json.dumps(cause))
    send(job, state="failed", error="Failed", cause="CapacityError: no machine")
    assert "Too few photos match. Fly with more overlap." in text(written[0])
    assert "CapacityError: no machine" in text(written[1])
    assert "\n" not in written[0]["Message"]["Subject"]["Data"]


def test_a_stop_is_told(deployed: Stack, written: list[dict[str, Any]]) -> None:
    send("m5" + "0" * 24, state="stopped")
    assert "Your project was stopped" in text(written[0])


def test_nonsense_sends_nothing(deployed: Stack, written: list[dict[str, Any]]) -> None:
    for job, state in (("../x", "finished"), ("m6" + "0" * 24, "dancing")):
        with pytest.raises(ValueError):
            send(job, state=state)
    assert written == []
