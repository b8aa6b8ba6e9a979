"""The computer kept from falling asleep while stages run."""

from __future__ import annotations

import ctypes
import logging
import subprocess
import sys
import threading

from spaceport_app import programs

# https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setthreadexecutionstate
_ES_CONTINUOUS = 0x80000000
_ES_SYSTEM_REQUIRED = 0x00000001

_log = logging.getLogger(__name__)


class Awake:
    """Asks the system not to sleep from `keep` to `release`; nothing happens where it cannot."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._starting: threading.Thread | None = None
        self._asked = False

    def keep(self) -> None:
        """Ask; a second call changes nothing."""
        if self._asked:
            return
        self._asked = True
        if sys.platform == "win32":
            ctypes.windll.kernel32.SetThreadExecutionState(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED)
            return
        command = _command()
        if command is None:
            return
        # Off the GUI thread: on a busy computer, starting a program takes up to a second.
        self._starting = threading.Thread(target=self._start, args=(command,), name="awake")
        self._starting.start()

    def release(self) -> None:
        """Let the computer sleep again."""
        if not self._asked:
            return
        self._asked = False
        if sys.platform == "win32":
            ctypes.windll.kernel32.SetThreadExecutionState(_ES_CONTINUOUS)
            return
        if self._starting is not None:
            self._starting.join()
            self._starting = None
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, command: list[str]) -> None:
        try:
            # It waits for the end of its input, which comes with our own end, however that is.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            _log.warning("sleep could not be held off: %s", error)


def _command() -> list[str] | None:
    # It runs as long as its own input is open.
    waiting = programs.find("cat")
    if waiting is None:
        return None
    if sys.platform == "darwin":
        keeper = programs.find("caffeinate")
        return None if keeper is None else [str(keeper), "-i", str(waiting)]
    keeper = programs.find("systemd-inhibit")
    if keeper is None:
        return None
    why = ["--who=Spaceport", "--why=Photos are being processed", "--mode=block"]
    return [str(keeper), "--what=idle:sleep", *why, str(waiting)]
