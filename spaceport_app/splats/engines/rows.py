"""How engines keep Gaussians: one row of float32 each, moments and gradients laid out alike.

Columns: mean (3), log-scales (3), quaternion w, x, y, z (4), opacity logit (1), harmonics
(3 K, colour fastest), zeros up to a multiple of 16, so that a row begins on a cache line and an
optimiser runs over it without knowing what is what.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.engines.contract import LearningRates
from spaceport_app.splats.model import Splats

MEAN, LOG_SCALES, QUATERNION, OPACITY, SH = 0, 3, 6, 10, 11
_STEP = 16

Rows = npt.NDArray[np.float32]


def width(terms: int) -> int:
    """Return the columns of a row with `terms` harmonics coefficients a channel."""
    return -(-(SH + 3 * terms) // _STEP) * _STEP


def pack(splats: Splats) -> Rows:
    """Return Gaussians as rows, (N, width)."""
    count, terms = len(splats), splats.sh.shape[1]
    rows = np.zeros((count, width(terms)), np.float32)
    rows[:, MEAN:LOG_SCALES] = splats.means
    rows[:, LOG_SCALES:QUATERNION] = splats.log_scales
    rows[:, QUATERNION:OPACITY] = splats.quaternions
    rows[:, OPACITY] = splats.opacity_logits
    rows[:, SH : SH + 3 * terms] = splats.sh.reshape(count, 3 * terms)
    return rows


def unpack(rows: Rows, terms: int) -> Splats:
    """Return rows as Gaussians, in arrays of their own."""
    return Splats(
        rows[:, MEAN:LOG_SCALES].copy(),
        rows[:, LOG_SCALES:QUATERNION].copy(),
        rows[:, QUATERNION:OPACITY].copy(),
        rows[:, OPACITY].copy(),
        rows[:, SH : SH + 3 * terms].reshape(len(rows), terms, 3).copy(),
    )


def rates(learning: LearningRates, terms: int) -> Rows:
    """Return each column's learning rate, (width,)."""
    row = np.zeros(width(terms), np.float32)
    row[MEAN:LOG_SCALES] = learning.means
    row[LOG_SCALES:QUATERNION] = learning.log_scales
    row[QUATERNION:OPACITY] = learning.quaternions
    row[OPACITY] = learning.opacity_logits
    row[SH : SH + 3] = learning.sh0
    row[SH + 3 : SH + 3 * terms] = learning.sh_rest
    return row
