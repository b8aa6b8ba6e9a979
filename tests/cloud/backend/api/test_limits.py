"""What one API key may have done: jobs a day, jobs at once, copies, mails."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import limits, mailing
from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.errors import ApiError
from spaceport_app.cloud.backend.api.handler import serve
from spaceport_app.cloud.job import CloudFile, CloudJob

from ...emulators.gateway import event_of, served
from .cloud import SEEDS, Cloud, asked

CONTENT = b"PK a zip of photos"


@pytest.fixture
def limited(cloud: Cloud) -> Iterator[Cloud]:
    """Return the API for a key that nobody has used, with two jobs at once and four a day."""
    made = replace(cloud)
    made.configure(running_jobs=2, jobs_a_day=4)
    fresh, key = secrets.token_hex(8), f"key{secrets.token_hex(6)}"
    with (
        served(lambda event: serve(event, lambda: made.services), {fresh: key}) as address,
        httpx.Client(base_url=address, headers={"x-api-key": fresh}, timeout=60) as http,
    ):
        made.http = http
        yield made


def later(cloud: Cloud, **span: float) -> None:
    """Let the clock of the API run ahead."""
    now = cloud.services.now
    cloud.services = replace(cloud.services, now=lambda: now() + timedelta(**span))


def refused(answer: httpx.Response, code: str) -> str:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (429, code), answer.text
    assert body["error"].endswith(".") and body["remedy"].endswith(".")
    return f"{body['error']} {body['remedy']}"


def uploaded(cloud: Cloud, content: bytes) -> str:
    job = cloud.make(content)
    cloud.upload(job, (0, 1, content))
    return job


def test_a_key_makes_so_many_jobs_a_day_and_no_more(limited: Cloud) -> None:
    made = [limited.make(b"one") for _ in range(4)]
    words = refused(limited.http.post("/jobs", json=asked(b"one")), "too_many_today")
    assert "4 jobs have been made with this API key today" in words and " min, or ask" in words
    # Deleting frees nothing: it would be a way to make any number.
    assert limited.http.delete(f"/jobs/{made[0]}").status_code == 200
    refused(limited.http.post("/jobs", json=asked(b"one")), "too_many_today")
    # What is there goes on, and another key has its own.
    assert limited.http.get(f"/jobs/{made[1]}").status_code == 200
    event = event_of("POST", "/jobs", {}, json.dumps(asked(b"one")).encode(), f"{made[0]}x")
    assert serve(event, lambda: limited.services)["statusCode"] == 201


def test_a_repeat_takes_no_second_place_of_the_day(limited: Cloud) -> None:
    wanted = {**asked(b"one"), "token": secrets.token_hex(16)}
    jobs = {limited.http.post("/jobs", json=wanted).json()["job"] for _ in range(6)}
    assert len(jobs) == 1
    assert [limited.http.post("/jobs", json=asked(b"x")).status_code for _ in range(4)] == [
        201,
        201,
        201,
        429,
    ]
    # The repeat of what was made is answered, though the day is full.
    assert limited.http.post("/jobs", json=wanted).json()["job"] in jobs


def test_the_next_day_has_places_again(limited: Cloud) -> None:
    for _ in range(4):
        limited.make(b"one")
    later(limited, days=1)
    limited.make(b"one")


def test_calls_at_the_same_time_slip_past_no_limit_of_the_day(limited: Cloud) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: limited.http.post("/jobs", json=asked(b"one")), range(12))
        )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] * 4 + [429] * 8


def test_so_many_jobs_run_at_once_and_no_more(limited: Cloud) -> None:
    first, second, third = (uploaded(limited, b"%d" % n) for n in range(3))
    for job in (first, second, first):
        assert limited.http.post(f"/jobs/{job}/start").status_code == 200
    words = refused(limited.http.post(f"/jobs/{third}/start"), "too_many_running")
    assert words.startswith("2 jobs of this API key run already")
    assert "what has arrived stays there" in words
    assert limited.status(third)["state"] == "uploading"
    # One that has ended makes room.
    assert limited.http.post(f"/jobs/{first}/stop").json()["state"] == "stopped"
    assert limited.http.post(f"/jobs/{third}/start").status_code == 200
    assert limited.status(third)["state"] == "running"
    fourth = uploaded(limited, b"4")
    refused(limited.http.post(f"/jobs/{fourth}/start"), "too_many_running")


def test_starts_at_the_same_time_slip_past_no_limit(limited: Cloud) -> None:
    limited.configure(jobs_a_day=20)
    jobs = [uploaded(limited, b"%d" % n) for n in range(6)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda job: limited.http.post(f"/jobs/{job}/start"), jobs * 2))
    assert {answer.status_code for answer in answers} <= {200, 429, 503}
    states = [limited.status(job)["state"] for job in jobs]
    assert states.count("running") == 2 and states.count("uploading") == 4


def test_a_place_whose_job_never_began_is_free_after_a_while(limited: Cloud) -> None:
    owner = "owner-that-crashed"
    limits.let_run(limited.services, owner, "1" * 26)
    limits.let_run(limited.services, owner, "2" * 26)
    with pytest.raises(ApiError) as full:
        limits.let_run(limited.services, owner, "3" * 26)
    assert full.value.code == "too_many_running"
    limits.let_run(limited.services, owner, "1" * 26)
    later(limited, minutes=3)
    limits.let_run(limited.services, owner, "3" * 26)


def test_start_job_counts_too_and_copies_nothing_that_is_refused(limited: Cloud) -> None:
    limited.stack.client("s3").put_object(Bucket=SEEDS, Key="f.zip", Body=CONTENT)
    body = {"s3Url": f"s3://{SEEDS}/f.zip"}
    for _ in range(2):
        assert limited.http.post("/start-job", json=body).status_code == 200
    before = limited.keys(limited.stack.uploads, "jobs/")
    answer = limited.http.post("/start-job", json=body)
    assert answer.status_code == 429 and answer.json().keys() == {"error"}
    assert "run already" in answer.json()["error"] and "or stop one" in answer.json()["error"]
    assert limited.keys(limited.stack.uploads, "jobs/") == before
    limited.configure(running_jobs=9)
    codes = [limited.http.post("/start-job", json=body).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_start_job_with_a_token_is_one_job_however_often_it_is_called(limited: Cloud) -> None:
    s3 = limited.stack.client("s3")
    s3.put_object(Bucket=SEEDS, Key="again.zip", Body=CONTENT)
    body: dict[str, Any] = {"s3Url": f"s3://{SEEDS}/again.zip", "token": secrets.token_hex(16)}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: limited.http.post("/start-job", json=body), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    # The archive may be gone by the time of the repeat, the job is there.
    s3.delete_object(Bucket=SEEDS, Key="again.zip")
    again = limited.http.post("/start-job", json=body)
    assert (again.status_code, again.text) == (200, answers[0].text)
    job = again.json()["jobId"]
    record = limited.keys(limited.stack.artifacts, f"jobs/{job}/job.json")
    assert len(record) == 1 and limited.status(job)["state"] == "running"
    s3.put_object(Bucket=SEEDS, Key="again.zip", Body=CONTENT)
    for change in ({"sogs_compression": False}, {"s3Url": f"s3://{SEEDS}/other.zip"}):
        other = limited.http.post("/start-job", json={**body, **change})
        assert other.status_code == 409 and other.json().keys() == {"error"}
    # A token of the one call is none of the other.
    both = limited.http.post("/jobs", json={**asked(b"x"), "token": body["token"]})
    assert (both.status_code, both.json()["code"]) == (409, "token_used")
    # Without one every call is a job of its own, as it was.
    plain = {"s3Url": f"s3://{SEEDS}/again.zip"}
    assert limited.http.post("/start-job", json=plain).json()["jobId"] != job


@pytest.mark.parametrize("token", ["short", 7, ["x" * 20], "../" * 8])
def test_start_job_refuses_a_token_that_is_none(limited: Cloud, token: object) -> None:
    body = {"s3Url": f"s3://{SEEDS}/again.zip", "token": token}
    assert limited.http.post("/start-job", json=body).status_code == 400


def test_a_job_copies_from_others_only_so_often(
    limited: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SPARE_COPIES", 3)
    source = uploaded(limited, b"one")
    target = limited.make(b"one")
    key = layout.upload(target, 0)
    codes = []
    for _ in range(5):
        codes.append(limited.http.post(f"/jobs/{target}/take", json={"job": source}).status_code)
        limited.stack.client("s3").delete_object(Bucket=limited.stack.uploads, Key=key)
    assert codes == [200] * 3 + [429] * 2
    answer = limited.http.post(f"/jobs/{target}/take", json={"job": source})
    refused(answer, "too_many_copies")
    # Calls that find nothing to copy are not counted.
    assert limited.http.post(f"/jobs/{source}/take", json={"job": target}).status_code == 200


def test_a_large_job_may_copy_as_often_as_it_takes(limited: Cloud) -> None:
    file = CloudFile("a.jpg", 1 << 30, "0" * 64)
    files = tuple(replace(file, name=f"{n}.jpg") for n in range(30))
    from spaceport_app.cloud.backend.api.records import Record

    now = limited.services.now()
    record = Record("9" * 26, "someone", now, now, CloudJob("Large", files))
    # A call copies at least one of these files.
    for _ in range(30):
        limits.count_copying(limited.services, record)


def test_mails_go_to_the_addresses_of_the_deployment_alone(limited: Cloud) -> None:
    allowed = mailing.listed("ops@example.org, @Flights.example.org, otherkey02:two@example.net")
    limited.configure(mail_to=allowed, jobs_a_day=None)

    def code(address: str, key: str = "somebody") -> tuple[int, str]:
        body = json.dumps({**asked(b"one"), "email": address}).encode()
        answer = serve(event_of("POST", "/jobs", {}, body, key), lambda: limited.services)
        return answer["statusCode"], json.loads(answer["body"]).get("code", "")

    for address in ("ops@example.org", "OPS@Example.org", "any.one@flights.example.org", ""):
        assert code(address) == (201, "")
    for address in (
        "victim@example.com",
        "ops@example.org.evil.net",
        "x@sub.flights.example.org",
        "x@evilflights.example.org",
        "two@example.net",
        "someone@example.org",
    ):
        assert code(address) == (400, "mail_not_allowed"), address
    assert code("two@example.net", "otherkey02") == (201, "")
    seed = {"s3Url": f"s3://{SEEDS}/f.zip", "email": "victim@example.com"}
    answer = limited.http.post("/start-job", json=seed)
    assert answer.status_code == 400 and "no mail to victim@example.com" in answer.json()["error"]


def test_a_deployment_limits_though_it_says_nothing() -> None:
    needed = {"SPACEPORT_UPLOADS": "u", "SPACEPORT_ARTIFACTS": "a", "SPACEPORT_STATE_MACHINE": "m"}
    usual = Configuration.of(needed)
    assert (usual.running_jobs, usual.jobs_a_day, usual.mail_to) == (2, 20, {})
    told = Configuration.of(
        {
            **needed,
            "SPACEPORT_RUNNING_JOBS": "5",
            "SPACEPORT_JOBS_A_DAY": "100",
            "SPACEPORT_MAIL_TO": "a@b.org,key1:@c.org",
        }
    )
    assert (told.running_jobs, told.jobs_a_day) == (5, 100)
    assert told.mail_to == {"": {"a@b.org"}, "key1": {"@c.org"}}
    for wrong in (
        {"SPACEPORT_RUNNING_JOBS": "0"},
        {"SPACEPORT_JOBS_A_DAY": "many"},
        {"SPACEPORT_MAIL_TO": "example.org"},
        {"SPACEPORT_MAIL_TO": ":a@b.org"},
        {"SPACEPORT_MAIL_TO": "@"},
    ):
        with pytest.raises(ValueError):
            Configuration.of({**needed, **wrong})


def test_what_stands_in_a_place_is_no_secret_and_no_job_of_the_list(limited: Cloud) -> None:
    job = uploaded(limited, b"one")
    limited.http.post(f"/jobs/{job}/start")
    kept = [k for k in limited.keys(limited.stack.artifacts, "owners/") if "/running/000/" in k]
    s3 = limited.stack.client("s3")
    bodies = [
        json.loads(s3.get_object(Bucket=limited.stack.artifacts, Key=key)["Body"].read())
        for key in kept
    ]
    assert job in {body["job"] for body in bodies}
    assert all(body.keys() == {"job", "at"} for body in bodies)
    listed = limited.http.get("/jobs").json()["jobs"]
    assert [one["job"] for one in listed] == [job]
