"""The ``spaceport`` command as a person starts it, with a time limit and what it said."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 150.0
"""Time for one command: many times what it takes on a busy computer."""

_PROGRAMMER = re.compile(
    r"Traceback|Something went wrong inside|\b[A-Z][A-Za-z]*(Error|Exception)\b|\[Errno|<class '"
)


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Parameters
    ----------
    hung : bool
        It was over its time and had to be killed.
    """

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float
    hung: bool = False

    @property
    def lines(self) -> list[Any]:
        """What stands on standard output as JSON, line by line."""
        found = []
        for line in self.out.splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [one for one in found if isinstance(one, dict)]

    @property
    def report(self) -> Mapping[str, Any]:
        """Return the last document: the report of a run, or the failure."""
        return self.lines[-1] if self.lines else {}

    @property
    def error(self) -> Mapping[str, Any]:
        """Return code, message and remedy of a failure."""
        found = self.report.get("error")
        return found if isinstance(found, dict) else {}

    @property
    def ran(self) -> Mapping[str, str]:
        """Return how each stage ended."""
        found = self.report.get("ran")
        return found if isinstance(found, dict) else {}

    def untyped(self) -> str:
        """Return what it said that no person understands, or nothing."""
        for text in (self.out, self.err):
            found = _PROGRAMMER.search(text)
            if found:
                around = text[max(0, found.start() - 80) : found.end() + 300]
                return " ".join(around.split())[-380:]
        if self.code in (0, 130):
            return ""
        if self.code not in (1, 2, 3):
            return f"exit code {self.code}: {self.err[-300:]}"
        error = self.error
        if not error:
            return f"exit code {self.code} without a reason: {(self.out + self.err)[-300:]}"
        if error.get("code") in ("internal", "crashed"):
            return str(error.get("message"))
        if not error.get("message") or not error.get("remedy"):
            return f"no sentence or remedy: {error}"
        return ""


class Started:
    """A command under way; what it says goes to files, which no leftover process holds up."""

    def __init__(self, words: Sequence[object], process: subprocess.Popen[str], said: Path) -> None:
        self.words = tuple(map(str, words))
        self.process = process
        self.began = time.monotonic()
        self._out, self._err = said.with_suffix(".out"), said.with_suffix(".err")

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def send(self, number: int = signal.SIGKILL) -> None:
        """Send a signal, unless it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def events(self) -> list[str]:
        """Return the lines it has written so far."""
        return self._out.read_text(encoding="utf-8", errors="replace").splitlines()

    def until(self, event: str, more: int = 0) -> None:
        """Wait until it wrote a line that holds `event`, and `more` lines after that."""
        while not self.over and time.monotonic() - self.began < LIMIT_S:
            lines = self.events()
            at = next((n for n, line in enumerate(lines) if event in line), None)
            if at is not None and len(lines) > at + more:
                return
            time.sleep(0.02)

    def wait(self, seconds: float) -> None:
        """Wait, but not for longer than it works."""
        end = time.monotonic() + seconds
        while not self.over and time.monotonic() < end:
            time.sleep(0.01)

    def finish(self, limit_s: float = LIMIT_S) -> Ended:
        """Wait for its end; one over its time is killed with all that it started."""
        hung = False
        try:
            self.process.wait(max(0.1, self.began + limit_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            hung = True
            kill_tree(self.process.pid)
            self.process.wait()
        out = self._out.read_text(encoding="utf-8", errors="replace")
        err = self._err.read_text(encoding="utf-8", errors="replace")
        seconds = time.monotonic() - self.began
        return Ended(self.words, self.process.returncode, out, err, seconds, hung)


@dataclass
class Doing:
    """Starts commands in one environment.

    Parameters
    ----------
    said : Path
        Folder for what they say.
    before : sequence of str
        Words before each command, as for ``setpriv``.
    limits : mapping
        Limits of the system by their number in `resource`.
    """

    folder: Path
    said: Path
    environment: dict[str, str]
    before: Sequence[str] = ()
    limits: Mapping[int, int] = field(default_factory=dict)

    def start(self, *words: object, **more: str) -> Started:
        """Start a command."""
        return self.program(["-m", "spaceport_app", *map(str, words)], words, **more)

    def program(self, command: Sequence[str], words: Sequence[object], **more: str) -> Started:
        """Start another program of Python."""

        said = self.said / uuid4().hex
        with said.with_suffix(".out").open("w") as out, said.with_suffix(".err").open("w") as err:
            process = subprocess.Popen(
                [*self.before, sys.executable, *command],
                cwd=self.folder,
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                encoding="utf-8",
                start_new_session=True,
            )
        for kind, most in self.limits.items():
            import resource

            # While it still starts: what it needs to start is no matter of Spaceport's.
            resource.prlimit(process.pid, kind, (most, most))
        return Started(words, process, said)

    def __call__(self, *words: object, limit_s: float = LIMIT_S, **more: str) -> Ended:
        """Run a command to its end."""
        return self.start(*words, **more).finish(limit_s)


def kill_tree(number: int) -> None:
    """Kill a process and all below it."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(number)
        for process in (*parent.children(recursive=True), parent):
            with contextlib.suppress(psutil.Error):
                process.kill()


def children(folder: Path) -> list[psutil.Process]:
    """Return the living processes that work for a project, known by its path."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if (
            any(word == str(folder) for word in words)
            and any("spaceport_app" in word for word in words)
            and process.info["status"] != psutil.STATUS_ZOMBIE
        ):
            found.append(process)
    return found


def environment(home: Path) -> dict[str, str]:
    """Return an environment whose results are the same each time, with a home of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPACEPORT_", "FAULTS_", "XDG_", "PYTEST_"))
    }
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "faults" / "hook"), str(ROOT)]),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "QT_QPA_PLATFORM": "offscreen",
        "COLUMNS": "200",
        "TERM": "dumb",
        # One thread: the same sums in the same order, so that results can be compared as bytes.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1",
    }
