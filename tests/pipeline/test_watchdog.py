from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from spaceport_app import resources
from spaceport_app.pipeline import watchdog
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.settings import with_options
from spaceport_app.pipeline.stage import Registry, registry
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.pipeline.watchdog import Sample, Watchdog
from spaceport_app.project.project import Project

LOG = Path("logs/sfm.log")


class Clock:
    """Feeds a watchdog with what a stage does in each second."""

    def __init__(self, watch: Watchdog) -> None:
        self.watch = watch
        self.now, self.cpu, self.moved = 1000.0, 0.0, 0.0

    def go(
        self,
        seconds: float,
        *,
        cpu: float = 0.0,
        moved: float = 0.0,
        step: float = 5.0,
        line: str = "",
        **about: bool,
    ) -> float | None:
        """Return after how many seconds it is to be ended, None if not."""
        began = self.now
        while self.now - began < seconds:
            self.now += step
            self.cpu += cpu * step
            self.moved += moved * step
            if line:
                self.watch.seen(line)
            self.watch.look(self.now, Sample(self.cpu, self.moved, **about))
            if self.watch.expired(LOG) is not None:
                return self.now - began
        return None


def test_what_neither_works_nor_speaks_is_ended_after_minutes() -> None:
    clock = Clock(Watchdog(300, 7200))
    assert clock.go(100, cpu=1.0) is None
    ended = clock.go(1000)
    assert ended is not None and 300 <= ended <= 340
    told = clock.watch.expired(LOG)
    assert told is not None and told.code == "stalled"
    assert "Nothing has moved for" in told.message and str(LOG) in told.remedy


def test_a_thread_that_looks_now_and_then_is_no_work() -> None:
    # A poll of a database three times a second, its progress always the same.
    ended = Clock(Watchdog(300, 7200)).go(1000, cpu=0.004, moved=40_000, line="1 of 9")
    assert ended is not None and ended <= 350


@pytest.mark.parametrize(
    "doing",
    [
        {"cpu": 2.0},
        {"cpu": 0.02},
        {"moved": 500_000.0},
        {"paused": True},
    ],
)
def test_work_in_silence_goes_on_for_hours(doing: dict[str, Any]) -> None:
    assert Clock(Watchdog(300, 4 * 3600)).go(3.9 * 3600, **doing) is None


def test_work_in_silence_ends_some_time_but_not_while_it_speaks() -> None:
    watch = Watchdog(300, 4 * 3600)
    ended = Clock(watch).go(9 * 3600, cpu=1.0)
    assert ended is not None and ended == pytest.approx(4 * 3600, abs=20)
    told = watch.expired(LOG)
    assert told is not None and "without getting any further" in told.message
    clock = Clock(Watchdog(300, 4 * 3600))
    for number in range(10):
        assert clock.go(3600, cpu=1.0) is None
        clock.watch.seen(f"{number} of 10")


def test_what_speaks_lives_even_if_it_does_little() -> None:
    clock = Clock(Watchdog(300, 7200))
    for number in range(20):
        assert clock.go(200) is None
        clock.watch.seen(f"round {number}")


def test_a_computer_that_slept_is_no_stage_that_stood_still() -> None:
    clock = Clock(Watchdog(300, 7200))
    assert clock.go(100, cpu=1.0) is None
    clock.now += 9 * 3600
    assert clock.go(200) is None


def test_work_without_memory_is_ended_after_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "address_space_bytes", lambda: 400_000_000)
    watch = Watchdog(300, 7200)
    ended = Clock(watch).go(1000, cpu=1.0, starved=True)
    assert ended is not None and ended <= 310
    told = watch.expired(LOG)
    assert told is not None and "400.0 MB (ulimit -v)" in told.message


def test_samples_are_those_of_the_whole_family() -> None:
    code = (
        "import subprocess, sys, time\n"
        "spin = 'import time; t = time.time()\\nwhile time.time() - t < 20: pass'\n"
        "subprocess.Popen([sys.executable, '-c', spin]); time.sleep(20)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        deadline = time.monotonic() + 15
        while True:
            found = watchdog.sample(process.pid)
            if found is not None and found.cpu_s > 0.5:
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert found.moved_bytes > 0 and not found.paused and not found.starved
    finally:
        for member in [*psutil.Process(process.pid).children(recursive=True), process]:
            member.kill()
        process.wait()
    assert watchdog.sample(process.pid) is None


def impatient(silence_s: float) -> Registry:
    return tuple(replace(stage, silence_s=silence_s) for stage in registry())


def choose(project: Project, **stages: dict[str, Any]) -> None:
    with project.locked():
        project.change(settings=with_options(registry(), project.document.settings, stages))


def run(project: Project, stages: Registry) -> dict[str, Outcome]:
    return {one.stage: one for one in Runner(project, lambda event: None, stages).run()}


@pytest.mark.timeout(60)
def test_a_stage_that_hangs_is_ended_and_the_next_start_goes_on(project: Project) -> None:
    choose(project, count={"rounds": 10, "fault": "hang"})
    ended = run(project, impatient(2.0))["count"]
    assert (ended.kind, ended.code) == ("crashed", "stalled")
    assert ended.message.startswith("Nothing has moved for")
    assert str(project.log("count")) in ended.remedy
    choose(project, count={"fault": "none"})
    again = run(project, impatient(2.0))["count"]
    assert again.kind == "finished" and again.report["first_round"] == 5


@pytest.mark.timeout(60)
def test_a_stage_that_computes_in_silence_is_left_alone(project: Project) -> None:
    choose(project, count={"rounds": 4, "fault": "silent_work"})
    assert run(project, impatient(1.0))["count"].kind == "finished"


def test_more_photos_are_given_more_time() -> None:
    def project(photos: int) -> Any:
        run = SimpleNamespace(report={"used": photos})
        return SimpleNamespace(published=lambda name: run if photos else None)

    few = Clock(watchdog.of_stage(STAGES[1], project(0))).go(9 * 3600, cpu=1.0)
    assert few == pytest.approx(watchdog.BUSY_S, abs=20)
    assert Clock(watchdog.of_stage(STAGES[1], project(400))).go(9 * 3600, cpu=1.0) is None


def test_a_limit_that_no_stage_can_work_with_is_told_before_it_starts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = tuple(replace(stage, address_space_bytes=1_000_000_000) for stage in registry())
    monkeypatch.setattr(resources, "address_space_bytes", lambda: 409_600_000)
    outcome = Runner(project, lambda event: None, stages).run()[-1]
    assert (outcome.kind, outcome.code) == ("failed", "not_enough_memory")
    assert "allows 409.6 MB (ulimit -v)" in outcome.message
    assert not project.log("collect").exists()
    monkeypatch.setattr(resources, "address_space_bytes", lambda: 2_000_000_000)
    assert Runner(project, lambda event: None, stages).run()[-1].kind == "finished"
