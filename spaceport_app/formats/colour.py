"""Colours and opacities that formats keep in few bits, as the numbers that Gaussians have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.model import Floats

SH_C0 = 0.5 / math.sqrt(math.pi)
"""The harmonic of degree 0, the same in every direction (Kerbl et al. 2023)."""
_LEAST = 1e-6
"""How near to 0 and 1 opacities of few bits come, as in SOG."""


def dc_of(colours: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return coefficients of degree 0 for colours from 0 to 1 of any shape."""
    return ((colours - 0.5) / SH_C0).astype(np.float32)


def logit_of(opacities: npt.NDArray[np.floating[Any]]) -> Floats:
    """Return logits of opacities in few bits, kept 1e-6 away from 0 and 1."""
    clipped = np.clip(opacities.astype(np.float64), _LEAST, 1.0 - _LEAST)
    return np.log(clipped / (1.0 - clipped)).astype(np.float32)


DEGREE_4 = 24
"""Coefficients a channel above degree 0 of harmonics of degree 4."""
COEFFICIENTS = {0: 0, 1: 3, 2: 8, 3: 15, 4: DEGREE_4}
"""Degree to number of coefficients a channel above degree 0."""
CUT = "Harmonics of degree 4 were cut to degree 3."
