"""What a reader is to the fuzzing: one entry of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from spaceport_app.errors import StageError

How: TypeAlias = Literal["bytes", "json", "zip", "picture"]


def _nothing(folder: Path) -> Sequence[bytes]:
    return ()


@dataclass(frozen=True)
class Reader:
    """One way in for what somebody else may have written.

    Parameters
    ----------
    name : str
        In tables.
    samples : callable
        Makes good inputs, given an empty folder to work in.
    read : callable
        Reads one input; it may write into the folder that it is given, and nowhere else.
    how : str
        What the inputs are, so that mutation knows their parts.
    refuses : tuple of exceptions
        How it says that it does not take an input. Anything else is a fault.
    covers : tuple of str
        Modules of Spaceport, by path below ``spaceport_app``, whose reading it tries.
    heavy : callable
        Makes small inputs that unpack to much, as `samples` does; each is tried once.
    """

    name: str
    samples: Callable[[Path], Sequence[bytes]]
    read: Callable[[bytes, Path], object]
    how: How
    covers: tuple[str, ...]
    refuses: tuple[type[Exception], ...] = (StageError,)
    heavy: Callable[[Path], Sequence[bytes]] = _nothing
