"""Running out of memory, on whichever device."""

from __future__ import annotations

import gc

import torch

_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception of Python, torch or CUDA says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in _WORDS)


def release() -> None:
    """Give unused memory back, so that a smaller try finds room."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
