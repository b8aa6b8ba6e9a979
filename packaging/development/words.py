"""How the set-up speaks and how it stops."""

from __future__ import annotations

import sys


class SetupError(Exception):
    """Something the set-up cannot go on from; its text says what to do about it."""


def say(text: str) -> None:
    """Write a line at once, in order with what child processes write."""
    print(text, flush=True)


def megabytes(size: float) -> str:
    """Return a size in bytes as text in MB, with one digit where it is small."""
    return f"{size / 1e6:.1f} MB" if size < 10e6 else f"{size / 1e6:.0f} MB"


def complain(text: str) -> None:
    """Write a line to the error stream."""
    print(text, file=sys.stderr, flush=True)
