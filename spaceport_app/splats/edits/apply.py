"""Edits done to Gaussians; the ones that were trained stay as they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.edits.floaters import Floats, floating, isolation
from spaceport_app.splats.edits.model import Edits
from spaceport_app.splats.model import Splats

Mask = npt.NDArray[np.bool_]


def kept(splats: Splats, edits: Edits, isolated: Floats | None = None) -> Mask:
    """Tell which Gaussians stay, (N,).

    Crop box and floaters are told apart from each other, so that no order matters: what floats
    is judged in the whole scene.

    Parameters
    ----------
    isolated : (N,), optional
        `isolation(splats)`, where it is known; it takes seconds for a million.
    """
    stay = np.ones(len(splats), np.bool_)
    if edits.crop is not None:
        stay &= edits.crop.holds(splats.means)
    if edits.floaters is not None:
        known = isolation(splats) if isolated is None else isolated
        stay &= ~floating(known, edits.floaters)
    return stay


def apply(splats: Splats, edits: Edits) -> Splats:
    """Return the Gaussians that stay, in their order; maybe none."""
    return splats.take(kept(splats, edits)) if edits else splats
