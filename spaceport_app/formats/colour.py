"""Colours as formats keep them, as the harmonics that Gaussians have."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.model import SH_C0, Floats


def dc_of(colours: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return coefficients of degree 0 for colours from 0 to 1 of any shape."""
    return ((colours - 0.5) / SH_C0).astype(np.float32)


DEGREE_4 = 24
"""Coefficients a channel above degree 0 of harmonics of degree 4."""
COEFFICIENTS = {0: 0, 1: 3, 2: 8, 3: 15, 4: DEGREE_4}
"""Degree to number of coefficients a channel above degree 0."""
DEGREES = {3 * number: degree for degree, number in COEFFICIENTS.items()}
"""Number of coefficients of all channels above degree 0 to degree."""
CUT = "Harmonics of degree 4 were cut to degree 3."
