"""Where the window's thread is when it holds up its timers.

A timer of the window beats; whenever a beat is overdue, a watching thread sends a signal, upon
which the window's thread notes where it is as soon as it runs Python. So every stall has a length
and the Python functions that it was spent in. (To look at the frames of one thread from another,
as ``sys._current_frames`` does, ends the process now and then.)
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import FrameType

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer

PERIOD_MS = 16
_LOOK_SECONDS = 0.008
_OVERDUE_SECONDS = 0.03
_DEEPEST = 4


@dataclass(frozen=True)
class Stall:
    """One time of `seconds` in which the window took no events while doing `phase`.

    For `worked` seconds of it the window's thread had a core; the rest it waited for one.
    """

    phase: str
    seconds: float
    worked: float
    where: str


class StallWatch(QObject):
    """Collects by how much each beat of a 16 ms timer came late, and why, phase by phase."""

    def __init__(self) -> None:
        super().__init__()
        self.stalls: list[Stall] = []
        self.late: dict[str, list[float]] = {}
        self.worked: dict[str, list[float]] = {}
        self._phase = "start"
        self._seen: Counter[str] = Counter()
        self._window = threading.get_ident()
        self._last = time.perf_counter()
        self._last_worked = time.thread_time()
        self._stopped = threading.Event()
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(PERIOD_MS)
        signal.signal(signal.SIGUSR1, self._note)
        self._thread = threading.Thread(target=self._watch, name="stall watch", daemon=True)
        self._thread.start()

    def enter(self, phase: str) -> None:
        """Count what comes from now on under this name."""
        self._phase = phase

    def stop(self) -> None:
        """End watching."""
        self._timer.stop()
        self._stopped.set()
        self._thread.join()

    def table(self) -> str:
        """Return a Markdown table of the lateness in each phase."""
        rows = [
            "| 16 ms timer, late by | p50 ms | p95 ms | p99 ms | worst ms | most work at once ms |",
            "|---|---|---|---|---|---|",
        ]
        for phase, late in self.late.items():
            p50, p95, p99 = np.percentile(late, (50, 95, 99))
            worked = max(self.worked[phase])
            rows.append(
                f"| {phase} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {max(late):.1f} | {worked:.1f} |"
            )
        return "\n".join(rows)

    def sources(self, longest: float = 0.05) -> str:
        """Return the stalls of more than `longest` seconds, the worst first."""
        worst = sorted((s for s in self.stalls if s.seconds > longest), key=lambda s: -s.seconds)
        return "\n".join(
            f"{1000 * s.seconds:5.0f} ms, at work {1000 * s.worked:4.0f} ms, {s.phase}: {s.where}"
            for s in worst
        )

    def _beat(self) -> None:
        now = time.perf_counter()
        late = max(0.0, now - self._last - PERIOD_MS / 1000)
        worked = time.thread_time() - self._last_worked
        self._last, self._last_worked = now, time.thread_time()
        self.worked.setdefault(self._phase, []).append(1000 * worked)
        self.late.setdefault(self._phase, []).append(1000 * late)
        if late > _OVERDUE_SECONDS:
            where = "; ".join(f"{n}x {w}" for w, n in self._seen.most_common(3))
            self.stalls.append(Stall(self._phase, late, worked, where or "outside of Python"))
        self._seen.clear()

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            if time.perf_counter() - self._last > _OVERDUE_SECONDS:
                signal.pthread_kill(self._window, signal.SIGUSR1)

    def _note(self, _: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_globals.get("__name__") != __name__:
            self._seen[_words(frame)] += 1


def _words(frame: FrameType | None) -> str:
    """Return the innermost functions of a stack, those of Spaceport before all others."""
    names: list[str] = []
    own = 0
    while frame is not None and own < _DEEPEST:
        name = str(frame.f_globals.get("__name__", "?"))
        if name.startswith("spaceport_app") or len(names) < _DEEPEST:
            names.append(
                f"{name.removeprefix('spaceport_app.')}.{frame.f_code.co_name}:{frame.f_lineno}"
            )
            own += name.startswith("spaceport_app")
        frame = frame.f_back
    return " < ".join(names)


_BARE = """
import json, sys, time
from PySide6.QtCore import QCoreApplication, Qt, QTimer
app = QCoreApplication([])
late, last = [], time.perf_counter()
def beat():
    global last
    now = time.perf_counter()
    late.append(max(0.0, 1000 * (now - last) - 16))
    last = now
timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
timer.timeout.connect(beat)
timer.start(16)
QTimer.singleShot(int(1000 * float(sys.argv[1])), app.quit)
app.exec()
print(json.dumps(late[5:]))
"""


def bare_timer(seconds: float) -> subprocess.Popen[str]:
    """Start a program that only has such a timer: what the computer itself makes late.

    It prints the lateness in milliseconds as JSON.
    """
    command = [sys.executable, "-c", _BARE, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
