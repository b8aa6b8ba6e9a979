"""Whatever a caller sends, the service does not fail: it answers, or says what is wrong."""

from __future__ import annotations

import base64
import copy
import json
import random
import string
from collections.abc import Mapping
from typing import Any

import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import records
from spaceport_app.cloud.backend.api.handler import serve
from spaceport_app.cloud.backend.mail import opening, seal

from .cloud import OWNER, SEEDS, Cloud, asked, base64_sha

CASES = 400
RAW = [
    "1e999",
    "1" + "0" * 400,
    "-1" + "0" * 400,
    "1" * 5_000,
    "NaN",
    "-Infinity",
    "[" * 50_000,
    "[" * 900 + "]" * 900,
    '{"a":' * 900 + "1" + "}" * 900,
    '"\\ud800"',
    '"\\u0000"',
    '"' + "x" * 100_000 + '"',
    "",
    "null",
    "[]",
    '{"a": 1, "a": 2}',
    "\ufeff{}",
]
VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    2**53,
    2**63,
    10**300,
    1.5,
    1e300,
    "",
    "\x00",
    "\ud800",
    "x" * 10_000,
    "../../etc/passwd",
    "con.jpg",
    "a\r\nBcc: x@y.org",
    "<img src=x>",
    "%00",
    "s3://\ud800/a.zip",
    f"s3://{SEEDS}/\ud800/a.zip",
    f"s3://{SEEDS}/a\x00b/a.zip",
    [],
    {},
    [[[[]]]],
    {"a": {"b": {}}},
    ["\udfff"] * 3,
    {"\ud800": 1},
    {"$ref": "#"},
]


def call(cloud: Cloud, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    event = {
        "httpMethod": method,
        "path": path,
        "headers": {},
        "queryStringParameters": more.pop("query", None),
        "pathParameters": {"proxy": path.lstrip("/")},
        "requestContext": {"requestId": "r", "identity": {"apiKeyId": OWNER, "sourceIp": "::1"}},
        "body": body,
        "isBase64Encoded": False,
        **more,
    }
    return serve(event, lambda: cloud.services)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in a value with each of its keys."""
    found: list[tuple[Any, Any]] = []
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        found.append((value, key))
        if isinstance(value[key], dict | list):
            found += places(value[key])
    return found


def mutated(chance: random.Random, body: Mapping[str, Any]) -> str:
    """Return a body as a text with something wrong in it."""
    made = copy.deepcopy(dict(body))
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        known = places(made)
        if not known:
            break
        holder, key = chance.choice(known)
        if chance.random() < 0.15 and isinstance(holder, dict):
            del holder[key]
        elif chance.random() < 0.15 and isinstance(holder, dict):
            holder["".join(chance.choices(string.printable, k=8))] = chance.choice(VALUES)
        else:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
    text = json.dumps(made)
    if chance.random() < 0.35:
        # What no dump writes: numbers beyond any float, half a text, depth without end.
        at = chance.randrange(len(text))
        raw = chance.choice(RAW)
        numbers = [i for i, c in enumerate(text) if c in "0123456789"]
        if chance.random() < 0.6 and numbers:
            at = chance.choice(numbers)
            text = text[:at] + raw + text[at + 1 :]
        elif chance.random() < 0.5:
            text = text[:at]
        else:
            text = raw
    return text


@pytest.fixture
def job(cloud: Cloud) -> str:
    return cloud.make(b"one", b"two")


def test_anything_in_a_body_is_answered(cloud: Cloud, job: str) -> None:
    chance = random.Random(1305)
    cloud.configure(stop_wait_s=0.0)
    bodies: dict[str, dict[str, Any]] = {
        "/jobs": {
            **asked(b"one", b"two"),
            "settings": {"preset": "preview", "options": {"sfm": {"a": 1}}, "excluded": ["x"]},
            "instances": {"sfm": "ml.c6i.2xlarge"},
            "spot": False,
            "email": "a@example.org",
            "first": "sfm",
            "last": "compression",
            "token": "t" * 20,
        },
        f"/jobs/{job}/parts": {"parts": [{"file": 0, "part": 1, "sha256": base64_sha(b"one")}]},
        f"/jobs/{job}/take": {"job": "0" * 26, "after": 0},
        "/start-job": {
            "s3Url": f"s3://{SEEDS}/no-such.zip",
            "pipelineStep": "sfm",
            "email": "a@example.org",
            "sogs_compression": True,
            "token": "u" * 20,
        },
        "/stop-job": {"jobId": "0" * 26, "executionArn": "arn:aws:states:x"},
        f"/jobs/{job}/start": {},
        f"/jobs/{'0' * 26}/stop": {},
    }
    failed = []
    for number in range(CASES):
        path = chance.choice(list(bodies))
        text = mutated(chance, bodies[path])
        answer = call(cloud, "POST", path, text)
        json.loads(answer["body"])
        if not 200 <= answer["statusCode"] < 500:
            failed.append((number, path, text[:300], answer["body"]))
    assert failed == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/jobs", '{"settings": {"options": {"sfm": {"a": 1e999}}}}'),
        ("/jobs", f'{{"settings": {{"options": {{"sfm": {{"a": 1{"0" * 400}}}}}}}}}'),
        ("/jobs", f'{{"settings": {{"options": {{"sfm": {{"a": {"[" * 900}{"]" * 900}}}}}}}}}'),
        ("/jobs", '{"settings": {"options": {"sfm": {"a": "\\ud800"}}}}'),
        ("/start-job", f'{{"s3Url": "s3://{SEEDS}/\\ud800/a.zip"}}'),
        ("/start-job", f'{{"s3Url": "s3://{SEEDS}/a\\u0000b/a.zip"}}'),
    ],
)
def test_what_nobody_can_work_with_is_refused(cloud: Cloud, path: str, body: str) -> None:
    # The last of two fields of one name counts.
    whole = json.dumps(asked(b"one") if path == "/jobs" else {"email": None})
    answer = call(cloud, "POST", path, f"{whole[:-1]}, {body[1:]}")
    assert answer["statusCode"] == 400, answer


def test_anything_in_an_address_is_answered(cloud: Cloud, job: str) -> None:
    chance = random.Random(1306)
    texts = [v for v in VALUES if isinstance(v, str)] + [
        "9" * 400,
        "-1",
        "1e999",
        "1.2.3",
        "１２",
        "999999.999999",
        "0." + "9" * 5_000,
        "٣",
        "..",
        "\n",
    ]
    for path in ("/jobs", f"/jobs/{job}", f"/jobs/{job}/parts", f"/jobs/{job}/artifacts"):
        for text in texts:
            answer = call(cloud, "GET", path, query={"after": text, text: text})
            assert 200 <= answer["statusCode"] < 500, (path, text[:50])
    for text in texts:
        for path in (
            f"/jobs/{text}",
            f"/jobs/{text}/parts",
            f"/{text}",
            f"/jobs/{job}{text}",
            text,
        ):
            for method in ("GET", "POST", "PUT", "", chance.choice(["\x00", "TRACE", "X" * 500])):
                answer = call(cloud, method, path)
                assert 200 <= answer["statusCode"] < 500, (method, path[:50])
    for odd in ("é", "\ud800", "a", "====", "\x00"):
        answer = call(cloud, "POST", "/jobs", odd, isBase64Encoded=True)
        assert answer["statusCode"] == 400, odd
    whole = base64.b64encode(b"\xff\xfe{}").decode()
    assert call(cloud, "POST", "/jobs", whole, isBase64Encoded=True)["statusCode"] == 400


def test_what_a_taken_over_machine_writes_breaks_no_answer(cloud: Cloud, job: str) -> None:
    chance = random.Random(1307)
    good = {
        "schema": 1,
        "step": "sfm",
        "project": {"sfm": {"folder": "sfm", "published": {"files": {"a": 1}}}},
        "files": [{"path": "sfm/a.ply", "bytes": 4, "sha256": "0" * 64}],
    }
    event = {"number": 1, "stage": "sfm", "at": "", "event": {"event": "progress", "path": "x"}}
    told = {"events": [event], "failure": {"code": "a", "message": "b", "remedy": "c"}}
    record = records.load(cloud.services, job, OWNER)
    taker = cloud.make(b"one")
    for _ in range(15):
        cloud.put(layout.manifest(job, "sfm"), mutated(chance, good).encode(errors="replace"))
        cloud.put(layout.progress(job, "sfm"), mutated(chance, told).encode(errors="replace"))
        answer = call(cloud, "GET", f"/jobs/{job}/artifacts")
        assert answer["statusCode"] == 200, answer
        json.loads(answer["body"], parse_constant=pytest.fail)
        assert call(cloud, "POST", f"/jobs/{taker}/take", json.dumps({"job": job}))[
            "statusCode"
        ] in (200, 429)
        found = records.progress(cloud.services, record, "sfm")
        for one in (found or {}).get("events", ()):
            assert isinstance(one["event"], dict) and type(one["number"]) is int


class NoKms:
    """A key service that knows no seal."""

    class exceptions:  # noqa: N801 - as boto3 calls it
        KMSInvalidMacException = ZeroDivisionError

    def verify_mac(self, **_: object) -> None:
        raise ZeroDivisionError


def test_anything_in_the_token_of_a_link_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening.boto3, "client", lambda *_, **__: NoKms())
    monkeypatch.setenv("SPACEPORT_SEAL", "key")
    chance = random.Random(1308)

    def packed(text: str) -> str:
        raw = text.encode(errors="surrogatepass")
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    id = "0" * 26
    payloads = [f'["{id}", "export/a.sog", {number}]' for number in (*RAW[:6], "9e15", "true")]
    payloads += [json.dumps([id, "export/a", value]) for value in VALUES]
    payloads += [json.dumps([id, value, 9e9]) for value in VALUES] + RAW + ['"abc"', "{}", "[1,2]"]
    tokens = [f"{packed(payload)}.{packed('mac')}" for payload in payloads]
    tokens += ["", ".", "..", "a.b.c", "é.é", "\ud800.\ud800", "x" * 5_000, "\x00", "=.="]
    tokens += ["".join(chance.choices(string.printable, k=60)) for _ in range(100)]
    for token in tokens:
        answer = opening.handle({"pathParameters": {"token": token}}, None)
        assert answer["statusCode"] == 410, token[:80]
    with pytest.raises(seal.BadTokenError):
        seal.open_sealed(NoKms(), "key", tokens[0], 0.0)
