"""Stopping is seen, not hoped for; deleting leaves nothing."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from spaceport_app.cloud import layout
from spaceport_app.cloud.job import PART_BYTES
from spaceport_app.cloud.layout import Step

from .cloud import OWNER, Cloud, await_true, base64_sha, is_alive

SLEEP = "import time; time.sleep(120)"
SLOW_TO_END = """
    import signal, time
    def end(*_):
        time.sleep(0.8)
        raise SystemExit(143)
    signal.signal(signal.SIGTERM, end)
    open("ready", "w").close()
    time.sleep(120)
"""
DEAF = """
    import signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open("ready", "w").close()
    time.sleep(120)
"""


def await_ready(cloud: Cloud, job: str, step: Step) -> int:
    pid = cloud.pid(job, step)
    ready = cloud.stack.folder / layout.compute_name(job, step) / "1" / "ready"
    await_true(ready.exists)
    return pid


@pytest.mark.parametrize("step", ["sfm", "3dgs"])
def test_fault_3_stopped_is_said_only_when_the_machine_is_dead(cloud: Cloud, step: Step) -> None:
    """Fault 3 of the original: stop matches wrong names, reports success, the job runs on."""
    job, neighbour = cloud.running(b"one"), cloud.running(b"two")
    cloud.compute(job, step, SLOW_TO_END)
    cloud.compute(neighbour, step, SLEEP)
    pid, other = await_ready(cloud, job, step), cloud.pid(neighbour, step)
    began = time.monotonic()
    answer = cloud.http.post(f"/jobs/{job}/stop", json={})
    assert (answer.status_code, answer.json()) == (200, {"job": job, "state": "stopped"})
    assert time.monotonic() - began > 0.7, "the worker took its time to end"
    assert not is_alive(pid)
    assert cloud.compute_status(job, step) == "Stopped"
    assert cloud.status(job)["state"] == "stopped"
    assert cloud.status(job)["steps"][step]["state"] == "stopped"
    assert is_alive(other)
    assert cloud.status(neighbour)["state"] == "running"


def test_fault_3_a_machine_that_lives_on_is_called_stopping(cloud: Cloud) -> None:
    cloud.configure(stop_wait_s=0.5)
    job = cloud.running(b"one")
    cloud.compute(job, "sfm", DEAF)
    pid = await_ready(cloud, job, "sfm")
    answer = cloud.http.post(f"/jobs/{job}/stop", json={})
    assert (answer.status_code, answer.json()) == (202, {"job": job, "state": "stopping"})
    assert is_alive(pid)
    assert cloud.status(job)["state"] == "stopping"
    seed = cloud.http.post("/stop-job", json={"jobId": job}).json()
    assert seed["success"] is False
    assert [name for name in seed["stoppedResources"] if name.startswith("sp-")] == []
    assert cloud.http.delete(f"/jobs/{job}").status_code == 202
    assert cloud.keys(cloud.stack.uploads, job) != []


def test_fault_2_a_stopped_job_starts_no_further_step(cloud: Cloud) -> None:
    """Fault 2 of the original: a stopped job is polled for hours."""
    job = cloud.running(b"one")
    cloud.http.post(f"/jobs/{job}/stop", json={})
    states = cloud.stack.client("stepfunctions")
    arn = f"{cloud.services.configuration.state_machine}:{job}".replace(
        ":stateMachine:", ":execution:"
    )
    assert states.describe_execution(executionArn=arn)["status"] == "ABORTED"
    assert cloud.status(job)["state"] == "stopped"
    assert cloud.http.post(f"/jobs/{job}/stop", json={}).json()["state"] == "stopped"


def test_machine_that_appears_while_stopping_is_stopped_too(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step Functions may have been about to create the next SageMaker job."""
    from spaceport_app.cloud.backend.api import compute

    job = cloud.running(b"one")
    look = compute.describe_all
    looks: list[int] = []

    def look_then_create(*given: Any) -> Any:
        found = look(*given)
        looks.append(len(found))
        if len(looks) == 2:
            cloud.compute(job, "3dgs", SLEEP)
        return found

    monkeypatch.setattr(compute, "describe_all", look_then_create)
    answer = cloud.http.post(f"/jobs/{job}/stop", json={})
    assert answer.json()["state"] == "stopped"
    assert looks[1] == 0
    assert cloud.compute_status(job, "3dgs") == "Stopped"


def test_unclear_answer_of_sagemaker_does_not_count_as_dead(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spaceport_app.cloud.backend.api import compute, records

    job = cloud.make(b"one")
    record = records.load(cloud.services, job, OWNER)

    class Refusing:
        def describe_training_job(self, **_: str) -> dict[str, Any]:
            error = {"Code": "ValidationException", "Message": "Name must be shorter."}
            raise ClientError({"Error": error}, "DescribeTrainingJob")  # type: ignore[typeddict-item]

    from dataclasses import replace

    with pytest.raises(ClientError):
        compute.describe(replace(cloud.services, sagemaker=Refusing()), record, "3dgs")


def test_job_stopped_before_its_start_can_not_be_started(cloud: Cloud) -> None:
    job = cloud.make(b"one")
    cloud.upload(job, (0, 1, b"one"))
    assert cloud.http.post(f"/jobs/{job}/stop").json() == {"job": job, "state": "stopped"}
    answer = cloud.http.post(f"/jobs/{job}/start", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "stopped")
    assert cloud.status(job)["state"] == "stopped"


@pytest.mark.parametrize("call", ["stop", "delete"])
def test_stop_in_the_middle_of_a_start_wins(
    cloud: Cloud, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spaceport_app.cloud.backend.api import start

    job = cloud.make(b"one")
    cloud.upload(job, (0, 1, b"one"))
    check = start.incomplete

    def check_then_stop(*given: Any) -> list[int]:
        missing = check(*given)
        address = f"/jobs/{job}/stop" if call == "stop" else f"/jobs/{job}"
        method = "POST" if call == "stop" else "DELETE"
        assert cloud.http.request(method, address).status_code == 200
        return missing

    monkeypatch.setattr(start, "incomplete", check_then_stop)
    answer = httpx.post(
        str(cloud.http.base_url.join(f"/jobs/{job}/start")), headers=dict(cloud.http.headers)
    )
    assert answer.status_code == (409 if call == "stop" else 404)
    states = cloud.stack.client("stepfunctions")
    arn = f"{cloud.services.configuration.state_machine}:{job}".replace(
        ":stateMachine:", ":execution:"
    )
    assert states.describe_execution(executionArn=arn)["status"] == "ABORTED"


def test_deleting_leaves_no_object_no_part_and_no_machine(cloud: Cloud) -> None:
    big = b"b" * (PART_BYTES + 1)
    job, kept = cloud.make(b"one", big), cloud.running(b"kept")
    cloud.upload(job, (0, 1, b"one"), (1, 1, big[:PART_BYTES]))
    for step in layout.STEPS:
        cloud.put(layout.progress(job, step), {"events": []})
        cloud.put(layout.manifest(job, step), {"files": []})
        cloud.put(layout.result(job, step, "a/b.bin"), b"result")
    cloud.put(layout.checkpoints(job) + "last", b"checkpoint")
    answer = cloud.http.delete(f"/jobs/{job}")
    assert (answer.status_code, answer.json()) == (200, {"job": job, "state": "deleted"})
    assert cloud.keys(cloud.stack.uploads, job) == []
    assert cloud.keys(cloud.stack.artifacts, job) == []
    uploads = cloud.stack.client("s3").list_multipart_uploads(
        Bucket=cloud.stack.uploads, Prefix=layout.uploads(job)
    )
    assert uploads.get("Uploads", []) == []
    assert cloud.http.get(f"/jobs/{job}").status_code == 404
    assert cloud.http.delete(f"/jobs/{job}").status_code == 404
    assert job not in {entry["job"] for entry in cloud.http.get("/jobs").json()["jobs"]}
    assert len(cloud.keys(cloud.stack.uploads, kept)) == 1
    assert cloud.status(kept)["state"] == "running"


def test_deleting_a_running_job_stops_it_first(cloud: Cloud) -> None:
    job = cloud.running(b"one")
    cloud.compute(job, "sfm", SLEEP)
    pid = cloud.pid(job, "sfm")
    assert cloud.http.delete(f"/jobs/{job}").json()["state"] == "deleted"
    assert not is_alive(pid)
    assert cloud.keys(cloud.stack.artifacts, job) == []


def test_deleting_thousands_of_objects(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from spaceport_app.cloud.backend.api import deletion

    monkeypatch.setattr(deletion, "_MOST_A_CALL", 7)
    job = cloud.make(b"one")
    for number in range(30):
        cloud.put(layout.result(job, "sfm", f"views/{number}.jpg"), b"view")
    assert cloud.http.delete(f"/jobs/{job}").status_code == 200
    assert cloud.keys(cloud.stack.artifacts, job) == []


def test_s3_that_deletes_only_some_is_no_success(cloud: Cloud) -> None:
    from dataclasses import replace

    job = cloud.make(b"one")
    cloud.upload(job, (0, 1, b"one"))

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def delete_objects(self, **given: Any) -> dict[str, Any]:
            keys = [entry["Key"] for entry in given["Delete"]["Objects"]]
            return {"Errors": [{"Key": key, "Code": "AccessDenied"} for key in keys]}

    real = cloud.services.s3
    cloud.services = replace(cloud.services, s3=Refusing())
    answer = cloud.http.delete(f"/jobs/{job}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    cloud.services = replace(cloud.services, s3=real)
    assert cloud.http.delete(f"/jobs/{job}").status_code == 200
    assert base64_sha(b"one")
