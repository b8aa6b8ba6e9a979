"""Runs that are stopped, killed or started twice."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from .doors import LINUX, Spaceport, clean, letters, rounds, wait_for, workers


def test_two_runs_at_once(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    slow = ["--count-rounds", 1000, "--count-pause-s", 0.01]
    first = spaceport.start("run", texts, "-o", "a.spaceport", *slow)
    project = tmp_path / "a.spaceport"
    wait_for(lambda: rounds(project) > 3)
    second = spaceport("run", "-o", "a.spaceport")
    assert second.code == 3
    assert f"process {first.pid} on" in second.err
    assert (
        spaceport("status", "a.spaceport", "--json").json["states"]["count"]["state"] == "running"
    )
    # Looking on did not disturb the first run.
    assert first.poll() is None
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert first.returncode == 130


@LINUX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_stops_cleanly(
    spaceport: Spaceport, texts: Path, tmp_path: Path, number: int
) -> None:
    slow = ["--count-rounds", 300, "--count-pause-s", 0.01]
    process = spaceport.start("run", texts, "-o", "a.spaceport", *slow)
    project = tmp_path / "a.spaceport"
    wait_for(lambda: rounds(project) > 5)
    working = workers(project)
    assert len(working) == 1
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    reached = rounds(project)
    assert f"Stopped at round {reached} of 300. To go on: spaceport run -o a.spaceport" in err
    assert workers(project) == []
    assert spaceport("status", "a.spaceport", "--json").json["states"]["count"]["state"] == (
        "cancelled"
    )
    ended = spaceport("run", "-o", "a.spaceport", "--json")
    assert ended.lines[-1]["report"]["stages"]["count"]["report"] == {
        "letters": 5400,
        "rounds": 300,
        "first_round": reached,
    }


@LINUX
def test_a_second_ctrl_c_does_not_wait(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    options = ["--count-rounds", 20, "--count-fault", "hang"]
    process = spaceport.start("run", texts, "-o", "a.spaceport", *options)
    project = tmp_path / "a.spaceport"
    wait_for(lambda: rounds(project) >= 10)
    time.sleep(2.0)  # until it hangs
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None, "the first one waits for the work to be saved"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert time.monotonic() - began < 5.0
    assert process.returncode == 130 and "Stopped. To go on" in err
    assert workers(project) == []


@LINUX
def test_kill_at_any_moment_and_run_again(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    """Kill the run or its worker at random moments until a run comes through."""
    project = tmp_path / "a.spaceport"
    seed = random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    slow = ["--count-rounds", 120, "--count-pause-s", 0.01]
    killed = 0
    for _ in range(40):
        if killed == 8:
            break
        process = spaceport.start("run", texts, "-o", project, *slow)
        target = chance.choice(["run", "worker"])
        if target == "worker":
            wait_for(lambda: workers(project) or process.poll() is not None)  # noqa: B023
        time.sleep(chance.uniform(0.0, 1.0))
        victims = [process.pid] if target == "run" else [p.pid for p in workers(project)]
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
        process.communicate(timeout=60)
        if process.returncode == 0:
            # It came through before the kill: the next one begins from nothing.
            shutil.rmtree(project)
        if target == "run":
            wait_for(lambda: workers(project) == [], 5.0)
    ended = spaceport("run", texts, "-o", project, *slow)
    assert ended.code == 0, (seed, ended.err)
    assert letters(project) == 18 * 120, seed
    assert clean(project), (seed, list(project.iterdir()))
    assert killed == 8


@LINUX
def test_grandchildren_of_a_killed_run_are_ended_by_the_next(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    project = tmp_path / "a.spaceport"
    process = spaceport.start("run", texts, "-o", project, "--count-fault", "orphan")
    found: list[psutil.Process] = []

    def children() -> list[psutil.Process]:
        for worker in workers(project):
            with contextlib.suppress(psutil.Error):
                found.extend(worker.children())
        return found

    wait_for(children)
    grandchild = found[0]
    process.kill()
    process.communicate()
    wait_for(lambda: workers(project) == [], 5.0)
    spaceport("run", "-o", project, "--count-fault", "none")
    assert not grandchild.is_running() or grandchild.status() == "zombie"
