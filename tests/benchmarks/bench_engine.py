"""What one training step costs on the processor, as a whole and part by part.

    python tests/benchmarks/bench_engine.py [--threads 1 2] [--rounds 20] [--scene 50k 200k]
                                             [--roofline]

The scenes have the counts and the contributing pairs a pixel (alpha at least 1/255, before the
pixel is full) at which OpenSplat 1.2.0 was measured: 640x472, SH 3; it took 0.77 and 1.74 CPU
seconds a step with 2 threads on 2 EPYC cores. CPU time is user + system of all threads.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

# As in the program's own processes, and before OpenMP is loaded: threads that wait don't spin.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import roofline

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import LearningRates, StepSettings, TrainingView
from spaceport_app.splats.engines.cpu import compositing, loss, projection, tiles, update
from spaceport_app.splats.engines.cpu import screen as columns
from spaceport_app.splats.engines.cpu.engine import CpuEngine
from spaceport_app.splats.engines.cpu.rasteriser import Rasteriser
from spaceport_app.splats.model import Splats

WIDTH, HEIGHT = 640, 472
SCENES = {"50k": (50_000, 61.0), "200k": (200_000, 116.0)}
PARTS = {
    "projection": (projection, ("project",)),
    "sort and lists": (tiles, ("depth_order", "find_entries", "fill_lists")),
    "forward": (compositing, ("forward",)),
    "loss": (loss, ("unpack", "similarity", "gradient")),
    "backward": (compositing, ("backward",)),
    "update": (update, ("adam_step",)),
}
STEP = "whole step"


def scene(count: int, factor: float) -> tuple[Splats, Camera]:
    """Gaussians all over the picture, long and round, faint and dense, 5 to 15 m away."""
    r = np.random.default_rng(7)
    focal = 0.85 * WIDTH
    camera = Camera(WIDTH, HEIGHT, focal, focal, WIDTH / 2, HEIGHT / 2, np.eye(4))
    z = r.uniform(5.0, 15.0, count)
    x = r.uniform(-10, WIDTH + 10, count)
    y = r.uniform(-10, HEIGHT + 10, count)
    means = np.stack([(x - WIDTH / 2) * z / focal, (y - HEIGHT / 2) * z / focal, z], 1)
    spacing = np.sqrt(WIDTH * HEIGHT / count) * z / focal
    scales = factor * spacing[:, None] * np.exp(r.normal(0.0, 0.6, (count, 3)))
    arrays = (
        means,
        np.log(scales),
        r.normal(0.0, 1.0, (count, 4)),
        r.normal(-2.2, 1.0, count),
        r.normal(0.0, 0.2, (count, 16, 3)),
    )
    return Splats(*(a.astype(np.float32) for a in arrays)), camera


def pairs_a_pixel(engine: CpuEngine, camera: Camera) -> float:
    """Count contributing pairs with numpy, tile by tile, from the engine's own lists."""
    rasteriser: Rasteriser = engine._rasteriser
    engine.render(camera)
    total = 0
    py, px = np.mgrid[0 : tiles.HEIGHT, 0 : tiles.WIDTH]
    across, _ = tiles.grid(WIDTH, HEIGHT)
    numbers = len(rasteriser._starts) - 1
    sample = range(0, numbers, 7)
    pixels = 0
    for tile in sample:
        left, top = tile % across * tiles.WIDTH, tile // across * tiles.HEIGHT
        inside = (left + px < WIDTH) & (top + py < HEIGHT)
        pixels += int(inside.sum())
        last = rasteriser._ends[tile, tiles.PIXELS :].reshape(px.shape)
        begin, end = rasteriser._starts[tile], rasteriser._starts[tile + 1]
        s = rasteriser.screen[rasteriser._lists[begin:end, tiles.GAUSSIAN], : columns.EXTENT_X]
        s = s.astype(np.float64)[:, :, None, None]
        dy = s[:, columns.Y] - top - 0.5 - py
        u = s[:, columns.X] - left - 0.5 - px - s[:, columns.SLOPE] * dy
        e = s[:, columns.LOG2_OPACITY] + s[:, columns.Q1] * u * u
        e = e + s[:, columns.Q2] * dy * dy
        taken = (e >= np.log2(projection.MINIMUM_ALPHA)) & inside
        total += int((taken & (np.arange(end - begin)[:, None, None] <= last)).sum())
    return total / pixels


def find_factor(count: int, wanted: float) -> float:
    """Find the size of Gaussians at which the picture has `wanted` pairs a pixel."""
    low, high = 0.1, 3.0
    engine = CpuEngine()
    for _ in range(7):
        middle = np.sqrt(low * high)
        splats, camera = scene(count, middle)
        engine.load(splats)
        if pairs_a_pixel(engine, camera) < wanted:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))


def forget_peak() -> None:
    """Let the process's peak memory begin anew, where Linux offers that."""
    gc.collect()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> float:
    """Return the process's peak memory in MB, Python, torch and Numba included."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float("nan")


def timed(times: dict[str, list[float]], name: str, function: Callable[..., object]):
    """Return `function`, adding its CPU and wall seconds to ``times[name]``."""

    def call(*arguments):
        wall, cpu = time.perf_counter(), time.process_time()
        result = function(*arguments)
        times[name][0] += time.process_time() - cpu
        times[name][1] += time.perf_counter() - wall
        return result

    return call


def work_of(engine: CpuEngine) -> roofline.Work:
    """Return what the last picture needed."""
    rasteriser: Rasteriser = engine._rasteriser
    entries = int(rasteriser._starts[-1])
    spans = rasteriser._lists[:entries, tiles.SPAN]
    bounds = rasteriser._bounds
    return roofline.Work(
        len(bounds),
        rasteriser.visible,
        int(bounds.sum()),
        entries,
        int((spans % tiles.HEIGHT - spans // tiles.HEIGHT + 1).sum()),
        WIDTH * HEIGHT,
    )


def measure(name: str, threads: list[int], rounds: int, factor: float, bounds: bool) -> None:
    """Print what a step costs, the least of rounds in which the thread counts take turns."""
    count, _ = SCENES[name]
    splats, camera = scene(count, factor)
    engine = CpuEngine(threads=max(threads))
    engine.load(splats)
    del splats
    target = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    view = TrainingView(camera, target, 0)
    # Rates next to nothing: the scene, and with it the work, stays the same.
    rates = LearningRates(*([1e-12] * 6))

    def step(i: int) -> None:
        engine.step(view, StepSettings(i, 3, rates, screen_gradients=True, noise=5e5))

    forget_peak()
    start = time.perf_counter()
    step(0)
    first = time.perf_counter() - start
    step(1)
    peak = peak_memory()
    pairs = pairs_a_pixel(engine, camera)
    times = {part: [0.0, 0.0] for part in PARTS}
    for part, (module, functions) in PARTS.items():
        for function in functions:
            setattr(module, function, timed(times, part, getattr(module, function)))
    whole = timed(times, STEP, step)
    least = {t: {part: [np.inf, np.inf] for part in (*PARTS, STEP)} for t in threads}
    load = os.getloadavg()[0]
    for i in range(rounds):
        for t in threads:
            engine._threads = t
            times.update({part: [0.0, 0.0] for part in (*PARTS, STEP)})
            whole(i)
            for part, both in times.items():
                least[t][part] = np.minimum(least[t][part], both)
    work = work_of(engine)
    print(
        f"{name}: {pairs:.0f} pairs a pixel, {work.entries / 1000:.0f}k tile entries; peak memory "
        f"{peak:.0f} MB; first step {first:.1f} s; least of {rounds} rounds, load average "
        f"{load:.1f} to {os.getloadavg()[0]:.1f}"
    )
    print(f"  {'':15s}" + "".join(f"   {t} thr. CPU ms  wall ms" for t in threads))
    for part in (*PARTS, STEP):
        figures = "".join(
            f"{1e3 * c:15.1f} {1e3 * w:8.1f}" for c, w in (least[t][part] for t in threads)
        )
        ratio = least[threads[0]][part][1] / least[threads[-1]][part][1]
        print(f"  {part:15s}{figures}" + (f"  x {ratio:.2f}" if len(threads) > 1 else ""))
    for t in threads:
        cpu = 1e9 * least[t][STEP][0] / (pairs * WIDTH * HEIGHT)
        print(f"  {cpu:.2f} ns CPU a pair with {t} thread{'s' if t > 1 else ''}")
    if bounds:
        for t in threads:
            rates_of_machine = roofline.peaks(t)
            print(f"  {rates_of_machine}")
            cpu_seconds = {part: least[t][part][0] for part in PARTS}
            print("\n".join(roofline.table(work, rates_of_machine, cpu_seconds)))


def main() -> None:
    """Measure each scene in a process of its own, for its peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--scene", nargs="+", default=list(SCENES), choices=list(SCENES))
    parser.add_argument("--roofline", action="store_true", help="say what bounds each part")
    parser.add_argument("--factor", type=float, help="measure one scene of Gaussians this large")
    options = parser.parse_args()
    if options.factor is not None:
        name = options.scene[0]
        measure(name, options.threads, options.rounds, options.factor, options.roofline)
        return
    for name in options.scene:
        command = [sys.executable, __file__, "--scene", name, "--rounds", str(options.rounds)]
        command += ["--factor", str(find_factor(*SCENES[name]))]
        command += ["--threads", *map(str, options.threads)]
        command += ["--roofline"] * options.roofline
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
