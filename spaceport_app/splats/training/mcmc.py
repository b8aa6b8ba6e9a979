"""3D Gaussian Splatting as Markov chain Monte Carlo (Kheradmand et al. 2024).

Gaussians that have faded move onto ones that matter, the set grows by a few per cent a time up
to a cap, and noise in the positions explores. Copies that share a place get the opacity and
scale for which their sum looks like the one Gaussian before.

Which ones matter, the paper draws by opacity alone. Here the root of the screen-space gradient
multiplies it, the sign of an error by which Kerbl et al. 2023 chose what to split: so more
Gaussians come where the photos are not matched yet, at the same number and cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from spaceport_app.splats.engines.contract import Change, Statistics
from spaceport_app.splats.training.options import TrainOptions

MOST_COPIES = 51
"""Copies that the binomial sums stay exact for; so many of one Gaussian are rare."""

_OPAQUE = 1.0 - 1e-6
_UNTIL = 0.85
_WARM_UP_STEPS = 500
_WARM_UP_PART = 0.04
_LEAST_GRADIENT = 1e-3


@dataclass
class Mcmc:
    """Relocation, growth and noise.

    It holds no state that a checkpoint would need: what it does at a step follows from the
    statistics, the step's number and a generator that is seeded for that step.

    Parameters
    ----------
    cap : int
        Largest number of Gaussians.
    first, last, every : int
        Changes come after the steps ``first <= iteration < last`` whose number is a multiple of
        `every`.
    growth : float
        Part of the present number that is added each time.
    dead_below : float
        Opacity up to which a Gaussian counts as dead.
    noise : float
        Of positions, as a multiple of their learning rate.
    """

    cap: int
    first: int
    last: int
    every: int
    growth: float = 0.05
    dead_below: float = 0.005
    noise: float = 5e5

    @staticmethod
    def of(options: TrainOptions) -> Mcmc:
        """Return the strategy with its timing fitted to the number of steps.

        It starts after 500 steps as in the paper, or 4 % of a shorter run, and ends early
        enough for the last Gaussians to settle.
        """
        n = options.iterations
        return Mcmc(
            cap=options.max_gaussians,
            first=max(1, min(_WARM_UP_STEPS, int(_WARM_UP_PART * n))),
            last=int(_UNTIL * n),
            every=options.refine_every,
            growth=options.growth,
        )

    def due(self, iteration: int) -> bool:
        """Return whether the set changes after this step."""
        return self.first <= iteration < self.last and iteration % self.every == 0

    def change(
        self, statistics: Statistics, iteration: int, generator: torch.Generator
    ) -> Change | None:
        """Move the dead onto the living, then add copies; both drawn by opacity and error."""
        opacities = torch.sigmoid(statistics.opacity_logits.detach()).double()
        log_scales = statistics.log_scales.detach()
        urgency = _urgency(statistics)
        n = len(opacities)
        device = opacities.device
        source = torch.arange(n, device=device)
        fresh = torch.zeros(n, dtype=torch.bool, device=device)

        dead = torch.nonzero(opacities <= self.dead_below).squeeze(1)
        if len(dead) == n or n == 0:
            return None
        if len(dead):
            chances = opacities * urgency
            chances[dead] = 0.0
            chosen = torch.multinomial(chances, len(dead), replacement=True, generator=generator)
            opacities, log_scales = _shared(opacities, log_scales, chosen)
            opacities[dead] = opacities[chosen]
            log_scales[dead] = log_scales[chosen]
            urgency[dead] = urgency[chosen]
            source[dead] = source[chosen]
            fresh[dead] = True
            fresh[chosen] = True

        more = min(self.cap, n + int(self.growth * n)) - n
        if more > 0:
            chances = opacities * urgency
            added = torch.multinomial(chances, more, replacement=True, generator=generator)
            opacities, log_scales = _shared(opacities, log_scales, added)
            opacities = torch.cat([opacities, opacities[added]])
            log_scales = torch.cat([log_scales, log_scales[added]])
            source = torch.cat([source, source[added]])
            fresh[added] = True
            fresh = torch.cat([fresh, torch.ones(more, dtype=torch.bool, device=device)])

        if not bool(fresh.any()):
            return None
        logits = statistics.opacity_logits.detach()[source].clone()
        logits[fresh] = torch.logit(opacities[fresh]).to(logits.dtype)
        return Change(source, fresh, log_scales=log_scales, opacity_logits=logits)


def _urgency(statistics: Statistics) -> torch.Tensor:
    """Return by how much more often than by its opacity alone each Gaussian is drawn, (N,)."""
    mean = (statistics.gradient_sum / statistics.view_count.clamp(min=1)).double()
    least = _LEAST_GRADIENT * mean.mean() if len(mean) else mean
    return torch.sqrt(mean + least) if float(mean.sum()) > 0.0 else torch.ones_like(mean)


def _shared(
    opacities: torch.Tensor, log_scales: torch.Tensor, chosen: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the chosen Gaussians what each of their copies has, once they are copied."""
    copies = 1 + torch.bincount(chosen, minlength=len(opacities))
    touched = torch.nonzero(copies > 1).squeeze(1)
    opacities, log_scales = opacities.clone(), log_scales.clone()
    opacities[touched], log_scales[touched] = divided(
        opacities[touched], log_scales[touched], copies[touched]
    )
    return opacities, log_scales


def divided(
    opacities: torch.Tensor, log_scales: torch.Tensor, copies: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Return opacity and log-scales of each of N copies that look like one Gaussian together.

    Equation 9 of Kheradmand et al. 2024: ``o' = 1 - (1 - o)^(1/N)`` and ``s' = s o / D`` with
    ``D = sum_i=1..N sum_k=0..i-1 C(i-1, k) (-1)^k o'^(k+1) / sqrt(k+1)``. By the hockey-stick
    identity ``D = sum_j=1..N C(N, j) (-1)^(j-1) o'^j / sqrt(j)``, which is what is summed.

    Parameters
    ----------
    opacities : (M,) float64
        Between 0 and 1; taken as 1 - 1e-6 at most.
    log_scales : (M, 3)
        Natural logarithms of the standard deviations.
    copies : (M,) integers
        N, the original included; taken as 51 at most.
    """
    o = opacities.double().clamp(max=_OPAQUE)
    n = copies.clamp(1, MOST_COPIES)
    each = -torch.expm1(torch.log1p(-o) / n)
    j = torch.arange(1, MOST_COPIES + 1, dtype=torch.float64, device=o.device)
    signs = torch.where(j % 2 == 1, 1.0, -1.0) / torch.sqrt(j)
    terms = _binomials(o.device)[n] * signs * each[:, None] ** j
    return each, log_scales + torch.log(o / terms.sum(1))[:, None].to(log_scales.dtype)


def _binomials(device: torch.device) -> torch.Tensor:
    """Return C(n, j) for n from 0 to 51 in rows and j from 1 to 51 in columns."""
    columns = range(1, MOST_COPIES + 1)
    rows = [[float(math.comb(n, j)) for j in columns] for n in range(MOST_COPIES + 1)]
    return torch.tensor(rows, dtype=torch.float64, device=device)
