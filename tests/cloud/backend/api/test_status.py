"""What a job's status says, from the engines and from what the worker tells."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import cost
from spaceport_app.cloud.backend.api.compute import Compute
from spaceport_app.cloud.backend.api.configuration import Configuration

from .cloud import Cloud, asked, await_true, machine

SLEEP = "import time; time.sleep(120)"


def progress(*fractions: float, failure: dict[str, str] | None = None) -> dict[str, Any]:
    events = [
        {
            "number": number,
            "stage": "sfm",
            "at": "2031-05-06T10:00:00.000+00:00",
            "event": {"event": "progress", "step": "Match", "done": f, "total": 1, "fraction": f},
        }
        for number, f in enumerate(fractions, 1)
    ]
    return {"schema": 1, "step": "sfm", "stage": "sfm", "events": events, "failure": failure}


def ended(cloud: Cloud, error: str, cause: str) -> str:
    """Run a job on a state machine that fails in these words."""
    fail = {"Type": "Fail", "Error": error, "Cause": cause}
    definition = {"StartAt": "Fail", "States": {"Fail": fail}}
    cloud.configure(state_machine=machine(cloud.stack, definition))
    job = cloud.running(b"one")
    await_true(lambda: cloud.status(job)["state"] not in {"running", "stopping"})
    return job


def test_job_that_was_only_made_waits_for_its_files(cloud: Cloud) -> None:
    body = cloud.status(cloud.make(b"one"))
    assert (body["state"], body["step"], body["name"]) == ("uploading", "sfm", "Meadow")
    assert {step: about["state"] for step, about in body["steps"].items()} == {
        "sfm": "waiting",
        "3dgs": "waiting",
        "compression": "waiting",
    }
    assert body["settings"] == asked(b"one")["settings"]
    assert body["events"] == []
    assert body["reason"] is None
    assert body["costUsd"] == {"spent": 0.0, "by": "seconds of each job times the price table"}
    days = datetime.fromisoformat(body["expires"]) - datetime.fromisoformat(body["created"])
    assert days == timedelta(days=30)


def test_running_step_tells_its_machine_progress_and_new_events(cloud: Cloud) -> None:
    job = cloud.running(b"one")
    cloud.compute(job, "sfm", SLEEP)
    cloud.pid(job, "sfm")
    cloud.put(layout.progress(job, "sfm"), progress(0.1, 0.4))
    body = cloud.status(job)
    step = body["steps"]["sfm"]
    assert (body["state"], body["step"]) == ("running", "sfm")
    assert (step["state"], step["instance"]) == ("running", "ml.c6i.2xlarge")
    assert step["progress"]["fraction"] == 0.4
    assert step["progress"]["stage"] == "sfm"
    assert step["started"] is not None
    assert step["ended"] is None
    assert [event["number"] for event in body["events"]] == [1, 2]
    assert [event["number"] for event in cloud.status(job, after=1)["events"]] == [2]
    assert cloud.status(job, after=2)["events"] == []


def test_what_can_be_seen_has_an_address_and_nothing_else_has(cloud: Cloud) -> None:
    job = cloud.running(b"one")
    cloud.compute(job, "sfm", SLEEP)
    cloud.pid(job, "sfm")
    told = progress(0.1, 0.4, 0.5)
    told["events"][1]["event"] = {"event": "preview", "path": layout.PICTURE}
    told["events"][2]["event"] = {"event": "preview", "path": "../other/job.json"}
    cloud.put(layout.progress(job, "sfm"), told)
    there = cloud.services.s3.put_object
    key = layout.sight(job, "sfm", layout.PICTURE)
    there(Bucket=cloud.services.configuration.artifacts, Key=key, Body=b"a picture")
    events = cloud.status(job)["events"]
    assert ["url" in event for event in events] == [False, True, False]
    assert httpx.get(events[1]["url"]).content == b"a picture"


def test_events_of_later_steps_have_larger_numbers(cloud: Cloud) -> None:
    job = cloud.running(b"one")
    cloud.compute(job, "sfm", "pass")
    cloud.compute(job, "3dgs", SLEEP)
    cloud.put(layout.progress(job, "sfm"), progress(0.1, 0.2, 0.3))
    cloud.put(layout.progress(job, "3dgs"), progress(0.5))
    body = cloud.status(job)
    assert [event["step"] for event in body["events"]] == ["sfm", "sfm", "sfm", "3dgs"]
    last = body["events"][2]["number"]
    assert [event["step"] for event in cloud.status(job, after=last)["events"]] == ["3dgs"]
    assert body["step"] == "3dgs"


def test_cost_grows_by_the_seconds_of_the_machine(cloud: Cloud) -> None:
    job = cloud.running(b"one")
    cloud.compute(job, "sfm", SLEEP)
    cloud.pid(job, "sfm")
    cloud.configure(prices={"ml.c6i.2xlarge": 3600.0})
    began = time.monotonic()
    first = cloud.status(job)["costUsd"]["spent"]
    time.sleep(0.4)
    second = cloud.status(job)["costUsd"]["spent"]
    assert 0.3 < second - first < time.monotonic() - began + 0.5


def test_cost_is_that_of_each_machine_and_stops_when_it_ends() -> None:
    start = datetime(2031, 5, 6, 10, tzinfo=UTC)
    configuration = Configuration("uploads", "artifacts", "arn", prices={"ml.own": 10.0})
    table = cost.prices(configuration)
    computes = [
        Compute("sfm", "Completed", "", "ml.own", start, start + timedelta(minutes=6)),
        Compute("3dgs", "Completed", "", "ml.g4dn.xlarge", start, start, billed_s=1800.0),
        Compute("compression", "InProgress", "", "ml.c6i.4xlarge", start),
    ]
    now = start + timedelta(hours=1)
    assert cost.spent(computes, table, now)["spent"] == pytest.approx(1 + 0.7364 / 2 + 0.816)
    odd = [Compute("sfm", "InProgress", "", "ml.unheard", start)]
    assert cost.spent(odd, table, now)["withoutPrice"] == ["ml.unheard"]


def test_every_default_machine_has_a_price() -> None:
    configuration = Configuration("uploads", "artifacts", "arn")
    assert set(configuration.instances.values()) <= cost.prices(configuration).keys()
    table = json.loads(Path(cost.__file__).with_name(cost.TABLE).read_text(encoding="utf-8"))
    assert all(0 < price < 100 for price in table["usdPerHour"].values())


def test_fault_1_a_failed_job_says_failed_and_why(cloud: Cloud) -> None:
    """Fault 1 of the original: a failed job ends as succeeded."""
    cloud.configure()
    job = ended(cloud, "Failed", "The worker ended with 1.")
    cloud.compute(job, "sfm", "raise SystemExit(1)")
    await_true(lambda: cloud.compute_status(job, "sfm") == "Failed")
    failure = {
        "code": "too_few_photos",
        "message": "Only one photo was read.",
        "remedy": "Add more photos.",
    }
    cloud.put(layout.progress(job, "sfm"), progress(0.2, failure=failure))
    body = cloud.status(job)
    assert (body["state"], body["reason"]) == ("failed", failure)
    assert body["steps"]["sfm"]["state"] == "failed"
    assert body["steps"]["3dgs"]["state"] == "skipped"


def test_machine_that_died_without_a_word_gives_the_reason_of_sagemaker(cloud: Cloud) -> None:
    job = ended(cloud, "Failed", "something")
    cloud.compute(job, "3dgs", "raise SystemExit(3)")
    await_true(lambda: cloud.compute_status(job, "3dgs") == "Failed")
    reason = cloud.status(job)["reason"]
    assert "exit code: 3" in reason["message"]
    assert reason["remedy"]


@pytest.mark.parametrize(
    ("error", "cause", "code", "message"),
    [
        ("TimeLimit", "The step sfm took over 4 h.", "time_limit", "The step sfm took over 4 h."),
        ("Failed", "", "failed", "The job has failed."),
        ("Failed", '{"FailureReason": "No capacity."}', "failed", "No capacity."),
        ("UnknownStep", "zzz", "unknown_step", "zzz"),
    ],
)
def test_failure_before_any_machine_gives_the_words_of_the_execution(
    cloud: Cloud, error: str, cause: str, code: str, message: str
) -> None:
    body = cloud.status(ended(cloud, error, cause))
    assert body["state"] == "failed"
    assert (body["reason"]["code"], body["reason"]["message"]) == (code, message)


def test_execution_that_saw_its_job_stopped_is_stopped_not_failed(cloud: Cloud) -> None:
    body = cloud.status(ended(cloud, "Stopped", "The job was stopped."))
    assert (body["state"], body["reason"]) == ("stopped", None)


def test_finished_job_is_finished(cloud: Cloud) -> None:
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    cloud.configure(state_machine=machine(cloud.stack, definition))
    job = cloud.running(b"one")
    await_true(lambda: cloud.status(job)["state"] == "finished")
    assert cloud.http.post(f"/jobs/{job}/stop").json() == {"job": job, "state": "finished"}
    assert cloud.status(job)["state"] == "finished"


def test_jobs_are_listed_newest_first_and_in_pages(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spaceport_app.cloud.backend.api import listing

    monkeypatch.setattr(listing, "MOST_A_PAGE", 3)
    made = [cloud.make(b"one", name=f"Meadow {n}") for n in range(4)]
    seen, token = [], ""
    while token is not None and len(seen) < 9:
        body = cloud.http.get("/jobs", params={"after": token}).json()
        assert len(body["jobs"]) <= 3
        seen += body["jobs"]
        token = body["next"]
    newest = [entry for entry in seen if entry["job"] in made]
    assert [entry["job"] for entry in newest] == made[::-1]
    assert newest[0]["name"] == "Meadow 3"
    assert (newest[0]["state"], newest[0]["files"], newest[0]["bytes"]) == ("uploading", 1, 3)
    assert [entry["created"] for entry in seen] == sorted(
        (entry["created"] for entry in seen), reverse=True
    )


def test_health_names_the_service_and_the_machines_that_it_usually_takes(cloud: Cloud) -> None:
    from spaceport_app import __version__

    machines = {"sfm": "ml.c6i.2xlarge", "3dgs": "ml.g5.xlarge", "compression": "ml.c6i.4xlarge"}
    cloud.configure(instances=machines)
    answer = cloud.http.get("/health")
    assert answer.status_code == 200
    told = {"service": "spaceport", "version": __version__, "machines": machines}
    assert answer.json() == told
    assert answer.headers["cache-control"] == "no-store"
