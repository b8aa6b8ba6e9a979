"""Keeps a running training to its time by correcting the number of its steps."""

from __future__ import annotations

import time

from spaceport_app.splats.training import budget, cost
from spaceport_app.splats.training.budget import Machine, Scene
from spaceport_app.splats.training.options import TrainOptions

_CORRECTIONS = 20
_WORTH_IT = 0.02


class Pace:
    """A clock over all tries of a training, and what it says about the number of steps.

    Parameters
    ----------
    seconds : float
        Wall time that all steps may take, with what is measured and saved between them.
    scene : Scene
        What is trained on.
    machine : Machine
        What computes the steps.
    """

    def __init__(self, seconds: float, scene: Scene, machine: Machine) -> None:
        self._seconds = seconds
        self._scene = scene
        self._machine = machine
        self._before = 0.0
        self._started = time.monotonic()
        self._restart_window(0.0)

    @property
    def elapsed(self) -> float:
        """Wall seconds since training began, without the time between tries."""
        return self._before + time.monotonic() - self._started

    def begin(self, elapsed: float) -> None:
        """Start the clock; `elapsed` is what earlier tries took."""
        self._before = elapsed
        self._started = time.monotonic()
        self._restart_window(elapsed)

    def after_step(
        self, options: TrainOptions, iteration: int, larger_side: int, gaussians: int
    ) -> int:
        """Take note of a step and return how many steps there should be in all.

        Parameters
        ----------
        options : TrainOptions
            With the number of steps as it is now.
        iteration : int
            Steps that are done.
        larger_side : int
            Pixels of the larger side of the picture of this step.
        gaussians : int
            Number of them now.
        """
        machine = self._machine
        self._expected += cost.step_seconds(
            self._scene.pixels_at(larger_side), gaussians, machine.device, machine.cores
        )
        self._steps += 1
        if self._steps < max(1, options.iterations // _CORRECTIONS):
            return options.iterations
        elapsed = self.elapsed
        measured = Machine(machine.device, machine.cores, (elapsed - self._since) / self._expected)
        self._restart_window(elapsed)
        steps = budget.corrected_steps(
            options, self._scene, measured, iteration, self._seconds - elapsed
        )
        small = abs(steps - options.iterations) < _WORTH_IT * options.iterations
        return options.iterations if small else steps

    def _restart_window(self, now: float) -> None:
        self._since = now
        self._expected = 0.0
        self._steps = 0
