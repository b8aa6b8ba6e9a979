"""A hundred inputs a reader, the same each time; by hand there may be thousands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .readers import READERS

ROOT = Path(__file__).resolve().parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="cases are forked, with limits of Linux")


@pytest.fixture(scope="module")
def found(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, dict[str, Any]]]:
    """What came of all readers that are asked for, attacked in a process without threads."""
    wanted = {
        item.callspec.params["name"]
        for item in request.session.items
        if getattr(item, "originalname", "") == "test_a_reader" and hasattr(item, "callspec")
    }
    folder = tmp_path_factory.mktemp("fuzz")
    words = [word for name in sorted(wanted) for word in ("--reader", name)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz", "--cases", "100", "--jobs", "2", "--json"),
            *("--kept", str(folder / "found"), *words),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr[-3000:]
    yield {one["reader"]: one for one in map(json.loads, done.stdout.splitlines())}


@LINUX
@pytest.mark.parametrize("name", [reader.name for reader in READERS])
def test_a_reader(name: str, found: dict[str, dict[str, Any]]) -> None:
    one = found[name]
    faults = [
        f"{fault['count']} x {key}\n"
        f"    python -m tests.fuzz --reader {name!r} --repeat {fault['example']}"
        for key, fault in one["faults"].items()
    ]
    assert not faults, "\n".join(faults)
    assert one["tried"] >= 100
    assert one["good"] >= 1, "it takes none of the good inputs: what is attacked is no reader"
