"""What every engine offers, so that the trainer knows no device.

An engine owns the parameters, the optimiser's moments and the statistics that a
densification strategy reads; they stay on its device. The trainer drives it step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.model import Splats

if TYPE_CHECKING:
    import torch

Image = npt.NDArray[np.float32]
Twist = tuple[float, float, float, float, float, float]
"""A small rigid motion: shift (3) in world units, then turn (3) in radians about the axes."""


@dataclass(frozen=True)
class TrainingView:
    """A camera and the picture it took, 8-bit RGB (height, width, 3) of the camera's size."""

    camera: Camera
    image: npt.NDArray[np.uint8]
    key: int
    """Number of the photo; engines may cache what they derive from it with the size."""


@dataclass(frozen=True)
class LearningRates:
    """Adam learning rates of one step; `means` already holds schedule and scene extent."""

    means: float
    log_scales: float = 5e-3
    quaternions: float = 1e-3
    opacity_logits: float = 5e-2
    sh0: float = 2.5e-3
    sh_rest: float = 1.25e-4


@dataclass(frozen=True)
class StepSettings:
    """Everything about one step that the schedule decides.

    Parameters
    ----------
    iteration : int
        Counts from 0; also seeds the step's noise, so that a resumed run repeats.
    sh_degree : int
        Harmonics in use at this step, 0 to 3; higher coefficients get no gradient.
    rates : LearningRates
    dssim_weight : float
        Loss is ``(1 - w) * L1 + w * (1 - SSIM)`` with this w.
    opacity_regularisation, scale_regularisation : float
        Weights of mean opacity and mean scale (Kheradmand et al. 2024, MCMC).
    noise : float
        Factor of MCMC's position noise, 5e5 in the paper; 0 for none. The engine multiplies
        it by `rates.means`.
    background : tuple of float
        Colour behind everything, 0 to 1.
    antialiased : bool
        Opacity compensated for the 0.3 px low-pass (Yu et al. 2024, Mip-Splatting's 2-D part).
    screen_gradients : bool
        Whether to add up the norm of screen-space position gradients a Gaussian.
    pose_gradient : bool
        Whether to measure the loss by the camera's pose.
    """

    iteration: int
    sh_degree: int
    rates: LearningRates
    dssim_weight: float = 0.2
    opacity_regularisation: float = 0.0
    scale_regularisation: float = 0.0
    noise: float = 0.0
    background: tuple[float, float, float] = (0.0, 0.0, 0.0)
    antialiased: bool = False
    screen_gradients: bool = False
    pose_gradient: bool = False


@dataclass(frozen=True)
class StepMetrics:
    """Measured in one step: loss without regularisation, its parts, Gaussians on screen.

    `pose_gradient`, where it was asked for, is that of the loss by a twist of the camera's
    axes, at zero: ``view_matrix -> exp(twist) view_matrix``.
    """

    loss: float
    l1: float
    ssim: float
    visible: int
    pose_gradient: Twist | None = None


@dataclass(frozen=True)
class Statistics:
    """What strategies look at, tensors on the engine's device, N Gaussians.

    `gradient_sum` and `view_count` add up over the steps since the last `change` with
    `screen_gradients`; the gradient is that of the loss by the projected centre in units of
    half the picture's larger side, as in Kerbl et al. 2023.
    """

    means: torch.Tensor
    log_scales: torch.Tensor
    quaternions: torch.Tensor
    opacity_logits: torch.Tensor
    gradient_sum: torch.Tensor
    view_count: torch.Tensor


@dataclass(frozen=True)
class Change:
    """A new set of Gaussians in terms of the old one.

    New Gaussian i is a copy of old Gaussian ``source[i]``, optimiser moments included; where
    ``fresh[i]`` its moments are zero. The optional tensors replace parameters of all M new
    Gaussians. Statistics start again from zero.
    """

    source: torch.Tensor
    fresh: torch.Tensor
    means: torch.Tensor | None = None
    log_scales: torch.Tensor | None = None
    opacity_logits: torch.Tensor | None = None


@dataclass(frozen=True)
class EngineState:
    """All that a checkpoint needs to go on exactly: named arrays."""

    arrays: dict[str, npt.NDArray[np.generic]] = field(default_factory=dict)


class Engine(Protocol):
    """A device that holds Gaussians, renders them and takes training steps."""

    name: str

    def prepare(self, counted: Callable[[int, int], None]) -> None:
        """Get ready what takes long the first time on a machine, before anything else.

        `counted` is called with the pieces that are ready and their number; never where all
        are at once.
        """

    def load(self, splats: Splats) -> None:
        """Take these Gaussians as parameters, with fresh optimiser moments."""

    def __len__(self) -> int:
        """Return the number of Gaussians."""

    def step(self, view: TrainingView, settings: StepSettings) -> StepMetrics:
        """Render, compare with the picture, and take one optimiser step."""

    def render(
        self,
        camera: Camera,
        *,
        sh_degree: int | None = None,
        background: tuple[float, float, float] = (0.0, 0.0, 0.0),
        antialiased: bool = False,
    ) -> Image:
        """Return the picture (height, width, 3), float32, not clamped from above."""

    def statistics(self) -> Statistics:
        """Return what the densification strategy looks at."""

    def change(self, change: Change) -> None:
        """Replace the set of Gaussians."""

    def splats(self) -> Splats:
        """Return a copy of the Gaussians."""

    def state(self) -> EngineState:
        """Return parameters, moments and statistics."""

    def restore(self, state: EngineState) -> None:
        """Go back to what `state` returned."""
