"""Adaptive density control (Kerbl et al. 2023): clone, split, prune, reset opacity.

Pruning by size on screen is left out, as in gsplat's default strategy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from spaceport_app.splats.engines.contract import Change, Statistics

_PARTS = 2
_SHRINK = 0.8 * _PARTS


@dataclass
class Classic:
    """Gaussians whose centres are pulled across the screen are cloned or split.

    Parameters
    ----------
    cap : int
        Largest number of Gaussians; those with the largest gradients multiply first.
    first, last, every : int
        Changes come after the steps ``first <= iteration < last`` whose number is a multiple of
        `every`.
    extent : float
        Scene extent in metres.
    reset_every : int
        Steps between resets of the opacity.
    gradient : float
        Mean norm of the screen gradient from which a Gaussian multiplies.
    small : float
        Scale, as a part of the extent, up to which it is cloned, beyond which split.
    large : float
        Scale, as a part of the extent, over which it is removed after the first reset.
    transparent : float
        Opacity under which it is removed; a reset lowers opacities to twice this.
    """

    cap: int
    first: int
    last: int
    every: int
    extent: float
    reset_every: int = 3000
    gradient: float = 2e-4
    small: float = 0.01
    large: float = 0.1
    transparent: float = 0.005
    noise: float = 0.0
    screen_gradients: bool = True

    def due(self, iteration: int) -> bool:
        """Return whether the set changes after this step."""
        within = self.first <= iteration < self.last
        return within and (iteration % self.every == 0 or self._resets(iteration))

    def _resets(self, iteration: int) -> bool:
        return iteration > 0 and iteration % self.reset_every == 0

    def change(
        self, statistics: Statistics, iteration: int, generator: torch.Generator
    ) -> Change | None:
        """Clone the small, split the large, prune; at its turn, reset the opacity."""
        means = statistics.means.detach()
        log_scales = statistics.log_scales.detach()
        logits = statistics.opacity_logits.detach()
        n = len(means)
        device = means.device
        largest = log_scales.max(1).values
        grown = iteration > self.reset_every
        unwanted = logits < math.log(self.transparent / (1 - self.transparent))
        if grown:
            unwanted |= largest > math.log(self.large * self.extent)

        pulled = self._pulled(statistics, unwanted)
        split = pulled & (largest > math.log(self.small * self.extent))
        clone = pulled & ~split
        kept = torch.nonzero(~split & ~unwanted).squeeze(1)
        clones = torch.nonzero(clone).squeeze(1)
        parts = torch.nonzero(split).squeeze(1).repeat(_PARTS)
        source = torch.cat([kept, clones, parts])
        if len(source) == 0:
            return None
        unchanged = len(source) == n and len(clones) == 0 and len(parts) == 0
        if unchanged and not self._resets(iteration):
            return None

        fresh = torch.zeros(len(source), dtype=torch.bool, device=device)
        fresh[len(kept) :] = True
        new_means = means[source].clone()
        new_scales = log_scales[source].clone()
        new_logits = logits[source].clone()
        if len(parts):
            new_means[-len(parts) :] += _offsets(statistics, parts, generator)
            new_scales[-len(parts) :] -= math.log(_SHRINK)
        if self._resets(iteration):
            ceiling = 2 * self.transparent
            new_logits.clamp_(max=math.log(ceiling / (1 - ceiling)))
            fresh[:] = True
        return Change(source, fresh, new_means, new_scales, new_logits)

    def _pulled(self, statistics: Statistics, unwanted: torch.Tensor) -> torch.Tensor:
        """Return which Gaussians multiply, (N,) bool, so that the cap holds."""
        mean = statistics.gradient_sum / statistics.view_count.clamp(min=1)
        pulled = (mean >= self.gradient) & ~unwanted
        room = max(0, self.cap - int((~unwanted).sum()))
        if int(pulled.sum()) > room:
            order = torch.argsort(torch.where(pulled, mean, -torch.inf), descending=True)
            pulled = torch.zeros_like(pulled)
            pulled[order[:room]] = True
        return pulled


def _offsets(
    statistics: Statistics, index: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Return points drawn from the Gaussians themselves, relative to their centres."""
    scales = statistics.log_scales.detach()[index].exp()
    drawn = torch.randn(scales.shape, generator=generator, device=scales.device) * scales
    return torch.einsum("nij,nj->ni", _rotations(statistics.quaternions.detach()[index]), drawn)


def _rotations(quaternions: torch.Tensor) -> torch.Tensor:
    """Return rotation matrices (M, 3, 3) of quaternions w, x, y, z of any length."""
    w, x, y, z = torch.nn.functional.normalize(quaternions, dim=1).unbind(1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], 1),
        torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], 1),
        torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], 1),
    ]
    return torch.stack(rows, 1)
