"""Processes that never outlive their parent, and ending all that they started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any

import psutil

from spaceport_app.pipeline.environment import neutral_folder

_PR_SET_PDEATHSIG = 1
_STEPS_BACK = 5
PARENT_VARIABLE = "SPACEPORT_PARENT"
TOKEN_VARIABLE = "SPACEPORT_RUN"


def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    token: str,
    errors: IO[str] | None = None,
) -> subprocess.Popen[str]:
    """Start a process at the head of its own group, with a text pipe for its output.

    A Ctrl-C in the terminal does not reach it; `end` ends it with all that it started. Its
    errors go to the file `errors`, or else where ours go. It works in a folder of Python's, never
    in ours, which may be full of somebody else's files: paths handed to it must be absolute.
    """
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=neutral_folder(),
        env={**environment, PARENT_VARIABLE: str(os.getpid()), TOKEN_VARIABLE: token},
        encoding="utf-8",
        errors="replace",
        **options,
    )
    if sys.platform == "win32":
        from spaceport_app.pipeline import windows_job

        windows_job.hold(process)
    return process


def step_back() -> None:
    """Let everything else on this computer go first; for a stage's process to call first.

    Stages use all cores for hours. On a computer that has nothing else to do they are as fast
    as ever; what a person does there, in Spaceport's window too, stays smooth.
    """
    if sys.platform == "win32":
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        with contextlib.suppress(OSError):
            os.nice(_STEPS_BACK)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends; for the child to call first.

    On Linux the signal comes when the *thread* that started the child ends, so a runner lives
    in one thread for as long as its stage. On Windows the runner's job object does it. A child
    that was started by hand, without a runner, is left alone.
    """
    parent = os.environ.get(PARENT_VARIABLE)
    if sys.platform != "linux" or parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have ended before the kernel knew of our wish.
    if os.getppid() != int(parent):
        os._exit(1)


def end(process: subprocess.Popen[str], grace_s: float = 2.0) -> None:
    """End a process and its whole group: politely, then, after `grace_s`, by force."""
    if sys.platform != "win32":
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    finish(process)


def finish(process: subprocess.Popen[str]) -> int:
    """Kill whatever is left of a process' group, wait for it, and return its exit status."""
    if sys.platform == "win32":
        from spaceport_app.pipeline import windows_job

        windows_job.end(process)
    else:
        _signal_group(process.pid, signal.SIGKILL)
    return process.wait()


def end_leftovers(token: str) -> int:
    """Kill the processes that a killed run has left; return how many there were.

    They are known by `token` in their environment, never by number: numbers are used again.
    """
    left = [process for process in psutil.process_iter() if _has(process, token)]
    for process in left:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(left, timeout=2.0)
    return len(left)


def _has(process: psutil.Process, token: str) -> bool:
    try:
        return bool(token) and process.environ().get(TOKEN_VARIABLE) == token
    except (psutil.Error, OSError):
        return False


def _signal_group(group: int, number: int) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
