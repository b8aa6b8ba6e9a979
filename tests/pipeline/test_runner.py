from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from spaceport_app.events import Metric, Notice, Progress
from spaceport_app.pipeline import runner
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.processes import TOKEN_VARIABLE
from spaceport_app.pipeline.runner import Runner, StageEnded, StageEvent, StageStarted
from spaceport_app.pipeline.settings import with_options
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.project import Project


def choose(project: Project, **stages: dict[str, Any]) -> None:
    with project.locked():
        settings = with_options(registry(), project.document.settings, stages)
        project.change(settings=settings)


def run(project: Project, **arguments: Any) -> dict[str, Outcome]:
    outcomes = Runner(project, lambda event: None).run(**arguments)
    return {outcome.stage: outcome for outcome in outcomes}


def kinds(project: Project, **arguments: Any) -> dict[str, str]:
    return {name: outcome.kind for name, outcome in run(project, **arguments).items()}


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(process: psutil.Process) -> bool:
    # An orphan that nobody collects stays as a zombie in a container without an init.
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def processes_of(project: Project) -> list[psutil.Process]:
    """All processes that work for a project's stages, found as the kernel shows them."""
    tokens = {record.latest.token for record in project.document.stages.values() if record.latest}
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(TOKEN_VARIABLE, "-") in tokens:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_all_stages_run_and_publish(project: Project) -> None:
    outcomes = run(project)
    assert [outcome.kind for outcome in outcomes.values()] == ["finished"] * 3
    assert json.loads((project.folder / "count" / "count.json").read_text()) == {"letters": 90}
    assert outcomes["count"].report == {"letters": 90, "rounds": 5, "first_round": 0}
    assert outcomes["count"].peak_memory_bytes > 5 << 20
    again = Project.open(project.folder)
    assert again.published("count") == project.published("count")
    left = sorted(path.name for path in project.folder.iterdir())
    assert left == [".lock", "count", "logs", "packed", "project.json", "texts"]


def test_events_count_up_to_the_end(project: Project) -> None:
    choose(project, count={"rounds": 40, "pause_s": 0.12})
    events: list[Any] = []
    Runner(project, events.append).run()
    assert [e.stage for e in events if isinstance(e, StageStarted)] == ["collect", "count", "pack"]
    assert sum(isinstance(e, StageEnded) for e in events) == 3
    inner = [e for e in events if isinstance(e, StageEvent)]
    fractions = [e.fraction for e in inner if isinstance(e.event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    counting = [e for e in inner if isinstance(e.event, Progress) and e.stage == "count"]
    assert [e.event.done for e in counting] == list(range(1, 41))
    middle = counting[30].eta_s
    assert middle == pytest.approx(9 * 0.12, rel=0.5)
    letters = [e.event.values["letters"] for e in inner if isinstance(e.event, Metric)]
    assert letters == [18 * n for n in range(1, 41)]


def test_nothing_to_do_is_skipped(project: Project) -> None:
    run(project)
    before = {path: path.stat().st_mtime_ns for path in project.folder.rglob("*.json")}
    outcomes = run(project)
    assert [outcome.kind for outcome in outcomes.values()] == ["skipped"] * 3
    assert outcomes["count"].report["letters"] == 90
    after = {path: path.stat().st_mtime_ns for path in project.folder.rglob("*.json")}
    assert after == before


def test_a_changed_option_runs_only_that_stage_and_what_follows(project: Project) -> None:
    run(project)
    choose(project, count={"letters": "a"})
    assert kinds(project) == {"collect": "skipped", "count": "finished", "pack": "finished"}
    choose(project, pack={"formats": ["zip", "tar"]})
    assert kinds(project) == {"collect": "skipped", "count": "skipped", "pack": "finished"}


def test_an_option_without_influence_runs_nothing(project: Project) -> None:
    run(project)
    choose(project, count={"threads": 2})
    assert set(kinds(project).values()) == {"skipped"}


def test_the_same_result_again_spares_what_follows(project: Project, texts: Path) -> None:
    run(project)
    (texts / "0.txt").write_text("abc")
    assert kinds(project) == {"collect": "finished", "count": "skipped", "pack": "skipped"}
    (texts / "0.txt").write_text("aaaa")
    assert kinds(project) == {"collect": "finished", "count": "finished", "pack": "finished"}


def test_a_deleted_result_is_made_again(project: Project) -> None:
    run(project)
    (project.folder / "count" / "count.json").unlink()
    (project.folder / "count").rmdir()
    # The count is the same as before, so the packed one still holds.
    assert kinds(project) == {"collect": "skipped", "count": "finished", "pack": "skipped"}


def test_one_stage_alone_runs_even_if_it_holds(project: Project) -> None:
    run(project)
    assert kinds(project, only="count") == {"count": "finished"}


def test_one_stage_alone_needs_what_it_reads(project: Project) -> None:
    outcome = run(project, only="pack")["pack"]
    assert (outcome.kind, outcome.code) == ("failed", "stage_missing")
    assert "count" in outcome.message


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("stage_error", "failed", "too_few_letters"),
        ("exception", "failed", "internal"),
        ("full", "failed", "disk_full"),
        ("forbidden", "failed", "no_permission"),
        ("memory", "failed", "out_of_memory"),
        ("segfault", "crashed", "crashed"),
        ("abort", "crashed", "crashed"),
        ("exit", "crashed", "crashed"),
    ],
)
def test_every_bad_end_is_told_and_loses_nothing(
    project: Project, fault: str, kind: str, code: str
) -> None:
    run(project)
    choose(project, count={"letters": "ab", "fault": fault})
    outcomes = run(project)
    assert list(outcomes) == ["collect", "count"]
    bad = outcomes["count"]
    assert (bad.kind, bad.code) == (kind, code)
    assert bad.message and bad.remedy and "Traceback" not in bad.words()
    names = {"segfault": "SIGSEGV", "abort": "SIGABRT", "exit": "exit status 3"}
    assert names.get(fault, "") in bad.message
    # What was there before is still there and whole, and the next run goes on.
    assert json.loads((project.folder / "count" / "count.json").read_text()) == {"letters": 90}
    record = Project.open(project.folder).document.stages["count"]
    assert record.latest is not None and record.latest.code == code
    choose(project, count={"fault": "none"})
    outcomes = run(project)
    assert outcomes["count"].kind == "finished"
    assert outcomes["count"].report == {"letters": 60, "rounds": 5, "first_round": 2}


def test_output_of_native_code_goes_to_the_log(project: Project) -> None:
    choose(project, count={"fault": "noise"})
    assert kinds(project)["count"] == "finished"
    log = (project.folder / "logs" / "count.log").read_text()
    assert "printed by a stage" in log
    assert "written by native code" in log


def test_a_crash_leaves_its_last_words_in_the_log(project: Project) -> None:
    choose(project, count={"fault": "abort"})
    assert kinds(project)["count"] == "crashed"
    log = (project.folder / "logs" / "count.log").read_text()
    assert "a native library says good bye" in log
    assert "Fatal Python error: Aborted" in log


@pytest.mark.parametrize("fault", ["none", "hang", "orphan"])
def test_cancel_ends_every_process(project: Project, fault: str) -> None:
    choose(project, count={"rounds": 1000, "pause_s": 0.01, "fault": fault})
    runner = Runner(project, lambda event: None)
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.extend(runner.run()))
    thread.start()
    state = project.scratch("count") / "state.json"
    target = 500 if fault != "none" else 20
    wait_for(lambda: state.exists() and json.loads(state.read_text())[0] >= target, 30)
    if fault == "orphan":
        wait_for(lambda: len(processes_of(project)) >= 2)
    working = processes_of(project)
    assert working
    if sys.platform != "win32":
        own = psutil.Process().nice()
        assert all(process.nice() == min(own + 5, 19) for process in working), "others go first"
    began = time.monotonic()
    runner.cancel()
    thread.join(10)
    assert time.monotonic() - began < 4.0
    assert outcomes[-1].kind == "cancelled"
    assert not [process for process in working if alive(process)]
    choose(project, count={"fault": "none", "pause_s": 0.0})
    outcome = run(project)["count"]
    assert outcome.kind == "finished"
    assert outcome.report["letters"] == 18 * 1000
    assert int(str(outcome.report["first_round"])) >= target


def test_stop_lets_a_stage_save_and_loses_no_round(project: Project) -> None:
    choose(project, count={"rounds": 1000, "pause_s": 0.01})
    events: list[Any] = []
    runner = Runner(project, events.append)
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.extend(runner.run()))
    thread.start()
    state = project.scratch("count") / "state.json"
    wait_for(lambda: state.exists() and json.loads(state.read_text())[0] >= 20, 30)
    runner.stop()
    thread.join(10)
    done = json.loads(state.read_text())[0]
    last = outcomes[-1]
    assert (last.kind, last.code, last.where) == ("cancelled", "stopped", f"round {done} of 1000")
    saved = Project.open(project.folder).document.stages["count"].latest
    assert saved is not None and saved.message == f"Stopped at round {done} of 1000."
    choose(project, count={"pause_s": 0.0})
    outcome = run(project)["count"]
    assert outcome.report == {"letters": 18 * 1000, "rounds": 1000, "first_round": done}


def test_stop_ends_what_does_not_answer_after_its_patience(project: Project) -> None:
    choose(project, count={"rounds": 40, "fault": "hang"})
    runner = Runner(project, lambda event: None)
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.extend(runner.run()))
    thread.start()
    state = project.scratch("count") / "state.json"
    wait_for(lambda: state.exists() and json.loads(state.read_text())[0] >= 20, 30)
    working = processes_of(project)
    began = time.monotonic()
    runner.stop(60.0)
    runner.stop(1.0)  # Closing the window has less patience than a pause.
    thread.join(15)
    assert 1.0 <= time.monotonic() - began < 6.0
    assert (outcomes[-1].kind, outcomes[-1].where) == ("cancelled", "")
    assert working and not [process for process in working if alive(process)]
    # The wish is not there any more when the stage starts again.
    choose(project, count={"fault": "none"})
    assert run(project)["count"].kind == "finished"


def test_a_child_that_is_killed_is_told_and_gone_on_with(project: Project) -> None:
    choose(project, count={"rounds": 200, "pause_s": 0.01})
    killed = threading.Thread(target=_kill_child_when, args=(project, 20))
    killed.start()
    outcome = run(project)["count"]
    killed.join()
    assert (outcome.kind, outcome.code, outcome.exit_status) == ("crashed", "killed", -9)
    outcome = run(project)["count"]
    assert outcome.report["letters"] == 18 * 200
    assert int(str(outcome.report["first_round"])) >= 20


def _kill_child_when(project: Project, rounds: int) -> None:
    state = project.scratch("count") / "state.json"
    wait_for(lambda: state.exists() and json.loads(state.read_text())[0] >= rounds)
    for process in processes_of(project):
        process.kill()


def test_a_last_word_that_is_read_late_still_counts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a computer whose other threads and programs leave the reading thread no time.
    read = runner._read

    def late(process: Any, lines: Any) -> None:
        process.wait()
        time.sleep(0.8)
        read(process, lines)

    monkeypatch.setattr(runner, "_read", late)
    assert set(kinds(project).values()) == {"finished"}


def test_notices_arrive(project: Project) -> None:
    choose(project, count={"letters": "z"})
    events: list[Any] = []
    Runner(project, events.append).run()
    notices = [e.event for e in events if isinstance(e, StageEvent)]
    assert Notice("no_letters", "None of the letters occurs.", "z") in notices


def test_a_locked_project_is_refused(project: Project) -> None:
    with Project.open(project.folder).locked(), pytest.raises(ProjectError) as error:
        run(project)
    assert error.value.code == "project_locked"
