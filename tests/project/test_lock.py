"""Who works on a project, asked by many at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spaceport_app.project import lock
from spaceport_app.project.errors import ProjectError


def test_those_who_look_do_not_see_each_other(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        assert lock.is_held(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: lock.is_held(tmp_path), range(4000)))
    assert not any(seen)


def test_those_who_look_turn_no_work_away(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        pass
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(_look, tmp_path, 4000)
        for _ in range(50):
            with lock.held(tmp_path):
                assert lock.is_held(tmp_path)
        looking.result()


def test_two_cannot_work_at_once(tmp_path: Path) -> None:
    with (
        lock.held(tmp_path),
        pytest.raises(ProjectError) as raised,
        lock.held(tmp_path),
    ):
        pass
    assert raised.value.code == "project_locked"
    assert not lock.is_held(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
def test_a_process_that_is_being_started_holds_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        starting = [pool.submit(_start_processes, 60) for _ in range(2)]
        seen = []
        while not all(task.done() for task in starting):
            with lock.held(tmp_path):
                pass
            seen.append(lock.is_held(tmp_path))
    assert seen and not any(seen)


def _look(folder: Path, times: int) -> None:
    for _ in range(times):
        lock.is_held(folder)


def _start_processes(count: int) -> None:
    for _ in range(count):
        # With a function to call first, Python forks; without one it may use vfork, which
        # halts only the thread that calls it.
        subprocess.run(["true"], check=True, preexec_fn=lambda: None)
