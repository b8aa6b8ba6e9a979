"""How late the window's timers are while a run takes all cores, with 2,000 photos listed.

Run as ``python tests/benchmarks/bench_window.py [SECONDS]`` on a display (Xvfb will do). A 16 ms
timer stands for the frames of the window; its lateness is what a person feels as stutter.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView

sys.path.insert(0, str(Path(__file__).parents[2]))

from spaceport_app.gui import places
from spaceport_app.gui.app import make_application
from spaceport_app.gui.window import MainWindow

FLIGHT = Path(__file__).parents[2] / "resources" / "sample_flight"
PERIOD_MS = 16
LISTED = 2000


def wait(holds: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        QTest.qWait(20)


def lateness_ms(window: MainWindow, seconds: float, scroll: bool) -> np.ndarray:
    """Return by how many milliseconds each beat of a 16 ms timer came late."""
    late: list[float] = []
    last = time.perf_counter()
    view = window.workspace.photo_panel.findChild(QAbstractItemView)
    assert view is not None
    bar = view.verticalScrollBar()

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        late.append(max(0.0, (now - last) * 1000 - PERIOD_MS))
        last = now
        if scroll:
            bar.setValue((bar.value() + 40) % max(bar.maximum(), 1))

    timer = QTimer(timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(beat)
    timer.start(PERIOD_MS)
    QTest.qWait(int(seconds * 1000))
    timer.stop()
    return np.array(late[5:])


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    make_application()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places.settings_folder = lambda: folder / "settings"
        places.projects_folder = lambda: folder / "projects"
        window = MainWindow()
        window.resize(1440, 880)
        window.show()
        window.take([FLIGHT])
        wait(lambda: window.session.photos is not None, 120)
        wait(lambda: not window.workspace.running(), 30)
        found = window.session.photos
        assert found is not None
        many = tuple(
            replace(found.photos[k % len(found.photos)], name=f"{k:04}.JPG") for k in range(LISTED)
        )
        window.session.take_photos(replace(found, photos=many))
        QTest.qWait(3000)
        rows = [("at rest", lateness_ms(window, seconds / 2, False))]
        panel = window.workspace.stage_panel
        wait(panel.can_start, 30)
        panel.start()
        QTest.qWait(5000)
        rows.append(("run on all cores", lateness_ms(window, seconds, False)))
        rows.append(("run on all cores, list scrolled", lateness_ms(window, seconds, True)))
        assert panel.running()
        memory = psutil.Process().memory_info().rss / 1e6
        load = psutil.getloadavg()[0]
        window.leave()
    print(
        f"{psutil.cpu_count()} cores, load {load:.1f}; window with {LISTED} photos: {memory:.0f} MB"
    )
    print("| 16 ms timer, late by | p50 ms | p95 ms | p99 ms | worst ms |")
    print("|---|---|---|---|---|")
    for words, late in rows:
        p50, p95, p99 = np.percentile(late, (50, 95, 99))
        print(f"| {words} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {late.max():.1f} |")


if __name__ == "__main__":
    main()
