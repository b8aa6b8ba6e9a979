"""What the command line says in its own words, in those of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from spaceport_app.cloud.layout import STEPS, Step, following
from spaceport_app.errors import StageError
from spaceport_app.events import Failed
from spaceport_app.gui.run import remedies
from spaceport_app.project.model import Settings

T = TypeVar("T")

STEP_WORDS: dict[Step, str] = {
    "sfm": "camera positions",
    "3dgs": "training",
    "compression": "compression",
}
STATE_WORDS = {
    "uploading": "Not sent completely",
    "running": "Running",
    "stopping": "Stopping",
    "stopped": "Stopped",
    "failed": "Failed",
    "finished": "Finished",
    "deleted": "Deleted",
    "waiting": "Waiting",
    "skipped": "Left out",
}


def steps(first: Step, last: Step) -> str:
    """Return what steps do, such as ``Camera positions and training``."""
    names = [STEP_WORDS[step] for step in following(first, last)]
    if len(names) == len(STEPS):
        return "All stages"
    words = " and ".join(names)
    return words[0].upper() + words[1:]


def in_window(work: Callable[[], T]) -> Callable[[], T]:
    """Return `work` whose failures tell what to do in the window rather than in a terminal."""

    def call() -> T:
        try:
            return work()
        except StageError as error:
            failure = Failed(error.code, error.message, error.remedy)
            remedy = remedies.find(failure, Settings()).sentence
            raise StageError(error.code, error.message, remedy) from error

    return call
