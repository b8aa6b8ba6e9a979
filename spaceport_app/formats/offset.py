"""Coordinates too large for single precision: a whole number of units is taken off and stated."""

from __future__ import annotations

import numpy as np

from spaceport_app.formats.model import Doubles, Note
from spaceport_app.splats.model import Floats
from spaceport_app.splats.nearby import nearby

_SMALL_LOSS = 1e-4
_SMALL_SHARE = 1e-6
"""Of the extent: for scenes whose unit is not the metre."""
_TOLD = 1e-3
_TOLD_SHARE = 1e-5


def shifted(
    positions: Floats | Doubles, stated: Doubles
) -> tuple[Floats, Doubles, tuple[Note, ...]]:
    """Return positions in single precision, what was taken off them, and what to say of it.

    Of positions in double precision, the median of an axis rounded to whole units is taken off
    where single precision would lose more than 0.1 mm, or a millionth of the extent, and loses
    less without it. Sky and hills far behind the scene do not count. Nothing is taken off
    positions that are in single precision already: what they have lost cannot be had back.

    Parameters
    ----------
    positions : (N, 3)
        Finite; N over 0.
    stated : (3,) float64
        What the file says was taken off before.

    Returns
    -------
    positions : (N, 3) float32
    offset : (3,) float64
        `stated` and what was taken off here.
    notes : tuple of Note
    """
    near = nearby(positions)
    some = positions[near]
    # Of one axis at a time there is no extent where a scene is flat.
    extent = float((some.max(axis=0).astype(np.float64) - some.min(axis=0)).max())
    if positions.dtype == np.float32:
        spacing = float(np.spacing(np.abs(some).max()))
        notes = _rounded(spacing, extent)
        return np.ascontiguousarray(positions, np.float32), stated.copy(), notes
    middle = np.rint(np.median(some, axis=0))
    limit = min(_SMALL_LOSS, _SMALL_SHARE * extent) if extent else _SMALL_LOSS
    before, after = _loss(some), _loss(some - middle)
    taken = np.where((before > limit) & (after < before / 2), middle, 0.0)
    left = np.ascontiguousarray(positions - taken, np.float32)
    told: tuple[Note, ...] = ()
    offset = stated + taken
    if taken.any():
        words = (
            f"Positions are relative to {shown(offset)}: that was taken off the coordinates, "
            "which single precision cannot hold."
        )
        told = (Note("offset", words),)
    return left, offset, told + _rounded(2 * float(_loss(some - taken).max()), extent)


def shown(offset: Doubles) -> str:
    """Return an offset for people, with as many digits as it has."""
    return ", ".join(np.format_float_positional(value, trim="-") for value in offset)


def _loss(positions: Floats | Doubles) -> Doubles:
    """Return how far single precision takes positions (N, 3) off at most, an axis each."""
    found: Doubles = np.abs(positions.astype(np.float32) - positions).max(axis=0)
    return found


def _rounded(spacing: float, extent: float) -> tuple[Note, ...]:
    if spacing < _TOLD or spacing < _TOLD_SHARE * extent:
        return ()
    words = (
        f"Positions are rounded to {spacing:.1g} in the file: its coordinates are too large for "
        "single precision."
    )
    return (Note("rounded", words),)
