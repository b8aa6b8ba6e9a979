"""The training loop: one photo a step, and everything that has to happen between steps."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch

from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Notice
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Change, Engine, StepMetrics
from spaceport_app.splats.model import Splats
from spaceport_app.splats.training import memory, size_limit
from spaceport_app.splats.training.checkpoint import Checkpoint, Checkpoints
from spaceport_app.splats.training.dataset import Dataset
from spaceport_app.splats.training.history import History
from spaceport_app.splats.training.mcmc import Mcmc
from spaceport_app.splats.training.observer import Observer
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.pace import Pace
from spaceport_app.splats.training.poses import Poses
from spaceport_app.splats.training.record import Rounds, TrainingRecord
from spaceport_app.splats.training.schedule import Schedule
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette
from spaceport_app.stopping import StoppedOnRequest

_log = logging.getLogger(__name__)

_MOST_BAD_IN_A_ROW = 3
_MOST_RESTARTS = 3
_SHRINK = 0.75
_FEWEST_GAUSSIANS = 1000
_SMALLEST_SIDE = 128


@dataclass
class Limits:
    """What memory has been found to hold; lowered each time it runs out."""

    gaussians: int
    image_size: int
    times_lowered: int = 0

    def lower(self, gaussians: int) -> bool:
        """Make do with less than `gaussians` and, each second time, with smaller pictures.

        Returns False where both are as small as makes sense.
        """
        if self.gaussians <= _FEWEST_GAUSSIANS and self.image_size <= _SMALLEST_SIDE:
            return False
        self.times_lowered += 1
        fewer = int(_SHRINK * min(gaussians, self.gaussians))
        self.gaussians = max(_FEWEST_GAUSSIANS, fewer)
        if self.times_lowered % 2 == 0 or self.gaussians == _FEWEST_GAUSSIANS:
            self.image_size = max(_SMALLEST_SIDE, int(_SHRINK * self.image_size))
        return True


class Trainer:
    """Trains the Gaussians of an engine; can be killed at any time and go on later.

    What a step does follows from the seed, its number and the engine's state alone. So a run
    that goes on from a checkpoint repeats what an uninterrupted one would have done.

    Parameters
    ----------
    engine : Engine
        Where parameters live and steps are computed.
    views : sequence of View
        Photos to train with; never a held-out one.
    options : TrainOptions
        With an `image_size` that is not over that of the views.
    extent : float
        Scene extent in metres.
    checkpoints : Checkpoints
        Where to go on from and to save to.
    observer : Observer
        Who is told.
    vignette : Vignette
        What the lens did to the photos.
    stop_asked : callable
        Whether to end now; it is asked before every step.
    pace : Pace, optional
        Corrects the number of steps as time passes; without it that of the options holds.
    """

    def __init__(
        self,
        engine: Engine,
        views: Sequence[View],
        options: TrainOptions,
        extent: float,
        checkpoints: Checkpoints,
        observer: Observer,
        vignette: Vignette = NO_VIGNETTE,
        stop_asked: Callable[[], bool] = lambda: False,
        pace: Pace | None = None,
    ) -> None:
        self._vignette = vignette
        self._stop_asked = stop_asked
        self._saved = 0
        self._pace = pace
        self.engine = engine
        self.iteration = 0
        self.seconds = 0.0
        """Spent in steps over all tries; measuring and saving are not counted."""
        self._views = tuple(views)
        cameras = [Camera.of_view(view) for view in views]
        self._poses = Poses(cameras, extent) if options.refine_poses else None
        centres = np.array([camera.centre for camera in cameras])
        self._centres = torch.from_numpy(centres.astype(np.float32))
        self._extent = extent
        self._checkpoints = checkpoints
        self._observer = observer
        self._options = options
        self._limits = Limits(options.max_gaussians, options.image_size)
        self._steps = options.iterations
        self._restarts = 0
        self._bad = 0
        self._order: tuple[tuple[int, int], tuple[int, ...]] = ((-1, -1), ())
        self._last_save = time.monotonic()
        self._plan()

    def train(self, initial: Splats) -> None:
        """Take all steps, from the newest whole checkpoint or else from `initial`.

        Raises
        ------
        StageError
            ``training_diverged`` if the loss stops being a number time and again;
            ``out_of_memory`` if memory does not even suffice for few Gaussians and small
            pictures; ``view_unreadable`` if a photo has gone.
        StoppedOnRequest
            When it was asked to end; a checkpoint holds what was done.
        """
        self._begin(initial)
        budget = self._options.views_memory_mb * 2**20
        with Dataset(self._views, budget, self._vignette) as dataset:
            while self.iteration < self._steps:
                if self._stop_asked():
                    self._stop()
                self._advance(dataset, initial)

    def _begin(self, initial: Splats) -> None:
        """Go back to the newest checkpoint, with fewer Gaussians where memory is short."""
        try:
            self._go_back(initial)
        except (MemoryError, RuntimeError) as error:
            if not memory.is_out_of_memory(error):
                raise
            self._shrink(error, initial)

    def _stop(self) -> None:
        """End with what was done in a checkpoint, or at the one before if there is no room."""
        if self.iteration > self._saved:
            self.save()
        raise StoppedOnRequest(self.where)

    @property
    def where(self) -> str:
        """How far it came and saved: ``"step 900 of 1,800"``, empty before the first step."""
        return f"step {self._saved:,} of {self._steps:,}" if self._saved else ""

    def save(self) -> None:
        """Write a checkpoint; where that fails, say so and go on without."""
        self._last_save = time.monotonic()
        record = TrainingRecord(
            seconds=self.seconds,
            restarts=self._restarts,
            gaussians=self._limits.gaussians,
            image_size=self._limits.image_size,
            times_lowered=self._limits.times_lowered,
            steps=self._steps,
            elapsed=self._pace.elapsed if self._pace else 0.0,
            history=Rounds.of(self._observer.history),
            poses=cast("dict[str, JsonValue]", self._poses.as_json()) if self._poses else None,
        )
        state = self.engine.state()
        if not all(np.isfinite(array).all() for array in state.arrays.values()):
            _log.warning("no checkpoint: the state at step %d is broken", self.iteration)
            return
        try:
            self._checkpoints.save(Checkpoint(self.iteration, state, record.as_json()))
            self._saved = self.iteration
        except OSError as error:
            _log.warning("no checkpoint: %s", error)
            self._observer.report(
                Notice(
                    "no_checkpoint",
                    f"The training state could not be saved ({error.strerror or error}); "
                    "an interrupted run would lose more time.",
                )
            )

    @property
    def times_out_of_memory(self) -> int:
        """How often memory ran out and training went on with less."""
        return self._limits.times_lowered

    @property
    def schedule(self) -> Schedule:
        """The schedule within what memory holds."""
        return self._schedule

    @property
    def poses(self) -> dict[str, JsonValue]:
        """How far cameras were moved; nothing where they were to keep still."""
        return self._poses.report() if self._poses else {}

    def refined(self, view: View) -> View:
        """Return a training view with its pose as it is now."""
        if self._poses is None:
            return view
        return replace(view, view_matrix=self._poses.view_matrix(self._views.index(view)))

    def _plan(self) -> None:
        """Set what follows from options and limits."""
        within = replace(
            self._options,
            iterations=self._steps,
            max_gaussians=self._limits.gaussians,
            image_size=self._limits.image_size,
        )
        self._schedule = Schedule(within, self._extent, self._options.seed, self._vignette)
        self._strategy = Mcmc.of(within)

    def _go_back(self, initial: Splats) -> None:
        """Return to the newest whole checkpoint, or to the first Gaussians."""
        self._last_save = time.monotonic()
        self._bad = 0
        damaged = self._checkpoints.damaged
        while (found := self._checkpoints.latest()) is not None:
            try:
                self._restore(found)
                break
            except ValueError as error:
                self._checkpoints.drop(found, error)
        if found is None:
            self._checkpoints.clear()
            self.engine.load(initial)
            if self._poses is not None:
                self._poses.reset()
            self.iteration = self._saved = 0
            self._observer.start_from(History())
            if self._pace is not None:
                self._pace.begin(0.0)
        if self._checkpoints.damaged > damaged:
            since = f"from step {self.iteration:,}" if self.iteration else "from the start"
            words = f"A saved state of the training was damaged; it goes on {since}."
            self._observer.report(Notice("checkpoint_damaged", words))

    def _restore(self, found: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        ValueError
            If it is not what a checkpoint of this training holds.
        """
        record = TrainingRecord.of(found.record, found.iteration)
        if self._poses is not None:
            self._poses.restore(record.poses)
        self.engine.restore(found.engine)
        self.iteration = self._saved = found.iteration
        self.seconds = max(self.seconds, record.seconds)
        self._restarts = max(self._restarts, record.restarts)
        self._limits = Limits(
            min(self._limits.gaussians, record.gaussians),
            min(self._limits.image_size, record.image_size),
            max(self._limits.times_lowered, record.times_lowered),
        )
        self._steps = record.steps
        if self._pace is not None:
            self._pace.begin(record.elapsed)
        self._observer.start_from(record.history.history())
        self._plan()
        _log.info("training goes on at step %d", self.iteration)

    def _advance(self, dataset: Dataset, initial: Splats) -> None:
        """Take one step and what is due after it; survive what can be survived."""
        try:
            self._take(dataset, initial)
        except (MemoryError, RuntimeError) as error:
            if not memory.is_out_of_memory(error):
                raise
            self._shrink(error, initial)

    def _take(self, dataset: Dataset, initial: Splats) -> None:
        started = time.monotonic()
        try:
            metrics = self._step(dataset)
        finally:
            self.seconds += time.monotonic() - started
        if not math.isfinite(metrics.loss):
            self._after_bad_step(initial)
            return
        self._bad = 0
        self._keep_pace()
        self._observer.after_step(
            self.engine, self._schedule, self.iteration, metrics, self.seconds
        )
        finished = self.iteration == self._steps
        every = self._options.checkpoint_every_s
        if finished or time.monotonic() - self._last_save >= every:
            self.save()

    def _step(self, dataset: Dataset) -> StepMetrics:
        i = self.iteration
        side = self._schedule.larger_side(i)
        view = dataset.get(self._view_of(i), side)
        if i + 1 < self._steps and self._schedule.larger_side(i + 1) == side:
            dataset.prefetch(self._view_of(i + 1), side)
        strategy = self._strategy
        settings = self._schedule.settings(
            i, noise=strategy.noise, screen_gradients=i < strategy.last
        )
        rate = 0.0
        if self._poses is not None:
            matrix = self._poses.view_matrix(view.key)
            view = replace(view, camera=replace(view.camera, view_matrix=matrix))
            rate = self._poses.rate(i / self._steps)
            settings = replace(settings, pose_gradient=rate > 0.0)
        metrics = self.engine.step(view, settings)
        if math.isfinite(metrics.loss):
            if self._poses is not None and metrics.pose_gradient is not None:
                self._poses.move(view.key, metrics.pose_gradient, rate)
            self._change(i)
        self.iteration = i + 1
        return metrics

    def _keep_pace(self) -> None:
        """Correct the number of steps where training has a time to end at."""
        if self._pace is None or self.iteration == self._steps:
            return
        steps = self._pace.after_step(
            self._schedule.options,
            self.iteration,
            self._schedule.larger_side(self.iteration - 1),
            len(self.engine),
        )
        if steps != self._steps:
            _log.info("%d steps instead of %d fit into the time", steps, self._steps)
            self._steps = steps
            self._plan()

    def _change(self, iteration: int) -> None:
        """Change the set of Gaussians where it is due, and keep all within the size limit."""
        strategy = self._strategy
        due = strategy.due(iteration)
        if not (due or iteration % self._options.refine_every == 0):
            return
        statistics = self.engine.statistics()
        change = None
        if due:
            generator = torch.Generator(statistics.means.device)
            generator.manual_seed(self._random(iteration))
            change = strategy.change(statistics, iteration, generator)
        largest = self._options.largest_gaussian
        change = size_limit.limited(change, statistics, self._centres, largest)
        if change is not None:
            self.engine.change(change)

    def _view_of(self, iteration: int) -> int:
        """Return the view of a step: all once in random order, then again in another."""
        epoch, place = divmod(iteration, len(self._views))
        key = (self._restarts, epoch)
        if self._order[0] != key:
            rng = np.random.default_rng((self._options.seed, *key))
            self._order = key, tuple(int(i) for i in rng.permutation(len(self._views)))
        return self._order[1][place]

    def _random(self, iteration: int) -> int:
        """Return the seed of a step's random numbers."""
        mixed = np.random.SeedSequence((self._options.seed, self._restarts, iteration))
        return int(mixed.generate_state(1, np.uint64)[0] >> np.uint64(1))

    def _after_bad_step(self, initial: Splats) -> None:
        """Step over a loss that is no number; after several, go back to a good state."""
        self._bad += 1
        if self._bad < _MOST_BAD_IN_A_ROW:
            self._observer.report(
                Notice("bad_step", f"Step {self.iteration} gave no number and was left out.")
            )
            return
        self._restarts += 1
        if self._restarts > _MOST_RESTARTS:
            raise StageError(
                "training_diverged",
                "Training did not come to a result: its numbers grew beyond all bounds.",
                "Lower the learning rate of positions, or check the reconstruction.",
            )
        self._go_back(initial)
        self._observer.report(
            Notice(
                "went_back",
                f"Training went back to step {self.iteration}, as the numbers after it failed.",
            )
        )

    def _shrink(self, error: BaseException, initial: Splats) -> None:
        """Go on from the checkpoint with fewer Gaussians and smaller pictures.

        Not from the present state: where memory ran out in the midst of a step or a change, some
        of its tensors are new and others old.
        """
        had = len(self.engine) or len(initial)
        failed: BaseException | None = error
        while failed is not None:
            if not self._limits.lower(had):
                raise memory.too_little("training, even at its smallest") from failed
            failed = self._restart_smaller(initial)
        _log.warning("memory ran out: %s", error)
        since = f"from step {self.iteration:,}" if self.iteration else "from the start"
        self._observer.report(
            Notice(
                "less_memory",
                f"Memory ran out; training goes on {since} with {self._limits.gaussians:,} "
                f"Gaussians at most and pictures of {self._limits.image_size} pixels.",
            )
        )

    def _restart_smaller(self, initial: Splats) -> BaseException | None:
        """Load the checkpoint within the limits; return the error if memory runs out again."""
        try:
            # What is there goes first, so that old and new need not fit into memory together.
            self.engine.load(initial.take(np.zeros(len(initial), np.bool_)))
            memory.release()
            self._go_back(initial)
            if len(self.engine) > self._limits.gaussians:
                logits = self.engine.statistics().opacity_logits.detach()
                source = torch.topk(logits, self._limits.gaussians).indices.sort().values
                fresh = torch.zeros(len(source), dtype=torch.bool, device=source.device)
                self.engine.change(Change(source, fresh))
                memory.release()
        except (MemoryError, RuntimeError) as error:
            if not memory.is_out_of_memory(error):
                raise
            return error
        self._plan()
        return None
