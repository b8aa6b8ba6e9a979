"""Asking a stage to end soon with its work saved, by a file in its scratch folder.

A file works on every system alike, reaches a process of any kind, and costs a look of some
microseconds. Whoever asks waits for a bounded time and then ends the process anyway.
"""

from __future__ import annotations

import logging
from pathlib import Path

_log = logging.getLogger(__name__)

_NAME = ".stop"


class StoppedOnRequest(Exception):  # noqa: N818 - it is no error
    """A stage has saved its work and ends because it was asked to.

    Parameters
    ----------
    where : str
        How far it came, to stand after "at": ``"step 900 of 1,800"``; empty where nothing of
        its own was under way yet.
    """

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def ask(scratch: Path) -> bool:
    """Ask the stage that works with `scratch` to end; whether the wish could be left there."""
    try:
        (scratch / _NAME).touch()
    except OSError as error:
        _log.warning("the stage cannot be asked to end: %s", error)
        return False
    return True


def asked(scratch: Path) -> bool:
    """Whether the stage that works with `scratch` is to end."""
    return (scratch / _NAME).exists()


def withdraw(scratch: Path) -> None:
    """Forget an earlier wish, before a stage starts."""
    (scratch / _NAME).unlink(missing_ok=True)
