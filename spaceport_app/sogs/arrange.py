"""The order in which Gaussians are stored, by the name of the option."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.sogs.orderings.hilbert import hilbert_order
from spaceport_app.sogs.orderings.morton import morton_order
from spaceport_app.sogs.quantize import encode_positions
from spaceport_app.splats.model import Splats


def arrange(splats: Splats, order: str) -> npt.NDArray[np.intp]:
    """Return the permutation in which `splats` are stored.

    Parameters
    ----------
    splats : Splats
    order : str
        ``"hilbert"``, ``"morton"`` or ``"plas"``, see `CompressOptions`.
    """
    cells, _, _ = encode_positions(splats.means)
    if order == "morton":
        return morton_order(cells)
    if order == "plas":
        from spaceport_app.sogs.orderings.plas import plas_order

        return plas_order(splats)
    return hilbert_order(cells)
