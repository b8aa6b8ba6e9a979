"""A project's job on AWS as the window's run: the connection opened, driven, closed again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from spaceport_app.cloud.client import submission
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.run import POLL_S, CloudRun
from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.errors import StageError
from spaceport_app.gui.run.worker import Maker, Work
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import RunEvent, Runner
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

poll_s = POLL_S
"""Seconds between two looks at a job."""

_log = logging.getLogger(__name__)


class CloudWork:
    """Drives a `CloudRun`; it is made and run in a background thread.

    Parameters
    ----------
    api : Api
        Is closed at the end.
    wish : Wish or None
        What to do; None to go on with the project's job.
    settings : Settings or None
        The project's settings from now on, where they change.
    """

    def __init__(
        self,
        project: Project,
        listen: Callable[[RunEvent], None],
        stages: Registry,
        api: Api,
        wish: Wish | None,
        settings: Settings | None,
    ) -> None:
        self._project = project
        self._api = api
        self._settings = settings
        self._run = CloudRun(
            project, listen, stages, api=api, wish=wish, poll_s=poll_s, watched=True
        )

    def run(self, *, only: str | None = None) -> tuple[Outcome, ...]:
        """Send, follow and fetch, from wherever the job is."""
        with self._api:
            if self._settings is not None and self._settings != self._project.document.settings:
                with self._project.locked():
                    self._project.change(settings=self._settings)
            return self._run.run(only=only)

    def stop(self, grace_s: float) -> None:
        """Stop the job there; `run` comes back when that is confirmed."""
        self._run.stop(grace_s)

    def leave(self) -> None:
        """Come back soon; the job goes on there."""
        self._run.leave()


class _Reading:
    """Reads the photos and nothing else, on this computer."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def run(self, *, only: str | None = None) -> tuple[Outcome, ...]:
        return self._runner.run(only="import")

    def stop(self, grace_s: float) -> None:
        self._runner.stop(grace_s)


def following(connect: Callable[[], Api]) -> Maker:
    """Return what goes on with the project's job."""
    return submitting(connect, None, None)


def submitting(connect: Callable[[], Api], wish: Wish | None, settings: Settings | None) -> Maker:
    """Return what hands a project over and follows it."""

    def make(project: Project, listen: Callable[[RunEvent], None], stages: Registry) -> Work:
        return CloudWork(project, listen, stages, connect(), wish, settings)

    return make


def reading(project: Project, listen: Callable[[RunEvent], None], stages: Registry) -> Work:
    """Return what reads the photos, from which follows what would leave this computer."""
    return _Reading(Runner(project, listen, stages))


def computes(project: Project) -> bool:
    """Whether AWS has all it needs of a project's job, so that it goes on without this computer."""
    try:
        found = submission.read(project)
    except (OSError, StageError) as error:
        _log.warning("what is known of the job cannot be read: %s", error)
        return False
    return found is not None and found.open and found.started
