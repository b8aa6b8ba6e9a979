"""What others see of a running training: progress, numbers, held-out quality, previews."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from spaceport_app.events import JsonValue, Metric, Progress, Report
from spaceport_app.photos.sizes import fitted
from spaceport_app.splats import evaluation
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Engine, StepMetrics
from spaceport_app.splats.evaluation import ViewQuality
from spaceport_app.splats.training import results
from spaceport_app.splats.training.dataset import HeldOut
from spaceport_app.splats.training.history import History, row_every
from spaceport_app.splats.training.previews import Previews
from spaceport_app.splats.training.schedule import Schedule
from spaceport_app.splats.training.snapshots import Snapshots

FRACTION_FROM, FRACTION_TO = 0.02, 0.95
"""Part of the stage's progress that the steps cover."""

_MEASURED_AT = (0.15, 0.3, 0.5, 0.7, 0.85)
_EVERY_S = 0.5


@dataclass
class Observer:
    """Watches a training without any influence on it.

    Parameters
    ----------
    report : callable
        Takes events.
    photos : int
        Number of photos trained with.
    held_out : HeldOut
        Photos to measure by; they follow the full training size.
    preview_camera : Camera
        Where previews look from; shrunk where training is.
    snapshots : Snapshots or None
        Who writes the Gaussians down to be looked at.
    """

    report: Report
    previews: Previews
    photos: int
    held_out: HeldOut
    preview_camera: Camera
    snapshots: Snapshots | None = None
    history: History = field(default_factory=History)
    _recent: list[StepMetrics] = field(default_factory=list)
    _last: float = 0.0

    def after_step(
        self, engine: Engine, schedule: Schedule, done: int, metrics: StepMetrics, seconds: float
    ) -> None:
        """Take note of a step; tell, measure and show what is due.

        Parameters
        ----------
        done : int
            Steps that are done, this one included.
        seconds : float
            Training time so far.
        """
        steps = schedule.options.iterations
        self._recent.append(metrics)
        if done % row_every(steps) == 0 or done == steps:
            row = self._row(engine, schedule, done, seconds)
            self.history.steps.append(dict(row))
            self._recent.clear()
        # Counted by what was measured: the number of steps may change on the way.
        times = len(self.history.held_out)
        if times < len(_MEASURED_AT) and math.ceil(_MEASURED_AT[times] * steps) <= done < steps:
            self._measure(engine, schedule, done, seconds)
        now = time.monotonic()
        if now - self._last >= _EVERY_S or done == steps:
            self._last = now
            latest = self.history.steps[-1] if self.history.steps else None
            if isinstance(latest, dict):
                self.report(Metric({k: v for k, v in latest.items() if isinstance(v, int | float)}))
            self.report(self._progress(schedule, done))
        if self.previews.due:
            self.show(engine, schedule)
        if self.snapshots is not None and done < steps and self.snapshots.due:
            self.snapshots.write(engine, schedule, done, self.report)

    def start_from(self, history: History) -> None:
        """Go on after the measurements in `history`; what was seen since then is forgotten."""
        self.history = history
        self._recent.clear()

    def measure(self, engine: Engine, schedule: Schedule) -> tuple[ViewQuality, ...]:
        """Return the quality of every held-out photo now, at the full training size."""
        return tuple(compared.quality for compared in self.compare(engine, schedule))

    def compare(self, engine: Engine, schedule: Schedule) -> Iterator[results.Compared]:
        """Compare every held-out photo with its rendering, one by one."""
        self.held_out.turn_to(schedule.options.image_size)
        for name, photo in self.held_out:
            quality, rendered = evaluation.compare(engine, name, photo, schedule.look)
            yield results.Compared(quality, photo.image, rendered)

    def show(self, engine: Engine, schedule: Schedule) -> None:
        """Write a preview of the present state."""
        look, camera = schedule.look, self.preview_camera
        size = fitted(camera.width, camera.height, schedule.options.image_size)
        if size != (camera.width, camera.height):
            camera = camera.resized(*size)
        picture = engine.render(camera, background=look.background, antialiased=look.antialiased)
        self.previews.write(picture, self.report)

    def _row(
        self, engine: Engine, schedule: Schedule, done: int, seconds: float
    ) -> dict[str, float]:
        return {
            "iteration": done,
            "seconds": round(seconds, 3),
            "loss": float(np.mean([m.loss for m in self._recent])),
            "l1": float(np.mean([m.l1 for m in self._recent])),
            "ssim": float(np.mean([m.ssim for m in self._recent])),
            "gaussians": len(engine),
            "image_size": schedule.larger_side(done - 1),
        }

    def _measure(self, engine: Engine, schedule: Schedule, done: int, seconds: float) -> None:
        mean = evaluation.mean(self.measure(engine, schedule))
        if mean is None:
            return
        row: dict[str, float] = {"iteration": done, "seconds": round(seconds, 3)}
        row |= {"psnr_db": mean[0], "ssim_held_out": mean[1], "gaussians": len(engine)}
        kept: dict[str, JsonValue] = dict(row)
        self.history.held_out.append(kept)
        self.report(Metric(row))

    def _progress(self, schedule: Schedule, done: int) -> Progress:
        steps = schedule.options.iterations
        part = schedule.work(done) / schedule.work(steps)
        return Progress(
            f"Training Gaussians on {self.photos} photos",
            done,
            steps,
            FRACTION_FROM + (FRACTION_TO - FRACTION_FROM) * part,
        )
