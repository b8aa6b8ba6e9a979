"""A limit to the size of Gaussians, as seen from the camera that is nearest to them.

At the edge of a flight few photos see the ground. There a Gaussian can grow far beyond the
scene, sideways out of every training photo, and lie like a sheet over a view that nobody took.
"""

from __future__ import annotations

import torch

from spaceport_app.splats.engines.contract import Change, Statistics

_AT_ONCE = 1 << 16


def limited(
    change: Change | None, statistics: Statistics, centres: torch.Tensor, largest: float
) -> Change | None:
    """Return `change` with no Gaussian larger than the limit; None if nothing changes at all.

    Parameters
    ----------
    change : Change or None
        What the strategy wants.
    statistics : Statistics
        The Gaussians before the change.
    centres : (C, 3)
        Positions of the training cameras.
    largest : float
        Largest standard deviation as a part of the distance to the nearest camera.
    """
    means, log_scales = statistics.means.detach(), statistics.log_scales.detach()
    if change is not None:
        means = means[change.source] if change.means is None else change.means
        given = change.log_scales
        log_scales = log_scales[change.source] if given is None else given
    limit = torch.log(largest * _nearest(means, centres))[:, None]
    smaller = torch.minimum(log_scales, limit)
    if torch.equal(smaller, log_scales):
        return change
    if change is None:
        source = torch.arange(len(means), device=means.device)
        fresh = torch.zeros(len(means), dtype=torch.bool, device=means.device)
        return Change(source, fresh, log_scales=smaller)
    return Change(change.source, change.fresh, change.means, smaller, change.opacity_logits)


def _nearest(means: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Return the distance of each Gaussian to the nearest centre, (N,), over 0."""
    centres = centres.to(means)
    parts = [torch.cdist(part, centres).amin(dim=1) for part in torch.split(means, _AT_ONCE)]
    return torch.cat(parts).clamp(min=1e-6)
