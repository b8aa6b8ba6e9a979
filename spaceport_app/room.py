"""Memory that is asked for is compared with what is free before it is taken.

A file of a few kB may declare what fills any memory. The system would then end this program, or
another one, without a word.
"""

from __future__ import annotations

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.quantities import size

REMEDY = "Close other programs, or use a computer with more memory."
_ALWAYS = 16_000_000


def require(needed: float, what: str, remedy: str = REMEDY) -> None:
    """Make sure that memory is free for what is about to be taken.

    Parameters
    ----------
    needed : float
        Bytes, at the largest.
    what : str
        Begins the sentence: ``"The bundle of 169,000,000 Gaussians"``.

    Raises
    ------
    StageError
        ``not_enough_memory``.
    """
    if needed < _ALWAYS:
        return
    free = resources.free_memory_bytes()
    if needed > free:
        raise StageError(
            "not_enough_memory",
            f"{what} takes {size(needed)} of memory, and {size(free)} are free.",
            remedy,
        )
