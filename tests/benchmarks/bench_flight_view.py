"""Frames a second of the flight view, in a real window of 900 x 720.

    python tests/benchmarks/bench_flight_view.py [--points 100000 1000000] [--cameras 30 2000]

Where there is no display, or with --software, it starts Xvfb and measures software OpenGL. The
eye circles over a made-up flight, 125 times a second as a mouse moves it.

- moving: frames shown a second while the eye moves, at the level of detail that the view chose,
  0 for all;
- at rest: from the last movement to the whole picture, and the longest time for which the window
  took no events meanwhile;
- whole: one whole frame at once, what every frame would cost without adapting;
- pick: time to find the camera under the mouse.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "gui" / "splat")]


def flight(points: int, cameras: int):
    """Return a reconstruction with cameras in a square 40 m above hills."""
    from spaceport_app.gui.flight.scene import rotation
    from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View

    r = np.random.default_rng(1)
    row = int(np.ceil(np.sqrt(cameras)))
    side = 10.0 * row + 40.0
    xy = r.uniform(-side / 2, side / 2, (points, 2))
    z = 4.0 * np.sin(xy[:, 0] / 15) * np.cos(xy[:, 1] / 21)
    cloud = Cloud(
        np.column_stack([xy, z]),
        r.integers(0, 255, (points, 3), np.uint8),
        np.ones(points, np.float32),
        np.full(points, 3, np.int32),
    )
    views = []
    for number in range(cameras):
        centre = np.array([10.0 * (number % row - row / 2), 10.0 * (number // row - row / 2), 40.0])
        matrix = np.eye(4)
        matrix[:3, :3] = rotation(0.0, -90.0, 0.0).T
        matrix[:3, 3] = -matrix[:3, :3] @ centre
        name = f"{number:05d}.jpg"
        views.append(View(name, Path(name), 4000, 3000, 3e3, 3e3, 2e3, 1.5e3, matrix))
    georeference = Georeference((47.8, 11.2, 700.0), None, None, "gps", "", None, None, {})
    return Reconstruction(tuple(views), cloud, georeference, {})


def measure(points: int, cameras: int, seconds: float) -> str:
    """Return one row of the table."""
    import waiting
    from PySide6.QtCore import QEventLoop, QPointF, Qt, QTimer

    from spaceport_app.gui import graphics
    from spaceport_app.gui.flight import moving
    from spaceport_app.gui.flight.view import FlightView

    view = FlightView()
    view.resize(900, 720)
    view.set_reconstruction(flight(points, cameras))
    view.show()
    waiting.until(lambda: view._canvas is not None and view._scene is not None, "it is there")
    canvas = view._canvas
    assert canvas is not None
    frames = 0

    def shown() -> None:
        nonlocal frames
        frames += 1

    canvas.shown.connect(shown)

    def events(milliseconds: int) -> None:
        # Not by turning round and round, which would take a core from the thread that draws.
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, Qt.TimerType.PreciseTimer, loop.quit)
        loop.exec()

    def moved(while_it: float) -> tuple[float, float]:
        """Move as a mouse does; return frames a second and CPU seconds a frame."""
        nonlocal frames
        frames, started, spent = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() < started + while_it:
            canvas._move(moving.orbit(canvas.pose, 0.01, 0.0))
            events(8)
        rate = frames / (time.perf_counter() - started)
        return rate, (time.process_time() - spent) / max(frames, 1)

    moved(1.5)  # For the view to find its pace.
    rate, cost = moved(seconds)
    level = canvas.pace.level
    started = latest = time.perf_counter()
    longest = 0.0
    while not canvas.resting:
        events(1)
        now = time.perf_counter()
        longest, latest = max(longest, now - latest), now
    rest = latest - started
    frames, started = 0, time.perf_counter()
    while frames < 4:
        if canvas.resting:
            canvas.refresh()
        events(1)
    whole = (time.perf_counter() - started) / frames
    started = time.perf_counter()
    for _ in range(20):
        canvas.camera_at(QPointF(450.0, 300.0))
    pick = (time.perf_counter() - started) / 20
    view.stop()
    waiting.ended(view)
    return (
        f"| {points:>9,} | {cameras:>5,} | {rate:5.1f} | {1000 * cost:4.0f} ms | {level} "
        f"| {rest:5.2f} s | {1000 * longest:4.0f} ms | {1 / whole:5.1f} "
        f"| {1000 * pick:4.1f} ms | {graphics.name()} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--cameras", type=int, nargs="+", default=[30, 2000])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--software", action="store_true")
    arguments = parser.parse_args()
    if sys.platform == "linux" and (arguments.software or "DISPLAY" not in os.environ):
        import xvfb

        xvfb.run_again(__file__)
        return
    from PySide6.QtWidgets import QApplication

    from spaceport_app.gui import graphics

    graphics.set_default_format()
    application = QApplication(sys.argv[:1])
    print("| points | cameras | frames/s moving | CPU a frame | level ", end="")
    print("| whole after | longest stall | whole frames/s | pick | OpenGL")
    for points in arguments.points:
        for cameras in arguments.cameras:
            print(measure(points, cameras, arguments.seconds), flush=True)
    application.quit()


if __name__ == "__main__":
    main()
