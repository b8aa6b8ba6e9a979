"""Training that ends at a given time: steps, picture size and Gaussians that fit into it.

A rising ladder of settings, from a rough look to all that this kind of machine can be asked
for, is climbed as far as the time goes. How fast the machine is, a few steps tell before the
start; while training runs, its own speed corrects the number of steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spaceport_app import resources
from spaceport_app.splats.training import cost
from spaceport_app.splats.training.options import TrainOptions

if TYPE_CHECKING:
    from spaceport_app.sfm.model import View

_PART_OF_MEMORY = 0.5

FEWEST_STEPS = 300
MOST_STEPS = 100_000


@dataclass(frozen=True)
class Rung:
    """Settings that suit each other."""

    iterations: float
    max_gaussians: float
    image_size: float
    rate_factor: float
    position_rate: float


# Fewer steps need higher rates; larger pictures and more Gaussians only pay together.
_LADDERS: dict[str, tuple[Rung, ...]] = {
    "cpu": (
        Rung(600, 60_000, 400, 3.0, 4.8e-4),
        Rung(1700, 160_000, 640, 3.0, 4.8e-4),
        Rung(3600, 250_000, 800, 2.0, 3.2e-4),
        Rung(6000, 300_000, 1200, 1.5, 2.4e-4),
        Rung(30_000, 600_000, 1600, 1.0, 1.6e-4),
    ),
    "cuda": (
        Rung(1000, 100_000, 640, 3.0, 4.8e-4),
        Rung(7000, 500_000, 1600, 1.0, 1.6e-4),
        Rung(15_000, 1_000_000, 1600, 1.0, 1.6e-4),
        Rung(30_000, 3_000_000, 3200, 1.0, 1.6e-4),
    ),
}


@dataclass(frozen=True)
class Budget:
    """The time of a whole run, seen from its training.

    Parameters
    ----------
    spent_s : float
        Wall seconds of the run before training began.
    after_s : float
        Wall seconds that later stages take for any number of Gaussians.
    after_s_per_gaussian : float
        And for each Gaussian.
    """

    spent_s: float = 0.0
    after_s: float = 0.0
    after_s_per_gaussian: float = 0.0

    def left(self, minutes: float, gaussians: int, factor: float) -> float:
        """Return the seconds that training has of a run of `minutes`; may be below 0.

        Parameters
        ----------
        factor : float
            Time of this machine over what was estimated for it.
        """
        after = self.after_s + self.after_s_per_gaussian * gaussians
        # What a step tells of other work is not much: its memory, say, may be busy.
        bounded = min(max(factor, 0.5), 2.0)
        return 60.0 * minutes - self.spent_s - bounded * after


@dataclass(frozen=True)
class Machine:
    """What computes the steps, and its time over what was estimated for it."""

    device: str
    cores: int
    factor: float = 1.0


@dataclass(frozen=True)
class Scene:
    """What the cost of a step depends on beside the options.

    Parameters
    ----------
    full_side : int
        Larger side of the views in pixels.
    pixels : float
        Of a view at that size.
    points : int
        Points of the sparse cloud.
    held_out : int
        Photos that quality is measured on.
    most_gaussians : int
        What memory holds.
    """

    full_side: int
    pixels: float
    points: int
    held_out: int
    most_gaussians: int

    @staticmethod
    def of(views: Sequence[View], points: int, held_out: int, sh_degree: int) -> Scene:
        """Return the scene that is trained from `views` with the memory that is free now."""
        widest = max(views, key=lambda view: max(view.width, view.height))
        room = _PART_OF_MEMORY * resources.free_memory_bytes()
        return Scene(
            max(widest.width, widest.height),
            sum(view.width * view.height for view in views) / len(views),
            points,
            held_out,
            max(1000, int(room / cost.state_bytes(sh_degree))),
        )

    def pixels_at(self, larger_side: float) -> float:
        """Return the pixels of a view reduced to a larger side."""
        return self.pixels * min(1.0, larger_side / self.full_side) ** 2

    def initial(self, options: TrainOptions) -> int:
        """Return about how many Gaussians training starts with."""
        filled = int(options.fill * options.max_gaussians)
        return max(1, min(options.max_gaussians, self.points + filled))


def fitting(options: TrainOptions, budget: Budget, scene: Scene, machine: Machine) -> TrainOptions:
    """Return `options` with what fits into ``options.finish_in_min``.

    Where even the lowest rung takes longer, its number of steps is cut, to 300 at the least.
    """
    low, high = 0.0, float(len(_LADDERS[machine.device]) - 1)
    for _ in range(30):
        middle = 0.5 * (low + high)
        tried = _at(middle, options, scene, machine)
        if training_seconds(tried, scene, machine) > _left(tried, budget, machine, scene):
            high = middle
        else:
            low = middle
    chosen = _at(low, options, scene, machine)
    each = training_seconds(chosen, scene, machine) / chosen.iterations
    return with_steps(chosen, _left(chosen, budget, machine, scene) / each)


def training_seconds(options: TrainOptions, scene: Scene, machine: Machine) -> float:
    """Return the wall seconds that all steps of `options` take."""
    return _steps_seconds(options, scene, machine, 0)


def finishing_seconds(options: TrainOptions, scene: Scene, machine: Machine) -> float:
    """Return the wall seconds between the last step and the end of the stage.

    Cleaning up renders eight photos for each of its six rules, measuring every held-out photo
    twice; a rendering takes about a third of a step.
    """
    renderings = (6 * 8 if options.clean_up else 0) + 2 * scene.held_out
    step = cost.step_seconds(
        scene.pixels_at(options.image_size), options.max_gaussians, machine.device, machine.cores
    )
    return machine.factor * (renderings * step / 3.0 + 1e-5 * options.max_gaussians)


def with_steps(options: TrainOptions, steps: float) -> TrainOptions:
    """Return `options` with another number of steps, within reason."""
    number = min(max(steps, FEWEST_STEPS), MOST_STEPS)
    return replace(options, iterations=int(number))


def corrected_steps(
    options: TrainOptions, scene: Scene, machine: Machine, iteration: int, seconds: float
) -> int:
    """Return the number of steps that ends a running training in `seconds` from now.

    There are 300 at the least: a run that is too late still comes to a picture.

    Parameters
    ----------
    machine : Machine
        With the factor as measured now.
    iteration : int
        Steps that are done.
    """
    low, high = max(iteration + 1, FEWEST_STEPS), MOST_STEPS
    while low < high:
        middle = (low + high + 1) // 2
        tried = replace(options, iterations=middle)
        if _steps_seconds(tried, scene, machine, iteration) > seconds:
            high = middle - 1
        else:
            low = middle
    return low


def _steps_seconds(options: TrainOptions, scene: Scene, machine: Machine, done: int) -> float:
    """Return the wall seconds of the steps that are left after `done` of them."""
    mean = cost.mean_step_seconds(
        options,
        scene.pixels_at(options.image_size),
        scene.initial(options),
        machine.device,
        machine.cores,
        start=done / options.iterations,
    )
    return machine.factor * mean * (options.iterations - done)


def _left(options: TrainOptions, budget: Budget, machine: Machine, scene: Scene) -> float:
    total = budget.left(options.finish_in_min, options.max_gaussians, machine.factor)
    return total - finishing_seconds(options, scene, machine)


def _at(place: float, options: TrainOptions, scene: Scene, machine: Machine) -> TrainOptions:
    """Return the options at a place on the ladder, between rungs in logarithms."""
    rungs = _LADDERS[machine.device]
    below = min(int(place), len(rungs) - 2)
    part = place - below

    def between(name: str) -> float:
        a, b = getattr(rungs[below], name), getattr(rungs[below + 1], name)
        return math.exp((1.0 - part) * math.log(a) + part * math.log(b))

    return replace(
        options,
        iterations=int(between("iterations")),
        max_gaussians=min(scene.most_gaussians, int(between("max_gaussians"))),
        image_size=min(scene.full_side, int(between("image_size"))),
        rate_factor=between("rate_factor"),
        position_rate=between("position_rate"),
    )
