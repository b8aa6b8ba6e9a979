"""The two calls that callers of the original Spaceport know, and its faults."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import archive
from spaceport_app.cloud.backend.api.errors import ApiError

from .cloud import SEEDS, Cloud, is_alive

CONTENT = b"PK a zip of photos"


@pytest.fixture
def photos(cloud: Cloud) -> str:
    """Return the key of an archive in the allowed bucket; a neighbour's key starts like it."""
    s3 = cloud.stack.client("s3")
    s3.put_object(Bucket=SEEDS, Key="in/März flight+1.zip", Body=CONTENT)
    s3.put_object(Bucket=SEEDS, Key="in/März flight+1.zip.old", Body=b"older")
    s3.put_object(Bucket="foreign-bucket", Key="theirs.zip", Body=b"theirs")
    return "in/März flight+1.zip"


def start(cloud: Cloud, **body: Any) -> Any:
    return cloud.http.post("/start-job", json=body)


def test_start_job_answers_and_runs_as_the_original_promised(cloud: Cloud, photos: str) -> None:
    answer = start(cloud, s3Url=f"s3://{SEEDS}/{photos}", email="pilot@example.org")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.keys() == {"jobId", "executionArn", "message"}
    states, s3 = cloud.stack.client("stepfunctions"), cloud.stack.client("s3")
    told = states.describe_execution(executionArn=body["executionArn"])
    assert told["status"] == "RUNNING"
    given = json.loads(told["input"])
    assert (given["pipelineStep"], given["lastStep"]) == ("sfm", "compression")
    assert given["email"] == "pilot@example.org"
    copied = s3.get_object(Bucket=cloud.stack.uploads, Key=layout.upload(body["jobId"], 0))
    assert copied["Body"].read() == CONTENT
    key = layout.record(body["jobId"])
    record = json.loads(s3.get_object(Bucket=cloud.stack.artifacts, Key=key)["Body"].read())
    assert record["source"] == f"s3://{SEEDS}/{photos}"
    assert record["files"] == [{"name": "März flight+1.zip", "bytes": len(CONTENT), "sha256": ""}]
    assert cloud.status(body["jobId"])["state"] == "running"


@pytest.mark.parametrize(
    ("given", "first", "last", "settings"),
    [
        ({}, "sfm", "compression", ("standard", "cuda")),
        ({"pipelineStep": None, "email": None}, "sfm", "compression", ("standard", "cuda")),
        ({"pipelineStep": "3dgs"}, "3dgs", "compression", ("standard", "cuda")),
        ({"pipelineStep": "compression"}, "compression", "compression", ("standard", "cuda")),
        ({"sogs_compression": False}, "sfm", "3dgs", ("standard", "cuda")),
        ({"optimization_enabled": False}, "sfm", "compression", ("preview", "cuda")),
        ({"gpu_acceleration": False}, "sfm", "compression", ("standard", "cpu")),
    ],
)
def test_start_job_takes_the_options_of_the_original(
    cloud: Cloud, photos: str, given: dict[str, Any], first: str, last: str, settings: Any
) -> None:
    from spaceport_app.cloud.backend.api import records
    from spaceport_app.pipeline import presets

    from .cloud import OWNER

    body = start(cloud, s3Url=f"s3://{SEEDS}/{photos}", **given).json()
    job = records.load(cloud.services, body["jobId"], OWNER).job
    assert (job.first, job.last) == (first, last)
    assert (job.settings["preset"], job.settings["device"]) == settings
    presets.values(settings[0], settings[1], "train")


@pytest.mark.parametrize(
    "address",
    [
        f"s3://{SEEDS}/in/März flight+1.zip",
        f"https://{SEEDS}.s3.amazonaws.com/in/M%C3%A4rz%20flight+1.zip",
        f"https://{SEEDS}.s3.us-west-2.amazonaws.com/in/M%C3%A4rz%20flight%2B1.zip",
        f"https://{SEEDS}.s3-us-west-2.amazonaws.com/in/M%C3%A4rz%20flight+1.zip",
        f"https://{SEEDS}.s3.dualstack.us-west-2.amazonaws.com/in/M%C3%A4rz%20flight+1.zip",
        f"https://s3.us-west-2.amazonaws.com/{SEEDS}/in/M%C3%A4rz%20flight+1.zip",
        f"https://s3.amazonaws.com/{SEEDS}/in/M%C3%A4rz%20flight+1.zip",
        f"https://s3-us-gov-west-1.amazonaws.com/{SEEDS}/in/März flight+1.zip",
        f"https://{SEEDS}.s3.cn-north-1.amazonaws.com.cn/in/März%20flight+1.zip",
    ],
)
def test_every_form_of_address_names_the_same_object(address: str) -> None:
    assert archive.parse(address) == (SEEDS, "in/März flight+1.zip")


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        7,
        ["s3://a/b"],
        "photos.zip",
        f"s3://{SEEDS}",
        f"s3://{SEEDS}/",
        f"s3://{SEEDS}/folder/",
        "s3:///key.zip",
        "s3://UPPER/key.zip",
        "s3://a/key.zip",
        f"ftp://{SEEDS}.s3.amazonaws.com/a.zip",
        f"http://{SEEDS}.s3.amazonaws.com/a.zip",
        f"https://{SEEDS}.s3.amazonaws.com.evil.org/a.zip",
        f"https://evil.org/{SEEDS}.s3.amazonaws.com/a.zip",
        f"https://{SEEDS}.s3.amazonaws.com@evil.org/a.zip",
        f"https://user@{SEEDS}.s3.amazonaws.com/a.zip",
        f"https://{SEEDS}.s3.amazonaws.com:8443/a.zip",
        f"https://{SEEDS}.s3.amazonaws.com/a.zip?versionId=1",
        f"https://{SEEDS}.s3xamazonaws.com/a.zip",
        f"https://{SEEDS}.s3.us-west-2.amazonaws.com/",
        "https://s3.amazonaws.com/a.zip",
        "https://[::1/a.zip",
        f"s3://{SEEDS}/a\x00.zip",
        f"s3://{SEEDS}/" + "x" * 3000,
        f"s3://{SEEDS}/\ud800.zip",
    ],
)
def test_what_is_no_address_of_s3_is_refused(cloud: Cloud, address: Any) -> None:
    answer = cloud.http.post("/start-job", content=json.dumps({"s3Url": address}))
    assert answer.status_code == 400, answer.text
    assert answer.json().keys() == {"error"}


@pytest.mark.parametrize("step", ["zzz", "", 3, ["sfm"], "SFM"])
def test_unknown_step_is_refused(cloud: Cloud, photos: str, step: Any) -> None:
    answer = start(cloud, s3Url=f"s3://{SEEDS}/{photos}", pipelineStep=step)
    assert answer.status_code == 400
    assert answer.json() == {"error": "A step is one of sfm, 3dgs, compression."}


def test_options_of_the_wrong_kind_are_refused(cloud: Cloud, photos: str) -> None:
    url = f"s3://{SEEDS}/{photos}"
    assert start(cloud, s3Url=url, sogs_compression="no").status_code == 400
    assert start(cloud, s3Url=url, email="nobody").status_code == 400
    both = start(cloud, s3Url=url, pipelineStep="compression", sogs_compression=False)
    assert both.status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "s3://foreign-bucket/theirs.zip",
        "https://foreign-bucket.s3.us-west-2.amazonaws.com/theirs.zip",
        "https://s3.us-west-2.amazonaws.com/foreign-bucket/theirs.zip",
        "s3://spaceport-uploads/jobs/x/files/000000",
        "s3://spaceport-artifacts/owners/x",
        f"https://s3.amazonaws.com/foreign-bucket%2F../{SEEDS}/theirs.zip",
        f"https://{SEEDS}.s3.amazonaws.com.s3.amazonaws.com/theirs.zip",
    ],
)
def test_fault_7_no_bucket_but_those_allowed_is_read(
    cloud: Cloud, photos: str, address: str
) -> None:
    """Fault 7 of the original: any bucket and key that a caller names is signed."""
    answer = start(cloud, s3Url=address)
    assert answer.status_code == 403, answer.text
    assert answer.json().keys() == {"error"}
    there = start(cloud, s3Url=address.replace("theirs", "nothing"))
    assert there.text == answer.text, "nobody learns what lies in a foreign bucket"


def test_fault_7_the_only_keys_that_are_signed_are_the_jobs_own(cloud: Cloud) -> None:
    import httpx

    job = cloud.make(b"one")
    url = httpx.URL(cloud.sign(job, (0, 1, b"one"))[0]["url"])
    assert url.path == f"/{cloud.stack.uploads}/{layout.upload(job, 0)}"
    for field in ("key", "bucket", "name", "url"):
        wanted = {"file": 0, "part": 1, "sha256": "x", field: "../../other"}
        answer = cloud.http.post(f"/jobs/{job}/parts", json={"parts": [wanted]})
        assert answer.status_code == 400


def test_fault_4_a_missing_object_is_not_found(cloud: Cloud, photos: str) -> None:
    """Fault 4 of the original: a missing object gives 403."""
    for address in (f"s3://{SEEDS}/in/none.zip", f"s3://{SEEDS}/in/März flight+1.zi"):
        answer = start(cloud, s3Url=address)
        assert (answer.status_code, answer.json()) == (
            404,
            {"error": "There is no object at s3Url."},
        )


def test_fault_4_a_role_that_may_not_see_absence_asks_for_a_list(cloud: Cloud, photos: str) -> None:
    """S3 answers 403 for a missing object to a role that may not list; a list may be allowed."""
    real = cloud.services.s3

    class Strict:
        lists = True

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def head_object(self, **_: Any) -> Any:
            words = {"Code": "403", "Message": "Forbidden"}
            raise ClientError({"Error": words}, "HeadObject")  # type: ignore[typeddict-item]

        def list_objects_v2(self, **given: Any) -> Any:
            if self.lists:
                return real.list_objects_v2(**given)
            words = {"Code": "AccessDenied", "Message": "no"}
            raise ClientError({"Error": words}, "ListObjectsV2")  # type: ignore[typeddict-item]

    strict = Strict()
    cloud.services = replace(cloud.services, s3=strict)
    assert start(cloud, s3Url=f"s3://{SEEDS}/none.zip").status_code == 404
    assert start(cloud, s3Url=f"s3://{SEEDS}/{photos}").status_code == 403
    # Its key begins like that of an object, and that one is not it.
    assert start(cloud, s3Url=f"s3://{SEEDS}/in/März").status_code == 404
    strict.lists = False
    assert start(cloud, s3Url=f"s3://{SEEDS}/none.zip").status_code == 403


def test_large_archive_is_copied_in_parts(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 45_000
    cloud.stack.client("s3").put_object(Bucket=SEEDS, Key="large.zip", Body=content)
    monkeypatch.setattr(archive, "_COPY_AT_ONCE", 6 << 20)
    monkeypatch.setattr(archive, "_COPY_PART", 5 << 20)
    body = start(cloud, s3Url=f"s3://{SEEDS}/large.zip").json()
    key = layout.upload(body["jobId"], 0)
    copied = cloud.stack.client("s3").get_object(Bucket=cloud.stack.uploads, Key=key)
    assert copied["Body"].read() == content


def test_stop_job_stops_and_names_what_it_stopped(cloud: Cloud, photos: str) -> None:
    body = start(cloud, s3Url=f"s3://{SEEDS}/{photos}").json()
    job = body["jobId"]
    cloud.compute(job, "sfm", "import time; time.sleep(120)")
    pid = cloud.pid(job, "sfm")
    answer = cloud.http.post("/stop-job", json={"jobId": job, "executionArn": body["executionArn"]})
    assert answer.status_code == 200
    told = answer.json()
    assert told.keys() == {"success", "message", "jobId", "stoppedResources"}
    assert (told["success"], told["jobId"]) == (True, job)
    assert set(told["stoppedResources"]) == {body["executionArn"], f"sp-{job}-sfm"}
    assert not is_alive(pid)
    again = cloud.http.post("/stop-job", json={"jobId": job}).json()
    assert (again["success"], again["stoppedResources"]) == (True, [])


def test_stop_job_finds_the_job_by_its_execution(cloud: Cloud, photos: str) -> None:
    body = start(cloud, s3Url=f"s3://{SEEDS}/{photos}").json()
    told = cloud.http.post("/stop-job", json={"executionArn": body["executionArn"]}).json()
    assert (told["success"], told["jobId"]) == (True, body["jobId"])


def test_stop_job_of_wrong_names_stops_nothing(cloud: Cloud, photos: str) -> None:
    body = start(cloud, s3Url=f"s3://{SEEDS}/{photos}").json()
    other = start(cloud, s3Url=f"s3://{SEEDS}/{photos}").json()
    arn = body["executionArn"]
    for given, status in (
        ({}, 400),
        ({"jobId": 3}, 400),
        ({"jobId": other["jobId"], "executionArn": arn}, 400),
        ({"jobId": body["jobId"][:-1]}, 404),
        ({"jobId": ""}, 404),
        ({"executionArn": arn[:-1]}, 404),
        ({"executionArn": arn.replace(":execution:", ":express:")}, 404),
        ({"executionArn": body["jobId"]}, 404),
    ):
        answer = cloud.http.post("/stop-job", json=given)
        assert (answer.status_code, answer.json().keys()) == (status, {"error"}), given
    assert cloud.status(body["jobId"])["state"] == "running"
    assert cloud.status(other["jobId"])["state"] == "running"


def test_failure_of_the_service_is_500_in_the_words_of_the_original(
    cloud: Cloud, photos: str
) -> None:
    cloud.configure(state_machine="arn:aws:states:us-west-2:123456789012:stateMachine:none")
    answer = start(cloud, s3Url=f"s3://{SEEDS}/{photos}")
    assert (answer.status_code, answer.json().keys()) == (500, {"error"})


def test_parse_raises_the_error_of_the_api() -> None:
    with pytest.raises(ApiError) as caught:
        archive.parse("nothing")
    assert caught.value.status == 400
