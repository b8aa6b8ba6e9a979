"""A job that is asked for twice because an answer was lost is one job."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from .cloud import Cloud, asked


def jobs(cloud: Cloud) -> set[str]:
    """Return all jobs of the owner: of the objects, as the list may be long."""
    return {key for key in cloud.keys(cloud.stack.artifacts, "/job.json")}


def test_the_same_token_finds_the_job_that_is_there(cloud: Cloud) -> None:
    before = jobs(cloud)
    wanted = {**asked(b"one"), "token": secrets.token_hex(16)}
    first, again = (cloud.http.post("/jobs", json=wanted) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(jobs(cloud) - before) == 1
    # The token is that of its key: the other's makes a job of its own.
    assert cloud.other.post("/jobs", json=wanted).json()["job"] != first.json()["job"]


def test_calls_at_the_same_time_make_one_job(cloud: Cloud) -> None:
    before = jobs(cloud)
    wanted = {**asked(b"one"), "token": secrets.token_hex(16)}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: cloud.http.post("/jobs", json=wanted), range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(jobs(cloud) - before) == 1


def test_a_record_that_was_not_written_any_more_is_written_by_the_next_call(cloud: Cloud) -> None:
    wanted = {**asked(b"one"), "token": secrets.token_hex(16)}
    job = cloud.http.post("/jobs", json=wanted).json()["job"]
    cloud.stack.client("s3").delete_object(Bucket=cloud.stack.artifacts, Key=f"jobs/{job}/job.json")
    assert cloud.http.post("/jobs", json=wanted).json()["job"] == job
    assert cloud.status(job)["state"] == "uploading"


def test_a_token_is_not_for_two_jobs_until_the_first_is_deleted(cloud: Cloud) -> None:
    token = secrets.token_hex(16)
    job = cloud.make(b"one", token=token)
    answer = cloud.http.post("/jobs", json={**asked(b"two"), "token": token})
    assert (answer.status_code, answer.json()["code"]) == (409, "token_used")
    assert cloud.http.delete(f"/jobs/{job}").status_code == 200
    assert cloud.make(b"two", token=token) != job


@pytest.mark.parametrize("token", ["short", "x" * 65, "../" * 8, 7, None, "ü" * 20])
def test_a_token_that_is_none_is_refused(cloud: Cloud, token: object) -> None:
    answer = cloud.http.post("/jobs", json={**asked(b"one"), "token": token})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
