"""``spaceport setup-engine`` as a person or script meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from spaceport_app import installed_engine
from spaceport_app.engine_setup import places

from .conftest import NvidiaSmi
from .index import PAYLOAD, Server, large, recipe, table


def start(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "spaceport_app", "setup-engine", *map(str, words)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def spaceport(*words: object) -> tuple[int, str, str]:
    process = start(*words)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def lines(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def test_from_nothing_to_an_engine_and_back(server: Server, tmp_path: Path, home: Path) -> None:
    given = table(tmp_path, recipe(server, {PAYLOAD: large(PAYLOAD, 50)}))
    status, out, err = spaceport("--recipes", given)
    assert status == 2 and "--yes" in err and "51.4 kB from 127.0.0.1" in out
    assert not home.exists()
    status, out, _ = spaceport("--recipes", given, "--yes", "--json")
    told = lines(out)
    assert status == 0 and told[0]["event"] == "plan" and told[-1]["event"] == "ready"
    assert {one["event"] for one in told[1:-1]} == {"progress"}
    _, out, _ = spaceport("--status", "--json")
    assert lines(out)[0]["active"]["name"] == "test-engine"
    status, out, _ = spaceport("--back")
    assert status == 0 and "own engine is in use again" in out
    assert installed_engine.current() is None
    status, out, _ = spaceport("--back", "--json")
    assert lines(out) == [{"event": "switched", "active": "test-engine"}]
    status, out, _ = spaceport("--remove", "--yes")
    assert status == 0 and "are free again" in out and not home.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("echo 'No devices were found'; exit 6", "no_gpu"),
        ("exit 9", "driver_broken"),
        ('echo "Quadro K600, 470.42.01, 1024, 3.0"', "driver_too_old"),
    ],
)
def test_what_stands_in_the_way_is_said(nvidia_smi: NvidiaSmi, body: str, code: str) -> None:
    if installed_engine.python_tag() != "3.11":
        pytest.skip("the shipped table is for Python 3.11")
    nvidia_smi(body)
    status, out, _ = spaceport("--json", "--yes")
    error = lines(out)[0]["error"]
    assert (status, error["code"]) == (1, code)
    assert error["message"].endswith(".") and error["remedy"].endswith(".")


def test_unverified_packages_are_named_and_refused(
    server: Server, tmp_path: Path, home: Path
) -> None:
    made = recipe(server, {PAYLOAD: large(PAYLOAD, 50)})
    made["files"][0] |= {"sha256": None}
    status, out, err = spaceport("--recipes", table(tmp_path, made), "--yes")
    assert status == 1 and "nobody publishes its checksum" in out
    assert "--accept-unverified" in err and not home.exists()


def test_kinds_of_wrong_use(home: Path) -> None:
    assert spaceport("--back", "--remove")[0] == 2
    status, _, err = spaceport("--back")
    assert status == 1 and "No GPU engine is set up" in err
    assert spaceport("--remove", "--yes")[0] == 0


def test_killed_in_the_middle_it_goes_on(server: Server, tmp_path: Path, home: Path) -> None:
    """kill -9 while it fetches; the same command goes on by a range and ends well."""
    data = large(PAYLOAD, 100)
    given = table(tmp_path, recipe(server, {PAYLOAD: data}))
    held, half = threading.Event(), threading.Event()

    def stop_halfway(path: str, sent: int) -> bool:
        if sent == 50_000 and not held.is_set():
            half.set()
            held.wait(60.0)
        return True

    server.before_block = stop_halfway
    process = start("--recipes", given, "--yes")
    try:
        assert half.wait(60.0)
        process.kill()
        process.communicate()
    finally:
        held.set()
        process.kill()
    left = sum(path.stat().st_size for path in places.downloads(home).iterdir())
    assert left <= 50_000 and installed_engine.current() is None
    status, out, _ = spaceport("--recipes", given, "--yes")
    assert status == 0 and "works and is in use" in out
    assert len(server.asked) == 2
    assert server.asked[-1][1] == (f"bytes={left}-" if left else "")
    engine = installed_engine.current()
    assert engine is not None and engine.trouble == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_keeps_what_was_fetched(server: Server, tmp_path: Path, home: Path) -> None:
    data = large(PAYLOAD, 100)
    held, half = threading.Event(), threading.Event()

    def stop_halfway(path: str, sent: int) -> bool:
        if sent == 50_000:
            half.set()
            held.wait(60.0)
        return True

    server.before_block = stop_halfway
    process = start("--recipes", table(tmp_path, recipe(server, {PAYLOAD: data})), "--yes")
    try:
        assert half.wait(60.0)
        process.send_signal(2)
        held.set()
        _, err = process.communicate(timeout=60)
    finally:
        held.set()
        process.kill()
    assert process.returncode == 130 and "goes on from there" in err
    assert installed_engine.current() is None
