"""Running out of memory, on whichever device."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from spaceport_app.errors import StageError

_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception of Python, torch or CUDA says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in _WORDS)


def too_little(doing: str) -> StageError:
    """Return the error of a machine whose memory does not suffice even after all is lowered."""
    return StageError(
        "out_of_memory",
        f"There is not enough memory for {doing}.",
        "Close other programs, or train on another machine.",
    )


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Raise a StageError ``out_of_memory`` where memory runs out, whichever device's it is."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        release()
        raise too_little(doing) from error


def release() -> None:
    """Give unused memory back, so that a smaller try finds room."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
