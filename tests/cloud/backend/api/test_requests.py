"""Requests that are wrong get one sentence, a code and the right status; nothing is made."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from spaceport_app.cloud.job import MOST_PARTS_A_FILE, PART_BYTES
from spaceport_app.cloud.layout import STEPS

from ...emulators.gateway import event_of
from .cloud import OWNER, Cloud, asked, base64_sha

GIB = 1 << 30


def file(**changes: Any) -> dict[str, Any]:
    return {"name": "a.jpg", "bytes": 3, "sha256": "0" * 64} | changes


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": None}, 400, "invalid"),
        ({"name": "  "}, 400, "invalid"),
        ({"name": "x" * 201}, 400, "invalid"),
        ({"name": "a\nb"}, 400, "invalid"),
        ({"name": ["Meadow"]}, 400, "invalid"),
        ({"files": None}, 400, "invalid"),
        ({"files": []}, 400, "invalid"),
        ({"files": {"a.jpg": 3}}, 400, "invalid"),
        ({"files": ["a.jpg"]}, 400, "invalid"),
        ({"files": [file(bytes="3")]}, 400, "invalid"),
        ({"files": [file(bytes=3.0)]}, 400, "invalid"),
        ({"files": [file(bytes=True)]}, 400, "invalid"),
        ({"files": [file(bytes=-1)]}, 400, "invalid"),
        ({"files": [file(bytes=None)]}, 400, "invalid"),
        ({"files": [file(sha256="0" * 63)]}, 400, "invalid"),
        ({"files": [file(sha256="A" * 64)]}, 400, "invalid"),
        ({"files": [file(sha256="٠" * 64)]}, 400, "invalid"),
        ({"files": [file(sha256=None)]}, 400, "invalid"),
        ({"files": [file(key="jobs/other")]}, 400, "invalid"),
        ({"files": [file(name=7)]}, 400, "bad_name"),
        ({"files": [file(name="../a.jpg")]}, 400, "bad_name"),
        ({"files": [file(), file(name="A.JPG")]}, 400, "bad_name"),
        ({"files": [file(name="\ud800.jpg")]}, 400, "bad_name"),
        ({"files": [file(bytes=10**18)]}, 413, "too_large"),
        ({"files": [file(bytes=MOST_PARTS_A_FILE * PART_BYTES + 1)]}, 413, "too_large"),
        ({"files": [file(name=str(n), bytes=51 * GIB) for n in range(2)]}, 413, "too_large"),
        ({"files": [file(name=str(n)) for n in range(5_001)]}, 413, "too_large"),
        ({"settings": []}, 400, "invalid"),
        ({"settings": {"bucket": "x"}}, 400, "invalid"),
        ({"settings": {"preset": 1}}, 400, "invalid"),
        ({"settings": {"options": {"train": 3}}}, 400, "invalid"),
        ({"settings": {"excluded": [1]}}, 400, "invalid"),
        ({"settings": {"excluded": ["x" * 100] * 11_000}}, 413, "too_large"),
        ({"first": "zzz"}, 400, "unknown_step"),
        ({"first": 1}, 400, "unknown_step"),
        ({"last": None}, 400, "unknown_step"),
        ({"last": ["sfm"]}, 400, "unknown_step"),
        ({"first": "3dgs", "last": "sfm"}, 400, "invalid"),
        ({"first": "3dgs"}, 400, "bad_name"),
        ({"first": "3dgs", "files": [file(name="sfm")]}, 400, "bad_name"),
        ({"first": "compression", "files": [file(name="logs/a")]}, 400, "bad_name"),
        ({"email": "nobody"}, 400, "invalid"),
        ({"email": "a@b.c\r\nBcc: x@y.z"}, 400, "invalid"),
        ({"email": ["a@b.org"]}, 400, "invalid"),
        ({"email": "a" * 250 + "@b.org"}, 400, "invalid"),
        ({"bucket": "theirs"}, 400, "invalid"),
    ],
)
def test_wrong_jobs_are_refused(
    cloud: Cloud, changes: dict[str, Any], status: int, code: str
) -> None:
    body = json.dumps({**asked(b"one"), **changes})
    answer = cloud.http.post("/jobs", content=body)
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.json().keys() == {"error", "code"}
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"jobs"',
        b"null",
        b"{'name': 1}",
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"bytes": ' + b"9" * 5_000 + b"}",
    ],
)
@pytest.mark.parametrize("path", ["/jobs", "/start-job", "/stop-job"])
def test_bodies_that_are_no_json_object_are_refused(cloud: Cloud, path: str, body: bytes) -> None:
    answer = cloud.http.post(path, content=body)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


def test_body_over_the_limit_is_refused(cloud: Cloud) -> None:
    answer = cloud.http.post("/jobs", content=b" " * (5 << 20) + b"{}")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_largest_job_is_taken_and_shown(cloud: Cloud) -> None:
    folder = "Wiesen am Fluss im Mai/100MEDIA"
    files = [file(name=f"{folder}/DJI_{n:05d}.JPG", bytes=20 << 20) for n in range(5_000)]
    answer = cloud.http.post("/jobs", json={**asked(), "files": files})
    assert answer.status_code == 201, answer.text
    job = answer.json()["job"]
    assert cloud.status(job)["state"] == "uploading"
    missing = cloud.http.post(f"/jobs/{job}/start").json()["missing"]
    assert missing == list(range(5_000))


def wanted(**changes: Any) -> dict[str, Any]:
    return {"file": 0, "part": 1, "sha256": base64_sha(b"one")} | changes


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (None, "invalid"),
        ([], "invalid"),
        ("all", "invalid"),
        ([1], "invalid"),
        ([{"file": 0, "part": 1}], "invalid"),
        ([wanted(key="jobs/x")], "invalid"),
        ([wanted(file=1)], "unknown_part"),
        ([wanted(file=-1)], "unknown_part"),
        ([wanted(file="0")], "unknown_part"),
        ([wanted(file=True)], "unknown_part"),
        ([wanted(file=10**30)], "unknown_part"),
        ([wanted(part=0)], "unknown_part"),
        ([wanted(part=2)], "unknown_part"),
        ([wanted(part=1.0)], "unknown_part"),
        ([wanted(sha256="x")], "invalid"),
        ([wanted(sha256="é")], "invalid"),
        ([wanted(sha256=base64_sha(b"one")[:-1])], "invalid"),
        ([wanted(sha256=base64_sha(b"one") + "\n")], "invalid"),
        ([wanted(sha256=base64_sha(b"other"))], "wrong_checksum"),
        ([wanted(), wanted()], "invalid"),
        ([wanted()] * 101, "invalid"),
    ],
)
def test_wrong_parts_are_refused(cloud: Cloud, parts: Any, code: str) -> None:
    job = cloud.make(b"one")
    answer = cloud.http.post(f"/jobs/{job}/parts", json={"parts": parts})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("path", ["/jobs/{}", "/jobs/{}/parts", "/jobs/{}/artifacts", "/jobs"])
@pytest.mark.parametrize("token", ["zzz", "-1", "1e3", "٣", "9" * 40, "1.2.3", "../x"])
def test_tokens_that_were_not_given_are_refused(cloud: Cloud, path: str, token: str) -> None:
    job = cloud.make(b"one")
    answer = cloud.http.get(path.format(job), params={"after": token})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    "id", ["x", "0" * 25, "0" * 27, "Z" * 26, "%2e%2e", "..%2f..%2fowners", "0" * 25 + "%0a"]
)
@pytest.mark.parametrize("tail", ["", "/parts", "/artifacts"])
def test_ids_that_are_none_are_not_there(cloud: Cloud, id: str, tail: str) -> None:
    answer = cloud.http.get(f"/jobs/{id}{tail}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "unknown_route"),
        ("GET", "/nothing", 404, "unknown_route"),
        ("GET", "/jobs/a/b/c", 404, "unknown_route"),
        ("PUT", "/jobs", 405, "wrong_method"),
        ("DELETE", "/jobs", 405, "wrong_method"),
        ("GET", "/start-job", 405, "wrong_method"),
        ("POST", "/health", 405, "wrong_method"),
    ],
)
def test_addresses_without_anything(
    cloud: Cloud, method: str, path: str, status: int, code: str
) -> None:
    answer = cloud.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_body_in_base64_is_read_and_wrong_base64_refused(cloud: Cloud) -> None:
    import base64

    from spaceport_app.cloud.backend.api.handler import serve

    event = event_of("POST", "/jobs", {}, b"", OWNER)
    event["isBase64Encoded"] = True
    event["body"] = base64.b64encode(json.dumps(asked(b"one")).encode()).decode()
    assert serve(event, lambda: cloud.services)["statusCode"] == 201
    event["body"] = "***"
    assert serve(event, lambda: cloud.services)["statusCode"] == 400


@pytest.mark.parametrize("event", [{}, {"requestContext": None}, {"body": None, "path": None}])
def test_event_of_nobody_is_refused_without_a_failure(cloud: Cloud, event: Any) -> None:
    from spaceport_app.cloud.backend.api.handler import serve

    assert serve(event, lambda: cloud.services)["statusCode"] == 404
    health = {**event, "path": "/health", "httpMethod": "GET"}
    assert serve(health, lambda: cloud.services)["statusCode"] == 403


class Failing:
    """An AWS service that fails every call in the same way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise self._error

        return call


def client_error(code: str) -> ClientError:
    words = {"Code": code, "Message": "arn:aws:s3:::secret-bucket"}
    return ClientError({"Error": words}, "GetObject")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (client_error("SlowDown"), 503, "busy"),
        (client_error("ThrottlingException"), 503, "busy"),
        (ConnectTimeoutError(endpoint_url="http://secret-bucket"), 503, "busy"),
        (client_error("AccessDenied"), 500, "internal"),
        (ValueError("secret-bucket"), 500, "internal"),
    ],
)
def test_failures_of_aws_are_told_without_their_words(
    cloud: Cloud, error: Exception, status: int, code: str
) -> None:
    from dataclasses import replace

    cloud.services = replace(cloud.services, s3=Failing(error))
    answer = cloud.http.get("/jobs/" + "0" * 26)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "secret" not in answer.text
    assert (answer.headers.get("retry-after") is not None) == (status == 503)


def test_every_call_leaves_one_line_without_secrets(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    job = cloud.make(b"one", email="pilot@example.org")
    signed = cloud.sign(job, (0, 1, b"one"))[0]
    cloud.other.get(f"/jobs/{job}")
    lines = [r for r in caplog.records if r.name == "spaceport_app.cloud.backend.api.audit"]
    told = [json.loads(line.getMessage()) for line in lines]
    assert [(t["method"], t["route"], t["status"], t["code"]) for t in told] == [
        ("POST", "/jobs", 201, ""),
        ("POST", "/jobs/{id}/parts", 200, ""),
        ("GET", "/jobs/{id}", 404, "unknown_job"),
    ]
    assert all(t["job"] == job and t["address"] == "192.0.2.7" and t["request"] for t in told)
    assert told[0]["key"] == OWNER
    assert told[2]["key"] != OWNER
    assert all(line.levelno == logging.INFO for line in lines)
    for secret in ("pilot@", "DCIM", httpx.URL(signed["url"]).params["X-Amz-Signature"], "Meadow"):
        assert all(secret not in line.getMessage() for line in lines)


def test_steps_are_the_three_of_the_contract() -> None:
    assert STEPS == ("sfm", "3dgs", "compression")
