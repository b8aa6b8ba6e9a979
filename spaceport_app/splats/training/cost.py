"""What training costs before it has run: seconds a step from pixels and Gaussians.

The constants were measured on two cores of a busy Xeon server; those of CUDA come from gsplat's
published training times (30,000 steps to a million Gaussians in 15 minutes on an A100). Another
computer differs by a factor, which a few steps there tell.
"""

from __future__ import annotations

import math

from spaceport_app.splats.training.options import TrainOptions

QUARTER_UNTIL, HALF_UNTIL = 0.05, 0.30
"""Parts of the steps until which pictures have a quarter and half of their full side."""

_GRID = 40
_FULL_SPEED_CORES = 8


def part_of_side(done: float) -> float:
    """Return the part of the pictures' full side that is in use when `done` of the steps are."""
    return 0.25 if done < QUARTER_UNTIL else 0.5 if done < HALF_UNTIL else 1.0


def wall_seconds(cpu_seconds: float, cores: int) -> float:
    """Return the wall time of work that spreads over cores; more of them help less and less."""
    # Of two cores 1.7 were at work on average.
    return cpu_seconds / (0.85 * min(cores, _FULL_SPEED_CORES))


def step_seconds(pixels: float, gaussians: float, device: str, cores: int) -> float:
    """Return the wall seconds of one training step.

    Parameters
    ----------
    pixels : float
        Of the picture that the step compares.
    gaussians : float
        Number of them in the scene.
    device : str
        ``"cpu"`` or ``"cuda"``.
    cores : int
        Cores that work on it.
    """
    if device == "cuda":
        return 0.004 + 2.2e-8 * gaussians + 3e-9 * pixels
    cpu = 0.004 + 1.24e-7 * pixels + 4.9e-7 * gaussians + 1.1e-12 * pixels * gaussians
    return wall_seconds(cpu, cores)


def state_bytes(sh_degree: int) -> float:
    """Return the memory of a Gaussian in training: numbers, moments, gradients, tile entries."""
    return 10.0 * 4.0 * (11 + 3 * (sh_degree + 1) ** 2)


def gaussians_after(done: float, options: TrainOptions, initial: int) -> float:
    """Return about how many Gaussians there are when the part `done` of the steps is."""
    changes = done * options.iterations / options.refine_every
    # In logarithms: a long run's growth without the cap would overflow.
    grown = math.log(max(initial, 1)) + changes * math.log1p(options.growth)
    return (
        float(options.max_gaussians)
        if grown > 40
        else min(float(options.max_gaussians), math.exp(grown))
    )


def mean_step_seconds(
    options: TrainOptions,
    pixels: float,
    initial: int,
    device: str,
    cores: int,
    *,
    start: float = 0.0,
) -> float:
    """Return the mean wall seconds of the steps from the part `start` of a run to its end.

    Parameters
    ----------
    options : TrainOptions
        With the sizes and counts that the run will have.
    pixels : float
        Of a picture at full training size.
    initial : int
        Gaussians at the start.
    start : float
        From 0 to below 1.
    """
    total = 0.0
    for i in range(_GRID):
        done = start + (1.0 - start) * (i + 0.5) / _GRID
        part = part_of_side(done) if options.coarse_to_fine else 1.0
        count = gaussians_after(done, options, initial)
        total += step_seconds(pixels * part * part, count, device, cores)
    return total / _GRID
