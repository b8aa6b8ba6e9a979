"""The strategy that the options ask for, its timing fitted to the number of steps."""

from __future__ import annotations

from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.strategies.classic import Classic
from spaceport_app.splats.training.strategies.mcmc import Mcmc
from spaceport_app.splats.training.strategies.strategy import Strategy

_MCMC_UNTIL = 0.85
_CLASSIC_UNTIL = 0.5
_WARM_UP_STEPS = 500
_WARM_UP_PART = 0.04
_RESETS_EVERY_PART = 0.1


def choose(options: TrainOptions, extent: float) -> Strategy:
    """Return the strategy of `options.strategy`.

    It starts after 500 steps as in the papers, or 4 % of a shorter run, and ends early enough
    for the last Gaussians to settle.

    Parameters
    ----------
    extent : float
        Scene extent in metres.
    """
    n = options.iterations
    first = max(1, min(_WARM_UP_STEPS, int(_WARM_UP_PART * n)))
    if options.strategy == "mcmc":
        return Mcmc(
            cap=options.max_gaussians,
            first=first,
            last=int(_MCMC_UNTIL * n),
            every=options.refine_every,
            growth=options.growth,
        )
    return Classic(
        cap=options.max_gaussians,
        first=first,
        last=int(_CLASSIC_UNTIL * n),
        every=options.refine_every,
        extent=extent,
        reset_every=max(options.refine_every, int(_RESETS_EVERY_PART * n)),
    )
