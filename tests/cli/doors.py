"""The command line as a person or script meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "pipeline" / "small"

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="signals of Linux")


class Spaceport:
    """The command line as a person or script starts it, in a folder of its own."""

    def __init__(self, folder: Path, stages: bool) -> None:
        self.folder = folder
        self.environment = {**os.environ, "COLUMNS": "100", "TERM": "dumb"}
        paths = [str(ROOT)]
        if stages:
            self.environment["SPACEPORT_STAGES"] = "small_stages:STAGES"
            paths.append(str(SMALL))
        self.environment["PYTHONPATH"] = os.pathsep.join(paths)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "spaceport_app", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            **options,
        )
        self.started.append(process)
        return process

    def __call__(self, *arguments: object, **options: Any) -> Ended:
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=240)
        assert "Traceback" not in err, err
        return Ended(process.returncode, out, err)


class Ended:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def workers(folder: Path) -> list[psutil.Process]:
    """The living processes that work for a project of ours: known by its path."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if "spaceport_app.pipeline.child" in words and str(folder) in words:
                found.append(process)
        except psutil.Error:
            continue
    return found


def letters(project: Path) -> int:
    value: int = json.loads((project / "count" / "count.json").read_text())["letters"]
    return value


def rounds(project: Path) -> int:
    try:
        value: int = json.loads((project / ".count.scratch" / "state.json").read_text())[0]
    except (OSError, ValueError):
        return 0
    return value


def clean(project: Path) -> bool:
    """Nothing lies about that a finished run should have removed."""
    left = {path.name for path in project.iterdir()}
    return left == {".lock", "count", "logs", "packed", "project.json", "texts"}
