"""Colours of values: an even scale that colour-blind people can read, too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def scale(dark: bool) -> Bytes:
    """Return 256 colours from low to high, (256, 3).

    Viridis (van der Walt and Smith, 2015) without the end that would vanish in the background.
    """
    from pyqtgraph import colormap

    low, high = (0.22, 1.0) if dark else (0.0, 0.85)
    table = colormap.get("viridis").getLookupTable(low, high, 256, alpha=False)
    return np.asarray(table, np.uint8)


def span(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of the scale: all values, but not single ones far off (2 %)."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = (
        np.percentile(known, [2.0, 98.0]) if known.size >= 50 else (known.min(), known.max())
    )
    return float(low), float(high)


def colours_of(values: npt.NDArray[np.float64], table: Bytes, unknown: Bytes) -> Bytes:
    """Return a colour for each value, (N, 3); `unknown`, (3,), where it is NaN."""
    low, high = span(values)
    share = np.full(len(values), 0.5) if high <= low else (values - low) / (high - low)
    steps = np.clip(np.nan_to_num(share), 0.0, 1.0) * (len(table) - 1)
    result = table[np.round(steps).astype(np.intp)]
    result[~np.isfinite(values)] = unknown
    return result


def parse(colour: str) -> Bytes:
    """Return the bytes of ``#rrggbb``, (3,)."""
    return np.frombuffer(bytes.fromhex(colour.removeprefix("#")), np.uint8)
