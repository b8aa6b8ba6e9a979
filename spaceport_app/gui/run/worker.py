"""A run in a thread of its own: the Qt-free runner drives the stages, signals carry its news."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from PySide6.QtCore import QObject, QThread, Signal

from spaceport_app.events import Failed
from spaceport_app.gui.run.survey import has_saved_work
from spaceport_app.pipeline import trouble
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import RunEvent, Runner, StageEnded
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.project import Project

_log = logging.getLogger(__name__)


class Work(Protocol):
    """What drives stages, here or elsewhere: `Runner` does it on this computer."""

    def run(self, *, only: str | None = None) -> tuple[Outcome, ...]:
        """Run what is missing or outdated, or `only` one stage; return how each ended."""
        ...

    def stop(self, grace_s: float) -> None:
        """End it with its work saved, at most `grace_s` later; called from another thread."""
        ...


@runtime_checkable
class Remote(Work, Protocol):
    """Work that another computer does, so that it need not end with this window."""

    def leave(self) -> None:
        """Come back soon and let the other computer go on; called from another thread."""
        ...


Maker: TypeAlias = Callable[[Project, Callable[[RunEvent], None], Registry], Work]


@dataclass(frozen=True)
class RunEnd:
    """How a run ended.

    Parameters
    ----------
    good : bool
        Every stage has its result.
    cancelled : bool
        It was stopped on request.
    goes_on : bool
        The stopped stage left saved work to go on from.
    where : str
        How far the stopped stage came, as in `events.Stopped`; empty where it does not tell.
    sentence : str
        What another computer says of the stop; empty for work on this one.
    failure : Failed or None
        Why no stage could even start.
    """

    good: bool
    cancelled: bool = False
    goes_on: bool = False
    where: str = ""
    sentence: str = ""
    failure: Failed | None = None


class RunWorker(QThread):
    """Runs the stages of one project until they are done, fail, or are cancelled.

    The thread lives as long as its stages: on Linux the kernel ends a stage's process when
    the thread that started it ends.

    Parameters
    ----------
    folder : Path
        The project folder; it is opened in the thread.
    stages : Registry
        All stages in order.
    first : str, optional
        A stage to run first, even if its result still holds.
    make : callable
        Makes what drives the stages.
    """

    told = Signal(object)
    """A `RunEvent` of the runner."""
    document = Signal(object)
    """The project's document as a stage's end has left it."""
    ended = Signal(object)
    """The `RunEnd`, as the last signal."""

    def __init__(
        self,
        folder: Path,
        stages: Registry,
        first: str | None = None,
        make: Maker = Runner,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._folder = folder
        self._stages = stages
        self._first = first
        self._make = make
        self._lock = threading.Lock()
        self._cancelled = False
        self._work: Work | None = None
        self._project: Project | None = None

    def stop(self, grace_s: float) -> None:
        """Stop: the running process saves its work and ends, at most `grace_s` later."""
        with self._lock:
            self._cancelled = True
            if self._work is not None:
                self._work.stop(grace_s)

    def leave(self) -> None:
        """Come back soon: work of another computer goes on there, work of this one stops."""
        with self._lock:
            self._cancelled = True
            if isinstance(self._work, Remote):
                self._work.leave()
            elif self._work is not None:
                self._work.stop(0.0)

    def run(self) -> None:
        """Do the work; called by Qt in the thread."""
        try:
            end = self._run()
        except Exception as error:
            if not isinstance(error, OSError):
                _log.exception("the run could not go on")
            failure = trouble.explain(error, self._folder, self._folder / "logs")
            end = RunEnd(good=False, failure=failure)
        self.ended.emit(end)

    def _run(self) -> RunEnd:
        self._project = project = Project.open(self._folder)
        outcomes: tuple[Outcome, ...] = ()
        for only in (self._first, None) if self._first else (None,):
            # Outside the lock: to make it may mean to ask a keyring, which asks a person.
            work = self._make(project, self._listen, self._stages)
            with self._lock:
                if self._cancelled:
                    break
                self._work = work
            outcomes = work.run(only=only)
            if not all(outcome.good for outcome in outcomes):
                break
        last = outcomes[-1] if outcomes else None
        good = last is not None and last.good and not self._cancelled
        if self._cancelled and last is not None and last.good:
            good = last.stage == self._stages[-1].name
        goes_on = (
            last is not None and last.kind == "cancelled" and has_saved_work(project, last.stage)
        )
        where = last.where if last is not None else ""
        told = last.message if last is not None and last.kind == "cancelled" else ""
        sentence = told if isinstance(self._work, Remote) else ""
        return RunEnd(good, self._cancelled and not good, goes_on, where, sentence)

    def _listen(self, event: RunEvent) -> None:
        self.told.emit(event)
        if isinstance(event, StageEnded) and self._project is not None:
            self.document.emit(self._project.document)
