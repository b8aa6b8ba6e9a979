"""Make a job, upload to the addresses it gives, see what has arrived, start it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx
import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.job import PART_BYTES

from .cloud import OTHER, OWNER, Cloud, asked, base64_sha

BIG = bytes(range(256)) * (PART_BYTES // 256) + b"the rest"
FIRST, REST = BIG[:PART_BYTES], BIG[PART_BYTES:]


def arrived(cloud: Cloud, job: str) -> list[dict[str, Any]]:
    answer = cloud.http.get(f"/jobs/{job}/parts")
    assert answer.status_code == 200, answer.text
    assert answer.json()["next"] is None
    found: list[dict[str, Any]] = answer.json()["parts"]
    return found


def executions(cloud: Cloud, job: str) -> list[str]:
    states = cloud.stack.client("stepfunctions")
    arn = cloud.services.configuration.state_machine
    found = states.list_executions(stateMachineArn=arn)["executions"]
    return [entry["name"] for entry in found if entry["name"] == job]


def test_new_job_has_an_id_and_a_record_with_its_owner(cloud: Cloud) -> None:
    answer = cloud.http.post("/jobs", json={**asked(b"a"), "email": "pilot@example.org"})
    assert answer.status_code == 201
    body = answer.json()
    assert body.keys() == {"job", "partBytes"}
    assert body["partBytes"] == 8_388_608
    assert layout.is_job_id(body["job"])
    s3 = cloud.stack.client("s3")
    key = layout.record(body["job"])
    record = json.loads(s3.get_object(Bucket=cloud.stack.artifacts, Key=key)["Body"].read())
    assert record["owner"] == OWNER
    assert record["email"] == "pilot@example.org"
    assert record["files"] == asked(b"a")["files"]
    assert (record["first"], record["last"]) == ("sfm", "compression")


def test_ids_are_ordered_by_time_and_never_the_same(cloud: Cloud) -> None:
    from datetime import UTC, datetime, timedelta

    from spaceport_app.cloud.backend.api import identifiers

    now = datetime(2031, 5, 6, tzinfo=UTC)
    later = [identifiers.make(now + timedelta(milliseconds=n)) for n in range(500)]
    assert later == sorted(later)
    assert len({identifiers.make(now) for _ in range(1000)}) == 1000
    assert all(layout.is_job_id(id) for id in later)


def test_small_file_goes_up_in_one_put_and_is_seen(cloud: Cloud) -> None:
    job = cloud.make(b"one", b"two", b"")
    assert arrived(cloud, job) == []
    cloud.upload(job, (1, 1, b"two"), (2, 1, b""))
    assert arrived(cloud, job) == [
        {"file": 1, "part": 1, "bytes": 3, "sha256": base64_sha(b"two")},
        {"file": 2, "part": 1, "bytes": 0, "sha256": base64_sha(b"")},
    ]
    body = cloud.stack.client("s3").get_object(
        Bucket=cloud.stack.uploads, Key=layout.upload(job, 1)
    )["Body"]
    assert body.read() == b"two"


def test_headers_are_those_that_are_signed(cloud: Cloud) -> None:
    job = cloud.make(b"one", BIG)
    for signed in cloud.sign(job, (0, 1, b"one"), (1, 2, REST)):
        names = httpx.URL(signed["url"]).params["X-Amz-SignedHeaders"].split(";")
        assert set(names) == {"host", *signed["headers"]}
        assert signed["headers"]["content-length"] in {"3", str(len(REST))}


def test_large_file_goes_up_in_parts_of_one_upload(cloud: Cloud) -> None:
    job = cloud.make(BIG)
    cloud.upload(job, (0, 2, REST))
    assert [(p["part"], p["bytes"]) for p in arrived(cloud, job)] == [(2, len(REST))]
    assert cloud.http.post(f"/jobs/{job}/start").json()["missing"] == [0]
    cloud.upload(job, (0, 1, FIRST))
    open_uploads = cloud.stack.client("s3").list_multipart_uploads(
        Bucket=cloud.stack.uploads, Prefix=layout.uploads(job)
    )["Uploads"]
    assert len(open_uploads) == 1, "the second call must find the upload of the first"
    assert cloud.http.post(f"/jobs/{job}/start").status_code == 200
    body = cloud.stack.client("s3").get_object(
        Bucket=cloud.stack.uploads, Key=layout.upload(job, 0)
    )["Body"]
    assert hashlib.sha256(body.read()).digest() == hashlib.sha256(BIG).digest()
    assert [(p["part"], p["bytes"]) for p in arrived(cloud, job)] == [
        (1, PART_BYTES),
        (2, len(REST)),
    ]


def test_two_calls_that_each_open_an_upload_agree_on_one(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spaceport_app.cloud.backend.api import records, uploads

    job = cloud.make(BIG)
    record = records.load(cloud.services, job, OWNER)
    create = uploads._open

    def create_twice(services: Any, record: Any, number: int) -> str:
        create(services, record, number)
        return create(services, record, number)

    monkeypatch.setattr(uploads, "_open", create_twice)
    chosen = uploads.open_for(cloud.services, record, [0])
    left = uploads.open_uploads(cloud.services, layout.uploads(job))
    assert chosen[0] == left[0]["UploadId"]
    monkeypatch.undo()
    assert uploads.open_for(cloud.services, record, [0]) == chosen


def test_pages_of_parts_show_every_part_once(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from spaceport_app.cloud.backend.api import parts

    monkeypatch.setattr(parts, "_MOST_FILES_A_PAGE", 3)
    monkeypatch.setattr(parts, "_MOST_PARTS_A_PAGE", 2)
    contents = (b"a", b"b", BIG, b"d", b"e")
    job = cloud.make(*contents)
    cloud.upload(job, (0, 1, b"a"), (2, 1, FIRST), (2, 2, REST), (3, 1, b"d"), (4, 1, b"e"))
    seen, token = [], ""
    while token is not None:
        body = cloud.http.get(f"/jobs/{job}/parts", params={"after": token}).json()
        assert len(body["parts"]) <= 2
        seen += [(part["file"], part["part"]) for part in body["parts"]]
        token = body["next"]
    assert seen == [(0, 1), (2, 1), (2, 2), (3, 1), (4, 1)]


def test_start_names_the_missing_files_and_starts_nothing(cloud: Cloud) -> None:
    job = cloud.make(b"one", b"two", b"three")
    cloud.upload(job, (1, 1, b"two"))
    answer = cloud.http.post(f"/jobs/{job}/start", json={})
    assert answer.status_code == 409
    assert answer.json()["code"] == "incomplete"
    assert answer.json()["missing"] == [0, 2]
    assert executions(cloud, job) == []
    assert cloud.status(job)["state"] == "uploading"


@pytest.mark.parametrize("content", [b"twa", b"", b"two more"])
def test_start_does_not_take_other_bytes_than_the_job_says(cloud: Cloud, content: bytes) -> None:
    job = cloud.make(b"one", b"two")
    cloud.upload(job, (0, 1, b"one"))
    cloud.stack.client("s3").put_object(
        Bucket=cloud.stack.uploads,
        Key=layout.upload(job, 1),
        Body=content,
        ChecksumAlgorithm="SHA256",
    )
    answer = cloud.http.post(f"/jobs/{job}/start", json={})
    assert (answer.status_code, answer.json()["missing"]) == (409, [1])
    assert [part["file"] for part in arrived(cloud, job)] == [0]


def test_start_twice_starts_once(cloud: Cloud) -> None:
    job = cloud.running(b"one")
    again = cloud.http.post(f"/jobs/{job}/start", json={})
    assert again.status_code == 200
    assert again.json()["job"] == job
    assert again.json()["execution"].endswith(f":{job}")
    assert executions(cloud, job) == [job]
    assert cloud.status(job)["state"] == "running"


def test_two_starts_at_the_same_time_start_once(cloud: Cloud) -> None:
    from concurrent.futures import ThreadPoolExecutor

    job = cloud.make(b"one")
    cloud.upload(job, (0, 1, b"one"))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: cloud.http.post(f"/jobs/{job}/start"), range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert executions(cloud, job) == [job]


def test_started_job_takes_no_more_files(cloud: Cloud) -> None:
    job = cloud.running(b"one")
    wanted = {"parts": [{"file": 0, "part": 1, "sha256": base64_sha(b"one")}]}
    answer = cloud.http.post(f"/jobs/{job}/parts", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_uploading")


def test_input_of_the_state_machine_names_what_the_job_is(cloud: Cloud) -> None:
    job = cloud.running(b"one", email="pilot@example.org")
    states = cloud.stack.client("stepfunctions")
    arn = cloud.http.post(f"/jobs/{job}/start").json()["execution"]
    given = json.loads(states.describe_execution(executionArn=arn)["input"])
    uploads, artifacts = cloud.stack.uploads, cloud.stack.artifacts
    assert given == {
        "jobId": job,
        "pipelineStep": "sfm",
        "lastStep": "compression",
        "instances": {
            "sfm": "ml.c6i.2xlarge",
            "3dgs": "ml.g4dn.xlarge",
            "compression": "ml.c6i.4xlarge",
        },
        "volumes": {"sfm": 54, "3dgs": 54, "compression": 54},
        "limitsSeconds": {"sfm": 14400, "3dgs": 21600, "compression": 3600},
        "pollSeconds": {"sfm": 60, "3dgs": 120, "compression": 60},
        "spot": False,
        "keys": {
            "record": f"jobs/{job}/job.json",
            "files": f"jobs/{job}/files/",
            "sfm": f"colmap/{job}/files/",
            "3dgs": f"3dgs/{job}/files/",
        },
        "buckets": {"sfm": artifacts, "3dgs": artifacts},
        "email": "pilot@example.org",
    }
    assert uploads != artifacts


def test_a_job_runs_on_the_machines_that_it_chose(cloud: Cloud) -> None:
    cloud.configure(allowed={"3dgs": frozenset({"ml.g5.xlarge"})}, spot_choice=True)
    job = cloud.running(b"one", instances={"3dgs": "ml.g5.xlarge"}, spot=True)
    arn = cloud.http.post(f"/jobs/{job}/start").json()["execution"]
    states = cloud.stack.client("stepfunctions")
    given = json.loads(states.describe_execution(executionArn=arn)["input"])
    assert given["spot"] is True
    assert given["instances"] == {
        "sfm": "ml.c6i.2xlarge",
        "3dgs": "ml.g5.xlarge",
        "compression": "ml.c6i.4xlarge",
    }


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"instances": {"3dgs": "ml.p4d.24xlarge"}}, "instance_not_allowed", "ml.g4dn.xlarge"),
        ({"instances": {"sfm": "ml.g5.xlarge"}}, "instance_not_allowed", "ml.c6i.2xlarge"),
        ({"instances": {"sfm": ["ml.c6i.2xlarge"]}}, "instance_not_allowed", "ml.c6i.2xlarge"),
        ({"instances": {"training": "ml.g5.xlarge"}}, "unknown_step", "sfm, 3dgs"),
        ({"instances": "ml.g5.xlarge"}, "invalid", "an object"),
        ({"spot": True}, "spot_not_allowed", "never trains on spare capacity"),
        ({"spot": "yes"}, "invalid", "true or false"),
    ],
)
def test_only_machines_that_the_deployment_allows_can_be_chosen(
    cloud: Cloud, fields: dict[str, object], code: str, words: str
) -> None:
    cloud.configure(allowed={"3dgs": frozenset({"ml.g5.xlarge"})})
    answer = cloud.http.post("/jobs", json={**asked(b"one"), **fields})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("first", "own"), [("sfm", ["sfm", "3dgs"]), ("3dgs", ["3dgs"]), ("compression", [])]
)
def test_fault_5_a_later_step_reads_what_was_uploaded(
    cloud: Cloud, first: str, own: list[str]
) -> None:
    """Fault 5 of the original: starting at a later step reads an empty prefix."""
    from spaceport_app.cloud.backend.api import execution, records

    files = [{**file, "name": "sfm/" + file["name"]} for file in asked(b"one")["files"]]
    job = cloud.make(b"one", first=first, files=files)
    record = records.load(cloud.services, job, OWNER)
    given = execution.machine_input(cloud.services.configuration, record)
    for step in ("sfm", "3dgs"):
        theirs = (cloud.stack.artifacts, layout.result(job, step, ""))
        uploaded = (cloud.stack.uploads, layout.uploads(job))
        place = (given["buckets"][step], given["keys"][step])
        assert place == (theirs if step in own else uploaded)


def test_job_of_another_key_is_not_there_whatever_is_asked(cloud: Cloud) -> None:
    job = cloud.make(b"one")
    wanted = {"parts": [{"file": 0, "part": 1, "sha256": base64_sha(b"one")}]}
    theirs = [
        cloud.other.get(f"/jobs/{job}"),
        cloud.other.get(f"/jobs/{job}/parts"),
        cloud.other.post(f"/jobs/{job}/parts", json=wanted),
        cloud.other.post(f"/jobs/{job}/take", json={"job": job}),
        cloud.other.post(f"/jobs/{job}/start", json={}),
        cloud.other.post(f"/jobs/{job}/stop", json={}),
        cloud.other.get(f"/jobs/{job}/artifacts"),
        cloud.other.delete(f"/jobs/{job}"),
    ]
    missing = cloud.other.get("/jobs/" + "0" * 26)
    for answer in [*theirs, missing]:
        assert answer.status_code == 404
        assert answer.json() == missing.json()
    seed = cloud.other.post("/stop-job", json={"jobId": job})
    assert (seed.status_code, seed.json()) == (404, {"error": "There is no such job."})
    assert job not in {entry["job"] for entry in cloud.other.get("/jobs").json()["jobs"]}
    assert cloud.status(job)["state"] == "uploading"
    assert OTHER != OWNER


def test_without_a_key_nothing_is_answered(cloud: Cloud) -> None:
    for key in ({}, {"x-api-key": "wrong"}):
        answer = httpx.get(str(cloud.http.base_url.join("/health")), headers=key)
        assert answer.status_code == 403
