"""What this machine's arithmetic and memory could give, and what a training step asks of them.

A roofline (Williams, Waterman and Patterson 2009) for each part of a step: the time that its
instructions need if the units never wait, and the time that its bytes need at the bandwidth of
a triad; the longer of the two bounds it. Operations were counted in the source and checked
against the assembler of the two inner loops; a fused multiply-add is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from numba import prange

from spaceport_app.splats.engines.cpu import compositing, tiles
from spaceport_app.splats.engines.cpu.compiled import F32, parallel
from spaceport_app.splats.engines.rows import SH, width

_LANES = 96
"""Independent sums: enough that no multiply-add waits for the one before."""
_TURNS = 400_000
_TRIAD = 16_000_000
_ROUNDS = 40

# Instructions of one vector of 8 pixels, from the assembler of the inner loops; a division keeps
# its unit for as long as five others.
_FORWARD = 26
_BACKWARD = 46
# Instructions of one value of the picture: 5 + 5 + 3 + 3 blurs of 11, products, derivatives.
_LOSS = 225 / 8
# Scalar instructions of a Gaussian, with 20 for an exponential and 9 for a division or root:
# camera, Jacobian, rotation, axes, ellipse, direction, harmonics of degree 3, colour.
_PROJECT = 465
# Projection again, chain rule, harmonics and their derivative; 8 vectors of Adam with a root
# and a division each; and the random push, which about half of the scene's Gaussians get.
_UPDATE = 627 + 240 + 143 + 140
# Two roots and about 30 other operations for each tile column that a box covers.
_COLUMN = 45


@parallel
def _multiply_add(turns: int, out: F32) -> None:
    for worker in prange(out.shape[0]):
        sums = np.empty(_LANES, np.float32)
        for x in range(_LANES):
            sums[x] = np.float32(x)
        for _ in range(turns):
            for x in range(_LANES):
                sums[x] = sums[x] * np.float32(0.999) + np.float32(0.001)
        total = np.float32(0.0)
        for x in range(_LANES):
            total += sums[x]
        out[worker] = total


@parallel
def _powers(turns: int, out: F32) -> None:
    for worker in prange(out.shape[0]):
        values = np.empty(_LANES, np.float32)
        for x in range(_LANES):
            values[x] = np.float32(x) * np.float32(0.01)
        for _ in range(turns):
            for x in range(_LANES):
                values[x] = compositing._exp2(values[x]) - np.float32(1.0)
        total = np.float32(0.0)
        for x in range(_LANES):
            total += values[x]
        out[worker] = total


@parallel
def _triad(a: F32, b: F32, c: F32) -> None:
    for i in prange(a.shape[0]):
        a[i] = b[i] + np.float32(3.0) * c[i]


@dataclass(frozen=True)
class Peaks:
    """Rates of `threads` threads: of instructions, in 1e9 a second, and of bytes, in GB/s."""

    threads: int
    instructions: float
    powers: float
    bandwidth: float

    def __str__(self) -> str:
        return (
            f"{self.threads} thread{'s' if self.threads > 1 else ''}: multiply-add "
            f"{2 * tiles.WIDTH * self.instructions:.0f} GFLOP/s ({self.instructions:.1f}e9 vectors "
            f"of {tiles.WIDTH} a second), 2^x {self.powers:.1f}e9 a second, triad "
            f"{self.bandwidth:.1f} GB/s"
        )


def _least(call: Callable[[], object]) -> float:
    call()
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def peaks(threads: int) -> Peaks:
    """Measure the peaks: the best of many short rounds, since the machine may be shared."""
    numba.set_num_threads(threads)
    out = np.empty(threads, np.float32)
    a, b, c = (np.ones(_TRIAD, np.float32) for _ in range(3))
    lanes = 1e-9 * threads * _TURNS * _LANES
    powers = lanes / 8 / _least(lambda: _powers(_TURNS // 8, out))
    instructions = lanes / tiles.WIDTH / _least(lambda: _multiply_add(_TURNS, out))
    # A cache line that is written is read first: four streams.
    bandwidth = 1e-9 * 16 * _TRIAD / _least(lambda: _triad(a, b, c))
    return Peaks(threads, instructions, powers, bandwidth)


@dataclass(frozen=True)
class Work:
    """What a step of a scene has to do."""

    gaussians: int
    visible: int
    boxes: int
    entries: int
    rows: int
    pixels: int

    def parts(self) -> dict[str, tuple[float, float]]:
        """Return each part's instructions and bytes; a written line counts twice."""
        row = 4 * width(16)
        used = 4 * (SH + 48)
        column = self.boxes / 1.7
        return {
            "projection": (self.gaussians * _PROJECT, self.gaussians * (used + 2 * 64 + 2 * 8)),
            "sort and lists": (
                column * _COLUMN + self.visible * 3 * 12 + self.entries * 2 * 8,
                self.gaussians * (64 + 4 + 4 * 8 + 2 * 4)
                + self.visible * 3 * (4 + 4 + 8)
                + self.entries * (2 * 4 + 2 * 4 + 2 * 16),
            ),
            "forward": (
                self.rows * _FORWARD,
                self.entries * (16 + 64) + self.pixels * 2 * (12 + 8),
            ),
            "loss": (3 * self.pixels * _LOSS, 3 * self.pixels * (1 + 4 * (2 + 2 + 6 + 5 + 2))),
            "backward": (
                self.rows * _BACKWARD,
                self.entries * (16 + 64 + 2 * 4 * compositing.GRADIENTS) + self.pixels * (12 + 8),
            ),
            "update": (
                self.visible * _UPDATE,
                self.visible * (6 * row + 64 + 12 + 16) + self.entries * 4 * compositing.GRADIENTS,
            ),
        }


def table(work: Work, peak: Peaks, measured: dict[str, float]) -> list[str]:
    """Return lines: what each part is bound by, in CPU ms, and how near to it it is.

    `measured` are CPU seconds of all threads; the bound is counted likewise.
    """
    lines = [f"  {'':15s} arithmetic  memory  measured  of the bound"]
    whole = 0.0
    for part, (instructions, size) in work.parts().items():
        arithmetic = instructions / (1e9 * peak.instructions) * peak.threads
        memory = size / (1e9 * peak.bandwidth) * peak.threads
        bound = max(arithmetic, memory)
        whole += bound
        lines.append(
            f"  {part:15s} {1e3 * arithmetic:10.1f} {1e3 * memory:7.1f} "
            f"{1e3 * measured[part]:9.1f} {100 * bound / measured[part]:8.0f} % "
            f"({'arithmetic' if arithmetic > memory else 'memory'})"
        )
    together = sum(measured.values())
    lines.append(
        f"  {'together':15s} {1e3 * whole:18.1f} {1e3 * together:9.1f} "
        f"{100 * whole / together:8.0f} %"
    )
    return lines
