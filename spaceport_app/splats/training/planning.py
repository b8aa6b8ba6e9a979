"""Before the first step: what fits into the time that a person gave, measured on this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, cast

from msgspec import Meta

from spaceport_app import atomic, resources
from spaceport_app.errors import StageError
from spaceport_app.events import Notice, Progress, Report
from spaceport_app.records import RecordFile
from spaceport_app.sfm.model import View
from spaceport_app.splats.engines.contract import Engine
from spaceport_app.splats.model import Splats
from spaceport_app.splats.training import budget, cost, memory
from spaceport_app.splats.training.budget import FEWEST_STEPS, Budget, Machine, Scene
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.pace import Pace
from spaceport_app.splats.training.schedule import Schedule
from spaceport_app.splats.views import load_view

_log = logging.getLogger(__name__)

_FILE = "plan.json"
_TRIED_STEPS = 12
_TRIED_S = 1.5
FROM, _TO = 0.015, 0.018


@dataclass(frozen=True)
class Plan:
    """The options that fit, and the wall seconds that all steps have."""

    options: TrainOptions
    seconds: float
    machine: Machine
    scene: Scene

    def pace(self) -> Pace:
        """Return what keeps training to the plan."""
        return Pace(self.seconds, self.scene, self.machine)


@dataclass(frozen=True)
class Task:
    """What a plan is made for.

    Parameters
    ----------
    engine : Engine
        Steps are tried on it; it holds other Gaussians afterwards.
    views : sequence of View
        Photos to train with.
    scene : Scene
        What the cost of a step depends on.
    budget : Budget
        The time of the whole run.
    started : float
        ``time.monotonic()`` at the beginning of the stage.
    extent : float
        Scene extent in metres.
    initial : callable
        Returns the first Gaussians for some options.
    """

    engine: Engine
    views: Sequence[View]
    scene: Scene
    budget: Budget
    started: float
    extent: float
    initial: Callable[[TrainOptions], Splats]


def make(task: Task, options: TrainOptions, scratch: Path, key: str, report: Report) -> Plan:
    """Return the plan of this run: the one of an earlier try, or a new one.

    Parameters
    ----------
    options : TrainOptions
        With ``finish_in_min`` over 0.
    scratch : Path
        Folder that outlives a kill; the plan is kept there, as checkpoints depend on it.
    key : str
        Fingerprint of the run; a plan of another run is not used.
    """
    device = "cuda" if task.engine.name == "cuda" else "cpu"
    machine = Machine(device, resources.cores())
    kept = _read(scratch / _FILE, key)
    if kept is not None:
        sizes, seconds, factor = kept
        fitted = replace(options, **cast("dict[str, Any]", sizes))
        return Plan(fitted, seconds, replace(machine, factor=factor), task.scene)
    report(Progress("Measuring how fast this computer is", 0, 1, FROM))
    guess = budget.fitting(options, _now(task), task.scene, machine)
    try:
        machine = replace(machine, factor=_factor(task, guess, machine))
    except (MemoryError, RuntimeError) as error:
        if not memory.is_out_of_memory(error):
            raise
        # Training will find out how much less it has to make do with.
        _log.warning("not measured, memory ran out: %s", error)
        memory.release()
    now = _now(task)
    fitted = budget.fitting(options, now, task.scene, machine)
    seconds = now.left(options.finish_in_min, fitted.max_gaussians, machine.factor)
    seconds -= budget.finishing_seconds(fitted, task.scene, machine)
    report(Progress("Measuring how fast this computer is", 1, 1, _TO))
    needed = budget.training_seconds(fitted, task.scene, machine)
    if fitted.iterations == FEWEST_STEPS and needed > seconds:
        late = (needed - seconds) / 60.0
        report(
            Notice(
                "budget_too_short",
                f"{options.finish_in_min:g} minutes are too few for these photos; "
                f"it will take about {max(1.0, late):.0f} more.",
            )
        )
    _log.info(
        "%.0f s for %d steps, %d Gaussians, %d px; this computer takes %.2f times the estimate",
        seconds,
        fitted.iterations,
        fitted.max_gaussians,
        fitted.image_size,
        machine.factor,
    )
    _write(scratch / _FILE, key, fitted, seconds, machine.factor)
    return Plan(fitted, seconds, machine, task.scene)


def _now(task: Task) -> Budget:
    here = time.monotonic() - task.started
    return replace(task.budget, spent_s=task.budget.spent_s + here)


def _factor(task: Task, options: TrainOptions, machine: Machine) -> float:
    """Return the measured time of a step at full size over its estimate."""
    task.engine.load(task.initial(options))
    schedule = Schedule(options, task.extent, options.seed)
    settings = schedule.settings(options.iterations - 1, noise=0.0, screen_gradients=False)
    views = [load_view(task.views[i], i, options.image_size) for i in range(2)]
    # The first step loads or compiles the engine's code.
    task.engine.step(views[0], settings)
    started = time.monotonic()
    steps = 0
    while steps < _TRIED_STEPS and (steps < 2 or time.monotonic() - started < _TRIED_S):
        task.engine.step(views[steps % 2], settings)
        steps += 1
    measured = (time.monotonic() - started) / steps
    pixels = task.scene.pixels_at(options.image_size)
    return measured / cost.step_seconds(pixels, len(task.engine), machine.device, machine.cores)


def _write(path: Path, key: str, options: TrainOptions, seconds: float, factor: float) -> None:
    record = {
        "key": key,
        "sizes": {name: getattr(options, name) for name in _Sizes.__annotations__},
        "seconds": seconds,
        "factor": factor,
    }
    try:
        atomic.write_json(path, record)
    except OSError as error:
        _log.warning("the plan could not be kept: %s", error)


@dataclass(frozen=True)
class _Sizes:
    iterations: Annotated[int, Meta(ge=1, le=10**9)]
    max_gaussians: Annotated[int, Meta(ge=1, le=10**9)]
    image_size: Annotated[int, Meta(ge=1, le=10**6)]
    rate_factor: Annotated[float, Meta(gt=0.0, le=1e6)]
    position_rate: Annotated[float, Meta(gt=0.0, le=1e6)]


@dataclass(frozen=True)
class _Kept:
    key: str
    sizes: _Sizes
    seconds: Annotated[float, Meta(ge=-1e9, le=1e9)]
    factor: Annotated[float, Meta(gt=0.0, le=1e9)]


_PLAN = RecordFile(_Kept, "bad_plan", "It is measured again.")


def _read(path: Path, key: str) -> tuple[dict[str, int | float], float, float] | None:
    try:
        kept = _PLAN.read(path)
    except FileNotFoundError:
        return None
    except StageError as error:
        _log.warning("%s %s", error.message, error.remedy)
        return None
    return (vars(kept.sizes), kept.seconds, kept.factor) if kept.key == key else None
