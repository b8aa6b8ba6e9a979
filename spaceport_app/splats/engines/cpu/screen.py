"""The columns of a projected Gaussian: one cache line of float32 each.

Its shape is ``exp(-(k1 u^2 + k2 dy^2) / 2)`` with ``u = dx - s dy``: s is `SLOPE`; `Q1` and `Q2`
are -k1 / 2 and -k2 / 2 times log2(e), so that alpha is a power of 2. `EXTENT_X` and `EXTENT_Y`
are half the box in which alpha reaches 1/255; `SHEAR` and `HALF_CHORD` give the ellipse's edges
at a column x, ``y = SHEAR x +- HALF_CHORD sqrt(EXTENT_X^2 - x^2)``.
"""

from __future__ import annotations

X, Y, SLOPE, Q1, Q2, LOG2_OPACITY, RED, GREEN, BLUE = range(9)
EXTENT_X, EXTENT_Y, SHEAR, HALF_CHORD, DEPTH = range(9, 14)
COLUMNS = 16
