"""What a format's reader hands over, and what the one door makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.model import Floats, Splats

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Note:
    """Something that a person should know about what was read.

    Parameters
    ----------
    code : str
        For programs, such as ``"zero_rotation"``.
    message : str
        One sentence.
    count : int
        How many Gaussians it is about; 0 where it is about all of them or none.
    """

    code: str
    message: str
    count: int = 0


@dataclass
class Raw:
    """Gaussians as a file states them, whatever values stand there.

    Parameters
    ----------
    format : str
        Name of the format for people, such as ``"SPZ version 3"``.
    positions : (N, 3)
        float32, or float64 where the file holds that much.
    log_scales, quaternions, opacity_logits, sh
        float32, as in `Splats`.
    offset : (3,) float64
        What the file says was taken off its positions.
    unused : tuple of str
        Names of properties and elements that were not used.
    notes : list of Note
        What the reader itself has to say.
    antialiased : bool
        Whether the file says that it was trained so (Mip-Splatting).
    """

    format: str
    positions: Floats | Doubles
    log_scales: Floats
    quaternions: Floats
    opacity_logits: Floats
    sh: Floats
    offset: Doubles = field(default_factory=lambda: np.zeros(3))
    unused: tuple[str, ...] = ()
    notes: list[Note] = field(default_factory=list)
    antialiased: bool = False

    @staticmethod
    def empty(format: str, n: int, coefficients: int, place: npt.DTypeLike = np.float32) -> Raw:
        """Return room for `n` Gaussians with `coefficients` a channel above degree 0.

        Parameters
        ----------
        place : dtype
            Of the positions.
        """
        return Raw(
            format,
            np.empty((n, 3), place),
            np.empty((n, 3), np.float32),
            np.empty((n, 4), np.float32),
            np.empty(n, np.float32),
            np.empty((n, 1 + coefficients, 3), np.float32),
        )


@dataclass(frozen=True)
class Read:
    """Splats from a file of any program.

    Parameters
    ----------
    splats : Splats
        Finite throughout, with rotations that have a length.
    format : str
        Name of the format for people.
    held : int
        Gaussians in the file; those that mean nothing are not among `splats`.
    offset : (3,) float64
        The file's own coordinates are those of `splats` plus this, in the axes of the file.
    unused : tuple of str
        Names of properties and elements that were not used.
    notes : tuple of Note
        What was left out, mended or taken for something, a sentence each.
    antialiased : bool
        Whether the file says that it was trained so.
    """

    splats: Splats
    format: str
    held: int
    offset: Doubles
    unused: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    antialiased: bool = False


@dataclass(frozen=True)
class Found:
    """A file or folder before it is known what it is.

    Parameters
    ----------
    path : Path
    head : bytes
        Its first bytes; none of a folder.
    size : int
        Bytes of the file; 0 of a folder.
    """

    path: Path
    head: bytes
    size: int


@dataclass(frozen=True)
class Format:
    """One format.

    Parameters
    ----------
    name : str
        For people.
    endings : tuple of str
        How its files are usually called; only dialogs go by that.
    recognises : callable
        Whether it is this format, by its content.
    read : callable
        Reads it; raises `StageError` and OSError.
    """

    name: str
    endings: tuple[str, ...]
    recognises: Callable[[Found], bool]
    read: Callable[[Path], Raw]
