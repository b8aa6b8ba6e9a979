"""Trains Gaussians on the processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numba
import numpy as np

from spaceport_app import resources
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import (
    Image,
    LearningRates,
    StepMetrics,
    StepSettings,
    TrainingView,
)
from spaceport_app.splats.engines.cpu import loss, pose, projection, update
from spaceport_app.splats.engines.cpu.compiled import F32
from spaceport_app.splats.engines.cpu.prepare import compile_all
from spaceport_app.splats.engines.cpu.rasteriser import Rasteriser
from spaceport_app.splats.engines.store import StoredEngine
from spaceport_app.splats.model import Splats


class CpuEngine(StoredEngine):
    """The engine for machines without an NVIDIA GPU: all of a step in compiled loops.

    The same Gaussians, views and settings give the same result bit for bit on the same
    machine, for any number of threads: every sum has a fixed order.

    Whoever starts the process should set ``OMP_WAIT_POLICY=passive`` (the pipeline's children
    have it): OpenMP reads it when it is loaded. A step has some ten parallel loops of a few
    milliseconds; with threads that spin at the end of each, 200 small steps on a busy machine
    of two cores took 30 s instead of 1.5 s.

    Parameters
    ----------
    threads : int, optional
        Cores to use; all that the process may use if not given.
    near : float
        Distance in front of the camera, in world units, at which Gaussians begin to show.
    """

    name = "cpu"

    def __init__(self, threads: int | None = None, near: float = 0.01) -> None:
        super().__init__("cpu")
        settings: Any = numba.config
        self._threads = max(1, min(threads or resources.cores(), settings.NUMBA_NUM_THREADS))
        self._rasteriser = Rasteriser(near)
        self._size = (0, 0)

    def prepare(self, counted: Callable[[int, int], None]) -> None:
        """Compile the kernels of a step, if this machine has not yet; forgets all Gaussians."""
        camera = Camera(16, 16, 16.0, 16.0, 8.0, 8.0, np.eye(4))
        view = TrainingView(camera, np.zeros((16, 16, 3), np.uint8), 0)
        one = np.ones((1, 3), np.float32)
        turn = np.array([[1.0, 0.0, 0.0, 0.0]], np.float32)
        logit = np.zeros(1, np.float32)
        self.load(Splats(np.array([[0.0, 0.0, 2.0]], np.float32), -one, turn, logit, one[:, None]))
        settings = StepSettings(0, 0, LearningRates(0.0))
        compile_all(lambda: self.step(view, settings), counted)

    def step(self, view: TrainingView, settings: StepSettings) -> StepMetrics:
        """Render, compare with the picture, and take one optimiser step.

        Gaussians out of sight keep still: see `update`.

        Raises
        ------
        ValueError
            If the picture is not of the camera's size.
        """
        camera = view.camera
        if view.image.shape != (camera.height, camera.width, 3):
            raise ValueError("the picture is not of its camera's size")
        numba.set_num_threads(self._threads)
        rasteriser, store = self._rasteriser, self._store
        image = rasteriser.draw(
            store.rows.numpy(),
            camera,
            min(settings.sh_degree, store.sh_degree),
            settings.background,
            settings.antialiased,
        )
        metrics = self._compare(image, view, settings)
        v_entries = rasteriser.draw_back(self._v_image)
        store.steps += 1
        parts = -(-len(store) // projection.CHUNK) if settings.pose_gradient else 0
        v_pose = np.empty((parts, 6))
        rates, numbers = update.step_numbers(settings, store.steps, len(store), store.terms, camera)
        update.adam_step(
            store.rows.numpy(),
            store.first.numpy(),
            store.second.numpy(),
            rasteriser.degree,
            rasteriser.camera,
            settings.antialiased,
            rasteriser.screen,
            rasteriser.counts,
            rasteriser.slots,
            v_entries,
            rates,
            numbers,
            settings.iteration,
            settings.screen_gradients,
            store.gradient_sum.numpy(),
            store.view_count.numpy(),
            v_pose,
        )
        if settings.pose_gradient:
            metrics = replace(metrics, pose_gradient=pose.twist(v_pose, camera))
        return metrics

    def _compare(self, image: F32, view: TrainingView, settings: StepSettings) -> StepMetrics:
        """Measure the picture's loss and leave its gradient in `_v_image`."""
        height, width = image.shape[1:]
        if self._size != (width, height):
            self._size = (width, height)
            bands = -(-height // loss.BAND)
            self._target: F32 = np.empty((3, height, width), np.float32)
            self._v_image: F32 = np.empty((3, height, width), np.float32)
            self._parts: F32 = np.empty((3, 3, height, width), np.float32)
            self._sums: F32 = np.empty((3 * bands, 2), np.float32)
        picture = view.image
        if not (picture.flags.writeable and picture.flags.c_contiguous):
            picture = picture.copy()  # Numba would compile once more for such an array.
        loss.unpack(picture, self._target)
        loss.similarity(image, self._target, self._parts, self._sums)
        count = 3 * height * width
        w = settings.dssim_weight
        loss.gradient(image, self._target, self._parts, w / count, (1.0 - w) / count, self._v_image)
        ssim, l1 = (float(s) / count for s in self._sums.sum(axis=0, dtype=np.float64))
        return StepMetrics((1.0 - w) * l1 + w * (1.0 - ssim), l1, ssim, self._rasteriser.visible)

    def render(
        self,
        camera: Camera,
        *,
        sh_degree: int | None = None,
        background: tuple[float, float, float] = (0.0, 0.0, 0.0),
        antialiased: bool = False,
    ) -> Image:
        """Return the picture (height, width, 3), float32, not clamped from above."""
        numba.set_num_threads(self._threads)
        degree = self._store.sh_degree
        if sh_degree is not None:
            degree = min(degree, sh_degree)
        rows = self._store.rows.numpy()
        image = self._rasteriser.draw(rows, camera, degree, background, antialiased)
        return np.ascontiguousarray(image.transpose(1, 2, 0))
