"""Frames a second of the splat view, in a real window of 1280 x 720.

    python tests/benchmarks/bench_splat_view.py [--gaussians 100000 1000000] [--seconds 6]

Where there is no display, or with --software, it starts Xvfb and measures software OpenGL. The
camera circles over a made-up landscape at the height where it fills the picture.

- moving: frames shown a second while the camera moves with every event, with the part of the
  Gaussians and of the resolution that the view chose;
- at rest: from the last movement to the full picture, and the longest time for which the
  window took no events meanwhile;
- whole: one full picture at once, what every frame would cost without adapting.
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

WIDTH, HEIGHT = 1280, 720


def landscape(count: int, side: float = 200.0):
    """Return flat Gaussians on hills, as training on aerial photos leaves them."""
    from spaceport_app.splats.model import Splats

    r = np.random.default_rng(1)
    xy = r.uniform(-side / 2, side / 2, (count, 2))
    z = 4.0 * np.sin(xy[:, 0] / 15) * np.cos(xy[:, 1] / 21) + r.normal(0.0, 0.15, count)
    spacing = side / np.sqrt(count)
    scales = spacing * np.array([0.9, 0.6, 0.2]) * np.exp(r.normal(0.0, 0.5, (count, 3)))
    turn = r.uniform(0, np.pi, count)
    quaternions = np.stack([np.cos(turn), 0 * turn, 0 * turn, np.sin(turn)], 1)
    arrays = (
        np.column_stack([xy, z]),
        np.log(scales),
        quaternions,
        r.normal(0.5, 1.5, count),
        r.normal(0.0, 0.25, (count, 16, 3)),
    )
    return Splats(*(a.astype(np.float32) for a in arrays))


def measure(count: int, seconds: float) -> str:
    """Return one row of the table."""
    import waiting
    from OpenGL import GL
    from PySide6.QtWidgets import QApplication

    from spaceport_app.gui.splat.canvas import SplatCanvas
    from spaceport_app.gui.splat.packing import pack
    from spaceport_app.gui.splat.sorting import SortRequest, sort

    canvas = SplatCanvas()
    canvas.resize(WIDTH, HEIGHT)
    canvas.show()
    waiting.until(canvas.isValid, "OpenGL is there")
    canvas.set_scene(pack(landscape(count)), look_at_it=True)
    finished: list[float] = []
    canvas.refined.connect(lambda part: finished.append(part) if part == 1.0 else None)
    waiting.until(lambda: finished, "the first picture is there", 120)

    frames = 0

    def swapped() -> None:
        nonlocal frames
        frames += 1

    canvas.frameSwapped.connect(swapped)
    canvas.navigator.distance *= 0.5
    end = time.perf_counter() + 1.5  # For the view to find its pace.
    while time.perf_counter() < end:
        canvas.navigator.orbit(0.01, 0.0)
        canvas.changed()
        QApplication.processEvents()
    frames, started, spent = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() < started + seconds:
        canvas.navigator.orbit(0.01, 0.0)
        canvas.changed()
        QApplication.processEvents()
    moving = frames / (time.perf_counter() - started)
    spent = (time.process_time() - spent) / max(frames, 1)
    detail = canvas.pace.detail
    order = canvas.item.order
    share = len(order.indices) / count

    finished.clear()
    started = latest = time.perf_counter()
    longest = 0.0
    while not finished:
        QApplication.processEvents()
        now = time.perf_counter()
        longest, latest = max(longest, now - latest), now
    rest = latest - started

    canvas.makeCurrent()
    canvas.item.take_order(sort(SortRequest(canvas.scene, canvas.navigator.view_matrix(), count)))
    whole = []
    for _ in range(3):
        started = time.perf_counter()
        canvas.item.draw_now(canvas.camera())
        whole.append(time.perf_counter() - started)
    renderer = GL.glGetString(GL.GL_RENDERER).decode()
    canvas.doneCurrent()
    waiting.ended(canvas)
    return (
        f"| {count:>9,} | {moving:6.1f} | {1000 * spent:5.0f} ms | {share:5.0%} "
        f"| {detail.scale:5.0%} | {rest:5.2f} s | {1000 * longest:4.0f} ms "
        f"| {1 / min(whole):6.2f} | {renderer} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaussians", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--software", action="store_true")
    arguments = parser.parse_args()
    if sys.platform == "linux" and (arguments.software or "DISPLAY" not in os.environ):
        import xvfb

        xvfb.run_again(__file__)
        return
    from PySide6.QtWidgets import QApplication

    application = QApplication(sys.argv[:1])
    print(
        "| Gaussians | frames/s moving | CPU a frame | drawn | resolution | full picture after ",
        end="",
    )
    print("| longest stall | whole frames/s | OpenGL")
    for count in arguments.gaussians:
        print(measure(count, arguments.seconds), flush=True)
    application.quit()


if __name__ == "__main__":
    main()
