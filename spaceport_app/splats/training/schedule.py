"""What changes over the course of training: rates, picture size, harmonics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spaceport_app.splats.engines.contract import LearningRates, StepSettings
from spaceport_app.splats.evaluation import Look
from spaceport_app.splats.training.cost import HALF_UNTIL, QUARTER_UNTIL, part_of_side
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette

_SMALLEST_SIDE = 64
_HARMONICS_FROM = (0.30, 0.60, 0.80)
_LAST_RATE = 0.01
_BACKGROUNDS = {"black": (0.0, 0.0, 0.0), "grey": (0.5, 0.5, 0.5), "white": (1.0, 1.0, 1.0)}


@dataclass(frozen=True)
class Schedule:
    """The settings of every step, as functions of its number alone, so that a run can go on.

    Parameters
    ----------
    options : TrainOptions
        What was asked for.
    extent : float
        Scene extent in metres; positions move in proportion to it (Kerbl et al. 2023).
    seed : int
        Of the random backgrounds.
    vignette : Vignette
        What the lens does to the photos.
    """

    options: TrainOptions
    extent: float
    seed: int
    vignette: Vignette = NO_VIGNETTE

    def larger_side(self, iteration: int) -> int:
        """Return the pixels of the pictures' larger side: a quarter, half, then all."""
        full = self.options.image_size
        if not self.options.coarse_to_fine:
            return full
        part = part_of_side(iteration / self.options.iterations)
        return min(full, max(_SMALLEST_SIDE, round(full * part)))

    def sh_degree(self, iteration: int) -> int:
        """Return the harmonics in use: 0 first, one more at 30 %, 60 % and 80 % of the steps."""
        done = iteration / self.options.iterations
        return sum(done >= start for start in _HARMONICS_FROM[: self.options.sh_degree])

    def means_rate(self, iteration: int) -> float:
        """Return the positions' rate: falls exponentially to a hundredth at the last step."""
        done = iteration / self.options.iterations
        return float(self.options.position_rate * self.extent * _LAST_RATE**done)

    def background(self, iteration: int) -> tuple[float, float, float]:
        """Return the colour behind everything at this step."""
        if self.options.background != "random":
            return _BACKGROUNDS[self.options.background]
        red, green, blue = np.random.default_rng((self.seed, iteration)).random(3)
        return float(red), float(green), float(blue)

    def work(self, iteration: int) -> float:
        """Return the work of all steps before `iteration` in steps at full size.

        About a third of a step's cost is its Gaussians', the rest that of its pixels.
        """
        total = 0.0
        start = 0
        for until in self._turns():
            stop = min(iteration, until)
            if stop > start:
                part = self.larger_side(start) / self.options.image_size
                total += (stop - start) * (0.3 + 0.7 * part * part)
            start = until
        return total

    def _turns(self) -> tuple[int, int, int]:
        n = self.options.iterations
        return int(np.ceil(QUARTER_UNTIL * n)), int(np.ceil(HALF_UNTIL * n)), n

    def _rates(self, iteration: int) -> LearningRates:
        published = LearningRates(means=self.means_rate(iteration))
        factor = self.options.rate_factor
        return LearningRates(
            means=published.means,
            log_scales=factor * published.log_scales,
            quaternions=factor * published.quaternions,
            opacity_logits=factor * published.opacity_logits,
            sh0=factor * published.sh0,
            sh_rest=factor * published.sh_rest,
        )

    def settings(self, iteration: int, *, noise: float, screen_gradients: bool) -> StepSettings:
        """Return all that the engine needs to know for one step.

        Scales are in metres and the noise goes with their squares, while the published weights
        are for scenes of about unit extent: so both are divided by the extent, and its square.
        """
        options = self.options
        structure = iteration >= options.dssim_from * options.iterations
        return StepSettings(
            iteration=iteration,
            sh_degree=self.sh_degree(iteration),
            rates=self._rates(iteration),
            dssim_weight=options.dssim_weight if structure else 0.0,
            opacity_regularisation=options.opacity_regularisation,
            scale_regularisation=options.scale_regularisation / self.extent,
            noise=noise / self.extent**2,
            background=self.background(iteration),
            antialiased=options.antialiased,
            screen_gradients=screen_gradients,
        )

    @property
    def look(self) -> Look:
        """How pictures are rendered for measuring: on black where the background was random."""
        background = _BACKGROUNDS.get(self.options.background, _BACKGROUNDS["black"])
        return Look(background, self.options.antialiased, self.vignette)
