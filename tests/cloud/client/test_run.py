"""A project's job from here to the cloud and back."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.cloud.client import submission
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.client.run import CloudRun
from spaceport_app.cloud.client.wishes import Wish, usual_first
from spaceport_app.cloud.job import CloudJob
from spaceport_app.events import Metric, Notice, Progress
from spaceport_app.pipeline import fingerprint, summary
from spaceport_app.pipeline.runner import RunEvent, Runner, StageEnded, StageEvent, StageStarted
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project

from .service import Job, Service


def driven(project: Project, api: Api, wish: Wish | None = None) -> tuple[CloudRun, list[RunEvent]]:
    told: list[RunEvent] = []
    return CloudRun(project, told.append, api=api, wish=wish, poll_s=0.05), told


def holding(project: Project) -> list[str]:
    fresh = Project.open(project.folder)
    options = resolve_all(registry(), fresh.document.settings)
    return [s.name for s in registry() if fingerprint.holds(s, options[s.name], fresh)]


def test_results_are_those_of_the_project_and_a_local_run_skips_them(
    project: Project, api: Api, results: Service
) -> None:
    run, _ = driven(project, api)
    outcomes = run.run()
    assert [(o.stage, o.kind) for o in outcomes] == [
        ("import", "skipped"),
        ("sfm", "finished"),
        ("train", "finished"),
        ("compress", "finished"),
        ("export", "finished"),
    ]
    assert holding(project) == ["import", "sfm", "train", "compress", "export"]
    skipped = Runner(Project.open(project.folder), lambda event: None).run()
    assert {outcome.kind for outcome in skipped} == {"skipped"}
    for step in ("sfm", "3dgs", "compression"):
        for name, data in results.results[step].items():  # type: ignore[index]
            if not name.startswith("photos/") and name != "logs/import.log":
                assert (project.folder / name).read_bytes() == data
    record = Project.open(project.folder).published("train")
    assert record is not None
    assert record.report["made_on"] == "AWS"
    assert record.report["gaussians"] == 59_037
    assert record.seconds == 61.5
    # The photos that were read here stay.
    assert (project.folder / "photos" / "photos.json").stat().st_size > 1000
    assert not list((submission.folder(project) / "photos").iterdir())


def test_rows_are_told_as_by_a_local_run(project: Project, api: Api, results: Service) -> None:
    def work(name: str, job: Job) -> None:
        values = {"iteration": 100.0, "loss": 0.1}
        results.tell(job, "import", {"event": "progress", "step": "Checking 6 photos", "done": 3,
                                     "total": 6, "fraction": 0.5})  # fmt: skip
        job.step = "3dgs"
        results.tell(job, "train", {"event": "metric", "values": values})
        results.tell(job, "train", {"event": "odd kind"})
        results.finish(name, job)

    results.work = work
    run, told = driven(project, api)
    run.run()
    started = [event.stage for event in told if isinstance(event, StageStarted)]
    ended = [event.outcome.stage for event in told if isinstance(event, StageEnded)]
    assert started == ["sfm", "train", "compress"]
    assert ended == ["import", "sfm", "train", "compress", "export"]
    sfm = [e.event for e in told if isinstance(e, StageEvent) and e.stage == "sfm"]
    steps = [event.step for event in sfm if isinstance(event, Progress)]
    fractions = [event.fraction for event in sfm if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert any(step.startswith("Making 6 photos ready") for step in steps)
    assert any(step.startswith("Sending 6 files") for step in steps)
    assert "Checking 6 photos" in steps
    assert any(step.startswith("Fetching") for step in steps)
    metrics = [e for e in told if isinstance(e, StageEvent) and isinstance(e.event, Metric)]
    assert [(e.stage, e.event.values) for e in metrics if isinstance(e.event, Metric)] == [
        ("train", {"iteration": 100.0, "loss": 0.1})
    ]
    whole = [e.fraction for e in told if isinstance(e, StageEvent)]
    assert whole == sorted(whole) and whole[-1] < 1.0


def test_training_there_starts_from_what_was_found_here(
    project: Project, api: Api, results: Service
) -> None:
    first, _ = driven(project, api, Wish("sfm", "sfm"))
    assert first.run()[-1].good
    assert usual_first(project, registry()) == "3dgs"
    second, _ = driven(project, api, Wish("3dgs", "3dgs"))
    assert [(o.stage, o.kind) for o in second.run()] == [("train", "finished")]
    job = list(results.jobs.values())[-1]
    assert sorted(file["name"] for file in job.files) == [
        "sfm/cloud.ply",
        "sfm/empty.txt",
        "sfm/reconstruction.json",
        "sfm/views/a b.jpg",
    ]
    assert holding(project) == ["import", "sfm", "train"]
    third, _ = driven(project, api, Wish("compression", "compression"))
    assert third.run()[-1].good
    assert len(holding(project)) == 5


def test_settings_changed_meanwhile_make_the_result_outdated(
    project: Project, api: Api, results: Service
) -> None:
    def work(name: str, job: Job) -> None:
        other = Project.open(project.folder)
        with other.locked():
            options = {
                "train": {"iterations": 77},
                "sfm": {"feature_image_size": 500, "view_size": 600},
            }
            other.change(settings=replace(other.document.settings, options=options))
        results.finish(name, job)

    results.work = work
    run, _ = driven(project, api)
    assert run.run()[-1].good
    assert "train" not in holding(project)
    assert summary.outdated(Project.open(project.folder), registry()) == [
        "train",
        "compress",
        "export",
    ]


def test_stop_is_told_when_the_cloud_confirms_it(
    project: Project, api: Api, results: Service
) -> None:
    results.work = lambda name, job: None
    results.stop_s = 0.5
    run, _ = driven(project, api)
    thread = threading.Thread(target=lambda: outcomes.extend(run.run()))
    outcomes: list[object] = []
    thread.start()
    while not any(job.state == "running" for job in results.jobs.values()):
        time.sleep(0.01)
    began = time.monotonic()
    run.stop(20.0)
    thread.join(20)
    assert time.monotonic() - began > 0.4
    assert [job.state for job in results.jobs.values()] == ["stopped"]
    last = outcomes[-1]
    assert (last.kind, last.code, last.stage) == ("cancelled", "stopped", "sfm")  # type: ignore[attr-defined]
    found = submission.read(project)
    assert found is not None and found.ended == "stopped"


def test_a_stop_while_the_start_is_under_way_ends_what_was_started(
    project: Project, api: Api, results: Service
) -> None:
    results.work = lambda name, job: None

    def fault(method: str, path: str) -> str | None:
        # The service starts, and its answer comes after the stop.
        if path.endswith("/start"):
            run.stop(20.0)
            for job in results.jobs.values():
                job.state = "running"
            return "503"
        return None

    results.fault = fault
    run, _ = driven(project, api)
    last = run.run()[-1]
    assert (last.kind, last.code) == ("cancelled", "stopped")
    assert [job.state for job in results.jobs.values()] == ["stopped"]


def test_leaving_lets_the_job_go_on_and_the_next_run_finds_it(
    project: Project, api: Api, results: Service
) -> None:
    results.work = lambda name, job: None
    run, _ = driven(project, api)
    outcomes: list[object] = []
    thread = threading.Thread(target=lambda: outcomes.extend(run.run()))
    thread.start()
    while not any(job.state == "running" for job in results.jobs.values()):
        time.sleep(0.01)
    run.leave()
    thread.join(20)
    assert outcomes[-1].code == "left"  # type: ignore[attr-defined]
    ((name, job),) = results.jobs.items()
    assert job.state == "running"
    api.halted.clear()
    results.finish(name, job)
    again, told = driven(Project.open(project.folder), api)
    assert again.run()[-1].good
    assert len(results.jobs) == 1
    assert set(results.received.values()) == {1}
    assert any(isinstance(event, StageEvent) for event in told)


def test_a_failed_job_tells_its_reason_and_keeps_finished_steps(
    project: Project, api: Api, results: Service
) -> None:
    def work(name: str, job: Job) -> None:
        job.steps["sfm"] = {"state": "finished"}
        job.steps["3dgs"] = {"state": "failed"}
        job.reason = {"code": "out_of_memory", "message": "Too little memory.", "remedy": "Less."}
        job.step, job.state = "3dgs", "failed"

    results.work = work
    run, _ = driven(project, api)
    outcomes = run.run()
    assert [(o.stage, o.kind) for o in outcomes][1:] == [("sfm", "finished"), ("train", "failed")]
    assert (outcomes[-1].code, outcomes[-1].message) == ("out_of_memory", "Too little memory.")
    assert holding(project) == ["import", "sfm"]


def test_a_job_that_is_gone_is_not_gone_on_with(
    project: Project, api: Api, results: Service
) -> None:
    results.work = lambda name, job: results.jobs.clear()
    run, _ = driven(project, api)
    assert run.run()[-1].code == "no_job"
    results.work = results.finish
    again, _ = driven(project, api)
    assert again.run()[-1].good


def test_a_network_that_fails_for_a_while_ends_nothing(
    project: Project, api: Api, results: Service
) -> None:
    looks = 0

    def fault(method: str, path: str) -> str | None:
        nonlocal looks
        looks += method == "GET" and path.count("/") == 3 and "/jobs/" in path
        return "reset" if 2 <= looks <= 20 and method == "GET" else None

    def work(name: str, job: Job) -> None:
        while looks < 21:
            time.sleep(0.01)
        results.finish(name, job)

    results.fault, results.work = fault, work
    run, told = driven(project, api)
    assert run.run()[-1].good
    notices = [e.event for e in told if isinstance(e, StageEvent) and isinstance(e.event, Notice)]
    assert [n.code for n in notices if isinstance(n, Notice)] == ["offline"]


def test_results_wait_while_something_else_works_on_the_project(
    project: Project, api: Api, results: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spaceport_app.cloud.client.run._LOCKED_POLL_S", 0.05)
    other = Project.open(project.folder)
    told: list[RunEvent] = []
    free = threading.Event()

    def listen(event: RunEvent) -> None:
        told.append(event)
        if isinstance(event, StageEvent) and isinstance(event.event, Notice):
            free.set()

    def hold() -> None:
        with other.locked():
            held.set()
            free.wait(20)

    held = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    outcomes = CloudRun(project, listen, api=api, poll_s=0.05).run()
    thread.join()
    assert free.is_set() and outcomes[-1].good


@pytest.mark.parametrize("moment", ["publishing", "running"])
def test_a_kill_while_results_are_published_costs_no_second_download(
    project: Project, api: Api, results: Service, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        name = "_complete" if moment == "publishing" else "publish"
        patch.setattr(Project, name, die)
        run, _ = driven(project, api)
        with pytest.raises(KilledError):
            run.run()
    before = dict(results.sent_bytes)
    again, _ = driven(Project.open(project.folder), api)
    assert again.run()[-1].good
    assert {path: results.sent_bytes[path] for path in before} == before
    assert holding(project) == ["import", "sfm", "train", "compress", "export"]


def test_no_permission_to_write_is_told(project: Project, api: Api, tmp_path: Path) -> None:
    (submission.folder(project)).mkdir()
    (submission.folder(project) / "photos").write_text("in the way", encoding="utf-8")
    run, _ = driven(project, api)
    last = run.run()[-1]
    assert last.kind == "failed" and last.message


def test_a_lost_answer_leaves_no_second_job(project: Project, api: Api, results: Service) -> None:
    lost: list[str] = []

    def fault(method: str, path: str) -> str | None:
        if path.endswith("/jobs/answer") and not lost:
            lost.append(path)
            return "reset"
        return None

    results.fault = fault
    run, _ = driven(project, api)
    assert run.run()[-1].good
    assert lost and len(results.jobs) == 1


def test_a_kill_before_the_answer_leaves_no_second_job(
    project: Project, api: Api, results: Service
) -> None:
    class KilledError(BaseException):
        pass

    def die() -> None:
        raise KilledError

    create = api.create
    api.create = lambda *given: (create(*given), die())  # type: ignore[method-assign,assignment]
    with pytest.raises(KilledError):
        driven(project, api)[0].run()
    api.create = create  # type: ignore[method-assign]
    assert len(results.jobs) == 1
    assert driven(Project.open(project.folder), api)[0].run()[-1].good
    assert len(results.jobs) == 1


def test_a_job_nobody_heard_of_is_deleted_when_another_is_wanted(
    project: Project, api: Api, results: Service
) -> None:
    create = api.create
    calls: list[object] = []

    def create_and_fail(*given: Any) -> Any:
        create(*given)
        calls.append(given)
        raise CloudError("no_network", "Gone.", "Wait.")

    api.create = create_and_fail  # type: ignore[method-assign]
    assert not driven(project, api)[0].run()[-1].good
    api.create = create  # type: ignore[method-assign]
    (orphan,) = results.jobs
    wish = Wish("sfm", "sfm", "original")
    assert driven(Project.open(project.folder), api, wish)[0].run()[-1].good
    assert calls and orphan not in results.jobs and len(results.jobs) == 1


def test_what_was_refused_does_not_stand_in_the_way_of_another_wish(
    project: Project, api: Api, results: Service
) -> None:
    said = {
        "status": 400,
        "error": "This service sends no mail to x@example.org.",
        "code": "mail_not_allowed",
        "remedy": "Leave the address out.",
    }
    create = api.create
    refused: list[str] = []

    def refuse_mail(job: CloudJob, token: str = "") -> Any:
        if job.email:
            refused.append(job.email)
            results.fault = lambda method, path: json.dumps(said)
        try:
            return create(job, token)
        finally:
            results.fault = lambda method, path: None

    api.create = refuse_mail  # type: ignore[method-assign]
    outcome = driven(project, api, Wish(email="x@example.org"))[0].run()[-1]
    assert (outcome.code, outcome.message, outcome.remedy) == (
        "mail_not_allowed",
        said["error"],
        said["remedy"],
    )
    again = driven(Project.open(project.folder), api, Wish())[0].run()[-1]
    assert again.good, again
    assert len(results.jobs) == 1 and refused


def test_after_a_stop_nothing_is_sent_again(project: Project, api: Api, results: Service) -> None:
    results.work = lambda name, job: setattr(job, "state", "stopped")
    run, _ = driven(project, api)
    assert run.run()[-1].code == "stopped"
    before = dict(results.received)
    assert len(before) >= 6
    results.work = results.finish
    again, _ = driven(Project.open(project.folder), api)
    assert again.run()[-1].good
    assert dict(results.received) == before
    assert [job.state for job in results.jobs.values()] == ["stopped", "finished"]


def test_a_step_that_was_done_before_the_stop_is_fetched_and_not_done_again(
    project: Project, api: Api, results: Service
) -> None:
    def work(name: str, job: Job) -> None:
        job.steps["sfm"] = {"state": "finished"}
        job.steps["3dgs"] = {"state": "stopped"}
        job.step, job.state = "3dgs", "stopped"

    results.work = work
    started = CloudRun(project, lambda event: None, api=api, until="started", poll_s=0.05)
    assert started.run()[-1].good
    found = submission.read(project)
    assert found is not None and found.under_way and not found.taken
    # The stop was seen by somebody who fetched nothing.
    submission.write(project, replace(found, ended="stopped"))
    before = dict(results.received)
    results.work = results.finish
    again, _ = driven(Project.open(project.folder), api)
    outcomes = again.run()
    assert [(o.stage, o.kind) for o in outcomes] == [
        ("sfm", "finished"),
        ("train", "finished"),
        ("compress", "finished"),
        ("export", "finished"),
    ]
    first, second = results.jobs.values()
    assert (first.request["first"], second.request["first"]) == ("sfm", "3dgs")
    # Its files are results of the first job, which AWS has.
    assert dict(results.received) == before
    assert len(holding(project)) == 5
