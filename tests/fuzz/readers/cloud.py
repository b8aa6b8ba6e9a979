"""What comes over the network: answers to the desktop, questions to the service, a job's files."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend import inputs, unpacking
from spaceport_app.cloud.backend.api import handler, status
from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.backend.mail import seal, sending
from spaceport_app.cloud.client import sights
from spaceport_app.cloud.client.answers import CloudEvent
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.backoff import Patience
from spaceport_app.cloud.client.connection import Connection
from spaceport_app.cloud.client.secrets import Secret
from spaceport_app.events import Snapshot

from ..reader import Reader

JOB = "0123456789abcdefghjkmnpqrs"
_SHA = hashlib.sha256(b"").hexdigest()
_EVENT = {
    "number": 1,
    "stage": "sfm",
    "at": "2026-01-01T00:00:00+00:00",
    "event": {"event": "progress", "step": "x", "done": 1, "total": 2, "fraction": 0.5},
}
_LOOK = {
    "job": JOB,
    "name": "x",
    "state": "running",
    "settings": {},
    "step": "sfm",
    "steps": {"sfm": {"state": "running", "instance": "ml.c6i.2xlarge"}},
    "events": [
        _EVENT,
        {
            **_EVENT,
            "event": {"event": "snapshot", "path": "cloud.zip", "done": 1, "total": 2},
            "url": "https://s3.example.com/x",
        },
    ],
    "reason": {"code": "x", "message": "y", "remedy": "z"},
    "costUsd": {"spent": 0.12, "by": "test"},
    "created": "2026-11-23T10:00:00+00:00",
    "expires": "2026-12-23T10:00:00+00:00",
}
_ARTIFACTS = {
    "files": [
        {
            "path": "sfm/cloud.ply",
            "bytes": 5,
            "sha256": _SHA,
            "step": "sfm",
            "url": "https://s3.example.com/x",
        }
    ],
    "stages": {"sfm": {"folder": "sfm", "published": None, "latest": None}},
    "expires": "2026-12-23T10:00:00+00:00",
    "next": None,
}
_PART = {
    "file": 0,
    "part": 1,
    "url": "https://s3.example.com/x",
    "headers": {"x": "y"},
    "expires": "2026-12-23T10:00:00+00:00",
    "bytes": 5,
    "sha256": "A" * 43 + "=",
}
_ANSWERS = {
    "health": {"service": "spaceport", "version": "1", "machines": {"sfm": "ml.c6i.2xlarge"}},
    "look": _LOOK,
    "artifacts": _ARTIFACTS,
    "jobs": {
        "jobs": [{"job": JOB, "name": "x", "state": "running", "created": ""}],
        "next": None,
    },
    "sign": {"parts": [_PART]},
    "arrived": {"parts": [_PART], "next": None},
    "take": {"taken": [0], "next": None},
    "refusal": {"error": "words", "code": "incomplete", "missing": [0]},
}


@functools.cache
def _api() -> Api:
    # Kept: to read the certificates of a computer takes a tenth of a second.
    connection = Connection("https://x.example.com/prod", Secret("k" * 30))
    return Api(connection, patience=Patience(tries=1, base_s=0.0, most_s=0.0))


def _answers(folder: Path) -> Sequence[bytes]:
    return [
        json.dumps({"asked": name, "answer": value}).encode() for name, value in _ANSWERS.items()
    ]


def _answer(data: bytes, folder: Path) -> object:
    """Give the client an answer to the question that the input names."""
    try:
        asked = str(json.loads(data)["asked"])
        body = data[data.index(b'"answer":') + 9 : data.rindex(b"}")].strip()
    except (ValueError, KeyError, TypeError, RecursionError):
        asked, body = "look", data
    code = 409 if asked == "refusal" else 200
    pages = iter((body, b'{"files": [], "jobs": [], "parts": [], "taken": [], "next": null}'))

    def answered(request: httpx.Request) -> httpx.Response:
        return httpx.Response(code, content=next(pages, b"{}"), request=request)

    api = _api()
    with httpx.Client(transport=httpx.MockTransport(answered)) as client:
        api._client = client
        questions = {
            "health": api.health,
            "artifacts": lambda: api.artifacts(JOB),
            "jobs": api.jobs,
            "sign": lambda: api.sign(JOB, [(0, 1, "x")]),
            "arrived": lambda: api.arrived(JOB),
            "take": lambda: api.take(JOB, JOB),
            "refusal": lambda: api.start(JOB),
        }
        return questions.get(asked, lambda: api.look(JOB))()


class _NoSuchKeyError(Exception):
    pass


class _Store:
    """As much of S3 as the API asks, in memory."""

    class exceptions:  # noqa: N801 - boto3 calls it so
        """Exceptions of a client."""

        NoSuchKey = _NoSuchKeyError

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: Any, **more: Any) -> dict[str, Any]:
        self.objects[Key] = Body if isinstance(Body, bytes) else str(Body).encode()
        return {"ETag": "x"}

    def get_object(self, *, Key: str, **more: Any) -> dict[str, Any]:
        if Key not in self.objects:
            raise _missing("NoSuchKey")
        return {"Body": io.BytesIO(self.objects[Key])}

    def head_object(self, *, Key: str, **more: Any) -> dict[str, Any]:
        if Key not in self.objects:
            raise _missing("404")
        return {"ContentLength": len(self.objects[Key]), "LastModified": datetime.now(UTC)}

    def list_objects_v2(self, *, Prefix: str = "", **more: Any) -> dict[str, Any]:
        found = [key for key in self.objects if key.startswith(Prefix)]
        contents = [{"Key": key, "Size": len(self.objects[key])} for key in found]
        return {"Contents": contents, "IsTruncated": False, "KeyCount": len(found)}

    def get_paginator(self, name: str) -> Any:
        store = self

        class Pages:
            def paginate(self, **asked: Any) -> list[dict[str, Any]]:
                return [store.list_objects_v2(**asked)]

        return Pages()

    def generate_presigned_url(self, *words: Any, **more: Any) -> str:
        return "https://s3.example.com/signed"

    def delete_objects(self, **more: Any) -> dict[str, Any]:
        return {}

    def copy_object(self, **more: Any) -> dict[str, Any]:
        return {}


def _missing(code: str) -> Exception:
    from botocore.exceptions import ClientError

    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 404}}, "x")


class _Machines:
    """Step Functions and SageMaker: nothing runs, everything starts."""

    def __getattr__(self, name: str) -> Any:
        if name == "describe_execution":
            return self._no_execution
        if name.startswith("describe"):
            return self._unknown
        return lambda **asked: {"executionArn": "arn:x", "executions": [], "startDate": "x"}

    def _no_execution(self, **asked: Any) -> Any:
        raise _missing("ExecutionDoesNotExist")

    def _unknown(self, **asked: Any) -> Any:
        raise _missing("ResourceNotFound")


_CREATE = {
    "name": "Meadow",
    "files": [{"name": "DCIM/a.jpg", "bytes": 10, "sha256": _SHA}],
    "settings": {"preset": "preview", "device": "cuda", "options": {}, "excluded": []},
    "first": "sfm",
    "last": "compression",
    "email": "a@example.com",
    "instances": {"3dgs": "ml.g4dn.xlarge"},
    "spot": False,
    "token": "abcdefgh12345678",
}
_BODIES = {
    "POST /jobs": _CREATE,
    f"POST /jobs/{JOB}/parts": {"parts": [{"file": 0, "part": 1, "sha256": "A" * 43 + "="}]},
    f"POST /jobs/{JOB}/take": {"job": JOB, "after": 0},
    f"POST /jobs/{JOB}/start": {},
    "POST /start-job": {
        "s3Url": "s3://allowed-seeds/a.zip",
        "email": "a@example.com",
        "jobName": "x",
        "step": "3dgs",
        "settings": {},
    },
    "POST /stop-job": {"jobId": JOB},
}


def _questions(folder: Path) -> Sequence[bytes]:
    found = []
    for asked, body in _BODIES.items():
        method, path = asked.split()
        event = {
            "httpMethod": method,
            "path": path,
            "queryStringParameters": {"after": "1"},
            "body": body,
            "isBase64Encoded": False,
            "requestContext": {"identity": {"apiKeyId": "ownerkey01"}, "requestId": "x"},
        }
        found.append(json.dumps(event).encode())
    return found


def _asked(data: bytes, folder: Path) -> object:
    """Send a question through the router; anything but an answer below 500 is a fault."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        event = {"httpMethod": "POST", "path": "/jobs", "body": data.decode("latin-1")}
        event["requestContext"] = {"identity": {"apiKeyId": "ownerkey01"}}
    if not isinstance(event, dict):
        return None
    # API Gateway hands over text, whatever the caller put into it.
    body = event.get("body")
    event["body"] = body if isinstance(body, str | None) else json.dumps(body)
    for name in ("httpMethod", "path"):
        event[name] = event.get(name) if isinstance(event.get(name), str) else "/jobs"
    query = event.get("queryStringParameters")
    query = query if isinstance(query, dict) else {}
    event["queryStringParameters"] = {k: v for k, v in query.items() if isinstance(v, str)}
    event["requestContext"] = {"identity": {"apiKeyId": "ownerkey01"}, "requestId": "x"}
    event["isBase64Encoded"] = event.get("isBase64Encoded") is True
    event.pop("pathParameters", None)
    answer = handler.serve(event, _services)
    if answer["statusCode"] >= 500 and answer["statusCode"] not in (501, 503):
        raise RuntimeError(f"{event['path'][:20]}: {answer['statusCode']} {answer['body'][:100]}")
    return answer


def _services() -> Services:
    configuration = Configuration.of(
        {
            "SPACEPORT_UPLOADS": "uploads",
            "SPACEPORT_ARTIFACTS": "artifacts",
            "SPACEPORT_STATE_MACHINE": "arn:aws:states:eu-central-1:1:stateMachine:x",
            "SPACEPORT_SEED_BUCKETS": "allowed-seeds",
        }
    )
    store = _Store()
    record = {**_RECORD, "owner": "ownerkey01"}
    store.objects[layout.record(JOB)] = json.dumps(record).encode()
    configuration = replace(configuration, stop_wait_s=0.0)
    return Services(configuration, store, _Machines(), _Machines())


_RECORD = {
    "schema": 1,
    "job": JOB,
    "owner": "ownerkey01",
    "name": "Meadow",
    "files": [{"name": "DCIM/a.jpg", "bytes": 10, "sha256": _SHA}],
    "settings": {"preset": "preview", "device": "cuda", "options": {}, "excluded": []},
    "first": "sfm",
    "last": "compression",
    "email": "",
    "created": "2026-11-23T10:00:00Z",
    "expires": "2036-11-23T10:00:00Z",
    "instances": {},
    "source": "",
    "token": "",
}


def _records(folder: Path) -> Sequence[bytes]:
    return [json.dumps(_RECORD).encode()]


def _record(data: bytes, folder: Path) -> object:
    (folder / inputs.RECORD).write_bytes(data)
    found = inputs.read_record(folder)
    return found, found.archive


_STAGE_RUN = {
    "fingerprint": "f.0",
    "state": "finished",
    "started": "2026-11-23T10:00:00+00:00",
    "output": "x",
    "report": {},
    "files": {"a.txt": 0},
}
_MANIFEST = {
    "schema": 1,
    "step": "sfm",
    "project": {"sfm": {"folder": "sfm", "published": _STAGE_RUN, "latest": None}},
    "files": [{"path": "sfm/a.txt", "bytes": 0, "sha256": _SHA}],
}


def _manifests(folder: Path) -> Sequence[bytes]:
    return [json.dumps(_MANIFEST).encode()]


def _manifest(data: bytes, folder: Path) -> object:
    """Lay the results of an earlier step as the worker does."""
    (folder / "given" / "sfm").mkdir(parents=True)
    (folder / "given" / "sfm" / "a.txt").touch()
    (folder / inputs.RECORD).write_text(json.dumps(_RECORD), encoding="utf-8")
    record = inputs.read_record(folder)
    project = folder / "x.spaceport"
    project.mkdir()

    def found(step: object) -> Any:
        # As `objects.get_json` gives it: what is no JSON at all counts as damaged there.
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None

    return inputs.results(record, {"sfm": folder / "given"}, found, project)


_PROGRESS = {
    "schema": 1,
    "step": "sfm",
    "state": "running",
    "events": [_EVENT],
    "failure": {"code": "x", "message": "y", "remedy": "z"},
}


def _written(folder: Path) -> Sequence[bytes]:
    return [json.dumps(one).encode() for one in (_PROGRESS, _MANIFEST)]


def _told(data: bytes, folder: Path) -> object:
    """Ask how a job stands and what it made, where its machine has written this."""
    services = _services()
    keys = (layout.progress(JOB, "sfm"), layout.manifest(JOB, "sfm"))
    for key in keys:
        services.s3.objects[key] = data
    told = []
    for path in (f"/jobs/{JOB}", f"/jobs/{JOB}/artifacts"):
        event = {"httpMethod": "GET", "path": path}
        event["requestContext"] = {"identity": {"apiKeyId": "ownerkey01"}}  # type: ignore[assignment]
        answer = handler.serve(event, lambda: services)
        if answer["statusCode"] >= 500:
            raise RuntimeError(f"{path[:6]}: {answer['statusCode']} {answer['body'][:100]}")
        told.append(answer)
    return told


def _seeds(folder: Path) -> Sequence[bytes]:
    found = []
    for name in ("", "x.spaceport/"):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}sfm/a.txt", b"")
            archive.writestr(f"{name}sfm/views/b.jpg", b"x" * 500)
            archive.writestr(f"{name}photos/photos.json", b"{}")
            archive.writestr(f"{name}{layout.MANIFEST}", json.dumps(_MANIFEST))
        found.append(data.getvalue())
    return found


def _seed(data: bytes, folder: Path) -> object:
    archive, project = folder / "a.zip", folder / "x.spaceport"
    archive.write_bytes(data)
    return unpacking.unpack(archive, "a.zip", ("photos", "sfm"), project)


def _sight_zips(folder: Path) -> Sequence[bytes]:
    from spaceport_app.sfm import store

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in store.FILES:
            archive.writestr(name, b"x" * 300)
    return [data.getvalue()]


def _sight(data: bytes, folder: Path) -> object:
    event = Snapshot(Path("cloud.zip"), 1.0, 2.0)
    item = CloudEvent(7, "sfm", event, "https://s3.example.com/x")
    seen = sights.Sights(folder / "seen", threading.Event())
    original = sights._get
    sights._get = lambda url: data
    try:
        return seen.fetch(item)
    finally:
        sights._get = original


class _Kms:
    class exceptions:  # noqa: N801 - boto3 calls it so
        """Exceptions of a client."""

        class KMSInvalidMacException(Exception):  # noqa: N818
            """The seal is another."""

    def verify_mac(self, **asked: Any) -> None:
        return None


def _tokens(folder: Path) -> Sequence[bytes]:
    return [json.dumps([JOB, "export/a.sog", 4_000_000_000]).encode()]


def _token(data: bytes, folder: Path) -> object:
    token = f"{seal._encode(data)}.{seal._encode(b'mac')}"
    return seal.open_sealed(_Kms(), "key", token, 1_000.0)


def _causes(folder: Path) -> Sequence[bytes]:
    return [json.dumps({"message": "x", "remedy": "y", "FailureReason": "z"}).encode()]


def _cause(data: bytes, folder: Path) -> object:
    text = data.decode("utf-8", "replace")
    return sending._reason(text), status._sentence(text)


READERS = (
    Reader(
        "answers of the service",
        _answers,
        _answer,
        "json",
        ("cloud/client/answers.py", "cloud/client/api.py"),
    ),
    Reader(
        "questions to the service",
        _questions,
        _asked,
        "json",
        (
            "cloud/backend/api/request.py",
            "cloud/backend/api/submission.py",
            "cloud/backend/api/records.py",
            "cloud/backend/api/parts.py",
            "cloud/backend/api/seed.py",
        ),
    ),
    Reader("job.json of a worker", _records, _record, "json", ("cloud/backend/inputs.py",)),
    Reader(
        "manifest",
        _manifests,
        _manifest,
        "json",
        ("cloud/backend/inputs.py", "cloud/backend/manifest.py", "cloud/backend/objects.py"),
    ),
    Reader(
        "words of a worker",
        _written,
        _told,
        "json",
        ("cloud/backend/api/told.py", "cloud/backend/api/status.py"),
    ),
    Reader("seed zip", _seeds, _seed, "zip", ("cloud/backend/unpacking.py",)),
    Reader("cloud of a job", _sight_zips, _sight, "zip", ("cloud/client/sights.py",)),
    Reader(
        "sealed link",
        _tokens,
        _token,
        "json",
        ("cloud/backend/mail/seal.py",),
        (seal.BadTokenError,),
    ),
    Reader(
        "cause of a failure",
        _causes,
        _cause,
        "json",
        ("cloud/backend/mail/sending.py", "cloud/backend/api/status.py"),
    ),
)
