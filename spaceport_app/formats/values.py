"""What becomes of values that are no usual numbers: the same in every format.

A value that means something is kept as a finite number that means the same; a Gaussian that means
nothing is left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spaceport_app.errors import StageError
from spaceport_app.formats.model import Doubles, Note, Raw, Read
from spaceport_app.formats.offset import shifted
from spaceport_app.quantities import count
from spaceport_app.splats.model import Floats, Splats

OPAQUE_LOGIT = 40.0
"""Stands for a logit of +inf: its sigmoid is exactly 1 in single and in double precision."""
FLAT_LOG_SCALE = math.log(1e-6)
"""Stands for a log scale of -inf: the thickness that viewers give Gaussians of two dimensions."""
_LARGEST_LOG_SCALE = 44.0
# Half the logarithm of the largest float32: the variance of a larger one is infinite there.
_SHORTEST, _LONGEST = 1e-6, 1e6
"""Lengths of quaternions that single precision can square and divide by."""
_BLOCK = 1 << 16

Mask = npt.NDArray[np.bool_]


def usable(raw: Raw, name: str) -> Read:
    """Return what can be shown of a file's Gaussians; the arrays of `raw` are changed in place.

    ====================================  =====================================================
    an opacity logit of +inf              opaque: `OPAQUE_LOGIT`
    an opacity logit of -inf              invisible: left out
    a log scale of -inf                   flat: `FLAT_LOG_SCALE`
    a quaternion of another length        kept; brought to length 1 where float32 cannot do that
    a quaternion of zeros                 no rotation, as in empty rows: left out
    NaN or infinite harmonics above 0     those coefficients become 0: the basis is orthonormal,
                                          so that the others stay the best without them
    any other NaN or infinity, or a size  left out
    whose variance float32 cannot hold
    ====================================  =====================================================

    Parameters
    ----------
    raw : Raw
    name : str
        Of the file, for the message.

    Raises
    ------
    StageError
        ``nothing_usable`` if it holds Gaussians and none can be kept.
    """
    held = len(raw.positions)
    if held == 0:
        return _read(raw, held, raw.offset, raw.notes)
    opaque = raw.opacity_logits == np.inf
    raw.opacity_logits[opaque] = OPAQUE_LOGIT
    thin = raw.log_scales == -np.inf
    raw.log_scales[thin] = FLAT_LOG_SCALE

    length = _lengths(raw.quaternions)
    # Of no finite length, in double precision, are only quaternions that hold no numbers.
    good = np.isfinite(length) & ~np.isnan(raw.opacity_logits)
    good &= np.isfinite(raw.positions).all(axis=1)
    # No comparison holds for NaN.
    good &= (raw.log_scales <= _LARGEST_LOG_SCALE).all(axis=1)
    good &= np.isfinite(raw.sh[:, 0]).all(axis=1)
    senseless = held - int(good.sum())
    unrotated = good & (length == 0)
    invisible = good & ~unrotated & (raw.opacity_logits == -np.inf)
    good &= ~unrotated & ~invisible
    patched = _patch_harmonics(raw.sh, good)

    tally = (
        ("not_numbers", senseless, "Left out: {} with values that are no numbers."),
        ("zero_rotation", unrotated, "Left out: {} without a rotation, as in rows of zeros."),
        ("invisible", invisible, "Left out: {} of opacity 0 (a logit of -infinity)."),
        ("opaque", opaque & good, "Opaque: {} with an opacity logit of +infinity."),
        ("flat", thin.any(axis=1) & good, "Flat: {} with a log scale of -infinity."),
        ("harmonics", patched, "Mended: {} with harmonics that are no numbers, read as 0."),
    )
    notes = list(raw.notes)
    for code, which, words in tally:
        number = int(np.sum(which))
        if number:
            notes.append(Note(code, words.format(_of(number, held)), number))
    if not good.any():
        raise StageError(
            "nothing_usable",
            f"None of the {count(held)} Gaussians in {name} can be shown. {notes[-1].message}",
            "Export the file again, or train again.",
        )
    if not good.all():
        raw.positions, raw.log_scales = raw.positions[good], raw.log_scales[good]
        raw.quaternions, raw.opacity_logits = raw.quaternions[good], raw.opacity_logits[good]
        raw.sh, length = raw.sh[good], length[good]
    odd = (length < _SHORTEST) | (length > _LONGEST)
    raw.quaternions[odd] = raw.quaternions[odd].astype(np.float64) / length[odd, None]
    raw.positions, offset, told = shifted(raw.positions, raw.offset)
    return _read(raw, held, offset, [*notes, *told])


def _read(raw: Raw, held: int, offset: Doubles, notes: Sequence[Note]) -> Read:
    splats = Splats(
        np.ascontiguousarray(raw.positions, np.float32),
        np.ascontiguousarray(raw.log_scales),
        np.ascontiguousarray(raw.quaternions),
        np.ascontiguousarray(raw.opacity_logits),
        np.ascontiguousarray(raw.sh),
    )
    return Read(splats, raw.format, held, offset, raw.unused, tuple(notes), raw.antialiased)


def _lengths(quaternions: Floats) -> Doubles:
    found = np.empty(len(quaternions))
    for start in range(0, len(found), _BLOCK):
        block = quaternions[start : start + _BLOCK].astype(np.float64)
        found[start : start + _BLOCK] = np.linalg.norm(block, axis=1)
    return found


def _patch_harmonics(sh: Floats, good: Mask) -> int:
    """Set harmonics above degree 0 that are no numbers to 0; return of how many good rows."""
    patched = 0
    for start in range(0, len(sh), _BLOCK):
        block = sh[start : start + _BLOCK, 1:]
        bad = ~np.isfinite(block)
        patched += int((bad.any(axis=(1, 2)) & good[start : start + _BLOCK]).sum())
        block[bad] = 0.0
    return patched


def _of(number: int, held: int) -> str:
    return f"{count(number)} of {count(held)} Gaussian{'' if held == 1 else 's'}"
