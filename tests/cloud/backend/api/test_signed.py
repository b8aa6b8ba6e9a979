"""Where keys, signatures and policies count: the deployed function behind a real REST API."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import archive
from spaceport_app.cloud.backend.api.configuration import Configuration
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import PART_BYTES
from spaceport_app.cloud.layout import STEPS

from ...emulators.signed import Signed, signed
from ...emulators.stack import Stack
from ...jobs import machine as deployed_machine
from .cloud import KEYS, asked, await_true, base64_sha, machine
from .test_lambda import zipped

UPLOADS, ARTIFACTS, SEEDS, FOREIGN = "up-bucket", "art-bucket", "seed-bucket", "foreign-bucket"
BIG = b"0123456789abcdef" * (PART_BYTES // 16) + b"the rest"

# This emulator checks API keys, but doesn't tell the function which one it was, as AWS does.
_ENTRY = f"""
from spaceport_app.cloud.backend.api.handler import handle as answer

def handle(event, context):
    value = {{k.lower(): v for k, v in event["headers"].items()}}.get("x-api-key")
    event["requestContext"]["identity"]["apiKeyId"] = {KEYS!r}.get(value)
    return answer(event, context)
"""


def statements() -> list[dict[str, Any]]:
    """Return all that the function needs of S3: the least that lets every call work."""

    def allow(actions: list[str], *resources: str) -> dict[str, Any]:
        names = [f"s3:{action}" for action in actions]
        arns = [f"arn:aws:s3:::{resource}" for resource in resources]
        return {"Effect": "Allow", "Action": names, "Resource": arns}

    parts = ["AbortMultipartUpload", "ListMultipartUploadParts"]
    results = [f"{ARTIFACTS}/{folder}/*" for folder in ("colmap", "3dgs", "compressed")]
    return [
        allow(["ListBucket"], UPLOADS, ARTIFACTS, SEEDS),
        allow(["ListBucketMultipartUploads"], UPLOADS),
        allow(["GetObject", "PutObject", "DeleteObject", *parts], f"{UPLOADS}/jobs/*"),
        allow(
            ["GetObject", "PutObject", "DeleteObject"],
            f"{ARTIFACTS}/jobs/*",
            f"{ARTIFACTS}/owners/*",
        ),
        allow(["GetObject", "DeleteObject"], *results),
        allow(["GetObject"], f"{SEEDS}/*"),
    ]


@dataclass
class Deployed:
    aws: Signed
    http: httpx.Client
    address: str

    def configure(self, **environment: str) -> None:
        functions = self.aws.client("lambda")
        told = functions.get_function_configuration(FunctionName="api")["Environment"]
        variables = {**told["Variables"], **environment}
        functions.update_function_configuration(
            FunctionName="api", Environment={"Variables": variables}
        )

    def make(self, *contents: bytes) -> str:
        answer = self.http.post("/jobs", json=asked(*contents))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job"])

    def sign(self, job: str, *parts: tuple[int, int, bytes]) -> list[dict[str, Any]]:
        wanted = [{"file": f, "part": p, "sha256": base64_sha(c)} for f, p, c in parts]
        answer = self.http.post(f"/jobs/{job}/parts", json={"parts": wanted})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["parts"]
        return found


@pytest.fixture(scope="module")
def deployed(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder: Path = tmp_path_factory.mktemp("signed")
    with signed(folder) as aws:
        for bucket in (UPLOADS, ARTIFACTS, SEEDS, FOREIGN):
            aws.bucket(bucket)
        package = zipped(folder / "function.zip")
        with zipfile.ZipFile(package, "a") as files:
            files.writestr("entry.py", _ENTRY)
        role = aws.role("api-role", "lambda.amazonaws.com", statements())
        environment = {
            "SPACEPORT_UPLOADS": UPLOADS,
            "SPACEPORT_ARTIFACTS": ARTIFACTS,
            "SPACEPORT_STATE_MACHINE": machine(stack),
            "SPACEPORT_SEED_BUCKETS": SEEDS,
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ENDPOINT_URL_SFN": stack.endpoint,
            "AWS_ENDPOINT_URL_SAGEMAKER": stack.endpoint,
        }
        function = aws.function("api", package, "entry.handle", role, environment)
        address = aws.gateway(
            function, {value: name for value, name in KEYS.items()}, "secret-without-a-plan"
        )
        headers = {"x-api-key": "secret-of-the-owner-01"}
        with httpx.Client(base_url=address, headers=headers, timeout=60) as http:
            yield Deployed(aws, http, address)


@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "wrong"}, {"x-api-key": "secret-without-a-plan"}]
)
def test_without_a_key_of_the_plan_the_gateway_refuses(
    deployed: Deployed, headers: dict[str, str]
) -> None:
    for method, path in (("GET", "/health"), ("POST", "/jobs"), ("POST", "/start-job")):
        answer = httpx.request(method, deployed.address + path, headers=headers)
        assert answer.status_code == 403, answer.text


def test_every_call_works_with_the_least_of_rights(deployed: Deployed) -> None:
    http, s3 = deployed.http, deployed.aws.client("s3")
    assert http.get("/health").json()["service"] == "spaceport"
    job = deployed.make(b"one", BIG)
    parts = [(0, 1, b"one"), (1, 1, BIG[:PART_BYTES]), (1, 2, BIG[PART_BYTES:])]
    for given, (_, _, content) in zip(deployed.sign(job, *parts), parts, strict=True):
        sent = httpx.put(given["url"], content=content, headers=given["headers"], timeout=60)
        assert sent.status_code == 200, sent.text
    there = http.get(f"/jobs/{job}/parts").json()["parts"]
    assert [(p["file"], p["part"], p["sha256"]) for p in there] == [
        (file, part, base64_sha(content)) for file, part, content in parts
    ]
    started = http.post(f"/jobs/{job}/start")
    assert started.status_code == 200, started.text
    assert http.get(f"/jobs/{job}").json()["state"] == "running"
    body = s3.get_object(Bucket=UPLOADS, Key=layout.upload(job, 1))["Body"].read()
    assert body == BIG
    assert http.get("/jobs").json()["jobs"][0]["job"] == job
    assert http.post(f"/jobs/{job}/stop").json()["state"] == "stopped"
    s3.put_object(Bucket=ARTIFACTS, Key=layout.result(job, "sfm", "sfm/cloud.ply"), Body=b"ply")
    manifest = b'{"project": {}, "files": [{"path": "sfm/cloud.ply", "bytes": 3, "sha256": "x"}]}'
    s3.put_object(Bucket=ARTIFACTS, Key=layout.manifest(job, "sfm"), Body=manifest)
    file = http.get(f"/jobs/{job}/artifacts").json()["files"][0]
    assert httpx.get(file["url"]).content == b"ply"
    assert httpx.get(file["url"], headers={"Range": "bytes=1-"}).content == b"ly"
    assert httpx.put(file["url"], content=b"x").status_code == 403
    deleted = http.delete(f"/jobs/{job}")
    assert (deleted.status_code, deleted.json()["state"]) == (200, "deleted"), deleted.text
    for bucket in (UPLOADS, ARTIFACTS):
        keys = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        assert [entry["Key"] for entry in keys if job in entry["Key"]] == []


def test_a_repeated_call_and_a_takeover_need_no_further_rights(deployed: Deployed) -> None:
    wanted = {**asked(b"one"), "token": "0123456789abcdef"}
    old, again = (deployed.http.post("/jobs", json=wanted).json()["job"] for _ in range(2))
    assert old == again
    given = deployed.sign(old, (0, 1, b"one"))[0]
    assert httpx.put(given["url"], content=b"one", headers=given["headers"]).status_code == 200
    digest = hashlib.sha256(b"ply").hexdigest()
    listed = {"path": "sfm/cloud.ply", "bytes": 3, "sha256": digest}
    s3 = deployed.aws.client("s3")
    s3.put_object(Bucket=ARTIFACTS, Key=layout.result(old, "sfm", "sfm/cloud.ply"), Body=b"ply")
    manifest = json.dumps({"project": {}, "files": [listed]}).encode()
    s3.put_object(Bucket=ARTIFACTS, Key=layout.manifest(old, "sfm"), Body=manifest)
    new = deployed.make(b"two", b"one", b"ply")
    taken = deployed.http.post(f"/jobs/{new}/take", json={"job": old})
    assert (taken.status_code, taken.json()) == (200, {"taken": [1, 2], "next": None}), taken.text
    assert deployed.http.delete(f"/jobs/{old}").json()["state"] == "deleted"


def test_address_is_good_for_these_bytes_at_this_place_only(deployed: Deployed) -> None:
    job, other = deployed.make(b"one", b"two"), deployed.make(b"one")
    given = deployed.sign(job, (0, 1, b"one"))[0]
    url, headers = given["url"], given["headers"]

    def put(url: str, headers: dict[str, str], content: bytes = b"one") -> int:
        return httpx.put(url, content=content, headers=headers).status_code

    unsigned = {k: v for k, v in headers.items() if k != "x-amz-checksum-sha256"}
    elsewhere = url.replace(layout.upload(job, 0), layout.upload(job, 1))
    signature = httpx.URL(url).params["X-Amz-Signature"]
    refused = {
        "another file": put(elsewhere, headers),
        "another job": put(url.replace(job, other), headers),
        "another bucket": put(url.replace(UPLOADS, ARTIFACTS), headers),
        "another signature": put(url.replace(signature, signature[::-1]), headers),
        "a longer life": put(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=9999"), headers),
        "without its digest": put(url, unsigned),
        "another digest": put(
            url, {**headers, "x-amz-checksum-sha256": base64_sha(b"two")}, b"two"
        ),
        "another length": put(url, {**headers, "content-length": "4"}, b"ones"),
        "without a signature": put(url.partition("?")[0], headers),
        "for reading": httpx.get(url).status_code,
        "for deleting": httpx.delete(url).status_code,
    }
    assert set(refused.values()) == {403}, refused
    assert put(url, headers, b"two") == 400, "other bytes than those of the digest"
    assert deployed.http.get(f"/jobs/{job}/parts").json()["parts"] == []
    assert deployed.http.get(f"/jobs/{other}/parts").json()["parts"] == []
    assert put(url, headers) == 200


def test_expired_address_is_refused_and_a_new_one_works(deployed: Deployed) -> None:
    job = deployed.make(b"one")
    deployed.configure(SPACEPORT_LINK_SECONDS="1")
    try:
        given = deployed.sign(job, (0, 1, b"one"))[0]
    finally:
        deployed.configure(SPACEPORT_LINK_SECONDS="3600")
    time.sleep(2.5)
    old = httpx.put(given["url"], content=b"one", headers=given["headers"])
    assert old.status_code == 403, old.text
    fresh = deployed.sign(job, (0, 1, b"one"))[0]
    assert httpx.put(fresh["url"], content=b"one", headers=fresh["headers"]).status_code == 200


def test_job_of_another_key_is_not_there(deployed: Deployed) -> None:
    job = deployed.make(b"one")
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/start"), ("GET", "/artifacts")):
        answer = httpx.request(
            method,
            f"{deployed.address}/jobs/{job}{tail}",
            headers={"x-api-key": "secret-of-the-other-02"},
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")


def test_fault_4_and_7_of_the_seed_hold_with_real_policies(deployed: Deployed) -> None:
    s3 = deployed.aws.client("s3")
    s3.put_object(Bucket=SEEDS, Key="flight.zip", Body=b"PK")
    s3.put_object(Bucket=FOREIGN, Key="flight.zip", Body=b"PK")

    def start(address: str) -> httpx.Response:
        return deployed.http.post("/start-job", json={"s3Url": address})

    assert start(f"s3://{SEEDS}/none.zip").status_code == 404
    assert start(f"s3://{FOREIGN}/flight.zip").status_code == 403
    good = start(f"https://{SEEDS}.s3.us-west-2.amazonaws.com/flight.zip")
    assert good.status_code == 200, good.text
    told = deployed.http.post("/stop-job", json={"jobId": good.json()["jobId"]}).json()
    assert told["success"] is True


def test_archive_that_changes_while_it_is_copied_is_not_taken(
    deployed: Deployed, stack: Stack
) -> None:
    s3 = deployed.aws.client("s3")
    s3.put_object(Bucket=SEEDS, Key="changing.zip", Body=b"PK")
    configuration = Configuration(UPLOADS, ARTIFACTS, "arn", seed_buckets=frozenset({SEEDS}))
    services = Services(configuration, s3, stack.client("stepfunctions"), stack.client("sagemaker"))
    found = archive.find(services, f"s3://{SEEDS}/changing.zip")
    s3.put_object(Bucket=SEEDS, Key="changing.zip", Body=b"PK changed")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        archive.copy(services, found, "0" * 26)
    assert "Contents" not in s3.list_objects_v2(Bucket=UPLOADS, Prefix=layout.uploads("0" * 26))
    assert replace(found, tag="") != found


def test_the_machines_of_a_job_read_and_write_its_objects_alone(
    deployed: Deployed, stack: Stack
) -> None:
    """The very policy that the state machine writes, where an emulator decides by policies."""
    mine, theirs = "1" * 26, "2" * 26
    states, iam = stack.client("stepfunctions"), deployed.aws.client("iam")
    arn = deployed_machine(stack, "narrow", Uploads=UPLOADS, Artifacts=ARTIFACTS)
    states.start_execution(
        stateMachineArn=arn,
        name=mine,
        input=json.dumps({"jobId": mine, "pipelineStep": "sfm", "lastStep": "sfm"}),
    )
    of_job: dict[str, Any] = {}

    def written() -> bool:
        try:
            told = stack.client("iam").get_role_policy(RoleName=f"sp-{mine}", PolicyName="job")
        except ClientError:
            return False
        of_job.update(told["PolicyDocument"])
        return True

    await_true(written)
    states.stop_execution(executionArn=f"{arn.replace('stateMachine', 'execution')}:{mine}")
    iam.create_user(UserName="machine")
    iam.put_user_policy(UserName="machine", PolicyName="job", PolicyDocument=json.dumps(of_job))
    key = iam.create_access_key(UserName="machine")["AccessKey"]
    machine_s3 = deployed.aws.client("s3", key["AccessKeyId"], key["SecretAccessKey"])
    owner = deployed.aws.client("s3")
    for job in (mine, theirs):
        keys = [(UPLOADS, layout.upload(job, 0)), (ARTIFACTS, layout.record(job))]
        keys += [(ARTIFACTS, layout.manifest(job, step)) for step in STEPS]
        for bucket, name in keys:
            owner.put_object(Bucket=bucket, Key=name, Body=b"kept")
            allowed = job == mine
            assert permitted(machine_s3.get_object, Bucket=bucket, Key=name) is allowed, name
            writes = allowed and bucket == ARTIFACTS and name != layout.record(job)
            put = permitted(machine_s3.put_object, Bucket=bucket, Key=name, Body=b"new")
            assert put is writes, name
            assert not permitted(machine_s3.delete_object, Bucket=bucket, Key=name)
        prefix = layout.results(job, "sfm")
        listed = permitted(machine_s3.list_objects_v2, Bucket=ARTIFACTS, Prefix=prefix)
        assert listed is (job == mine)
    for prefix in ("", "jobs/", "owners/", "colmap/"):
        assert not permitted(machine_s3.list_objects_v2, Bucket=ARTIFACTS, Prefix=prefix)
    assert not permitted(machine_s3.get_object, Bucket=ARTIFACTS, Key="owners/x/y")


def permitted(call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
        return False
    return True
