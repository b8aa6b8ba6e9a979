"""Stages in order, each in its own process: events out, cancel in, results published."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from spaceport_app import resources, stopping
from spaceport_app.errors import StageError
from spaceport_app.events import End, Event, Failed, Finished, Notice, Progress, Stopped
from spaceport_app.pipeline import (
    environment,
    fingerprint,
    machine,
    memory,
    messages,
    outcome,
    processes,
    trouble,
    watchdog,
    whole,
)
from spaceport_app.pipeline.eta import Eta
from spaceport_app.pipeline.outcome import Ending, Outcome
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import Registry, Stage, check_limits, registry
from spaceport_app.project.model import StageRun
from spaceport_app.project.project import Project

_POLL_S = 0.25
_EXIT_GRACE_S = 10.0
_PIPE_GRACE_S = 3.0
SAVE_GRACE_S = 20.0
"""Time that a stage has to save its work when it is asked to end: many times what it takes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageStarted:
    """A stage's process is about to start; `resumed` if it goes on from an earlier try."""

    stage: str
    label: str
    resumed: bool


@dataclass(frozen=True)
class StageEvent:
    """An event of the running stage.

    Parameters
    ----------
    eta_s : float or None
        Seconds that the stage will still take, for progress events, once that can be told.
    fraction : float
        Part of the whole run that is done, 0 to 1, by the weights of the stages.
    """

    stage: str
    event: Event
    eta_s: float | None
    fraction: float


@dataclass(frozen=True)
class StageEnded:
    """A stage is over, or was not needed."""

    outcome: Outcome


RunEvent: TypeAlias = StageStarted | StageEvent | StageEnded


class Runner:
    """Runs stages of one project; `run` from one thread, `stop` and `cancel` from any.

    Parameters
    ----------
    project : Project
        It is locked while stages run.
    listen : callable
        Called in the thread of `run` with every event.
    stages : Registry, optional
        All stages in order; those of the environment by default.
    """

    def __init__(
        self,
        project: Project,
        listen: Callable[[RunEvent], None],
        stages: Registry | None = None,
    ) -> None:
        self._project = project
        self._listen = listen
        self._stages = registry() if stages is None else stages
        self._cancelled = threading.Event()
        self._patience_ends: float | None = None
        self._began = time.monotonic()
        # SimpleQueue.put may be called from a signal handler, Queue.put may not.
        self._lines: SimpleQueue[str | None] = SimpleQueue()

    def stop(self, grace_s: float = SAVE_GRACE_S) -> None:
        """Stop, but let a stage that can save its work do so, for `grace_s` seconds at most."""
        end = time.monotonic() + grace_s
        before = self._patience_ends
        # One number in one assignment: a signal handler may come between any two.
        self._patience_ends = end if before is None else min(before, end)
        self._lines.put("")

    def cancel(self) -> None:
        """Stop at once: end the running process group within two seconds or so."""
        self._cancelled.set()
        self._lines.put("")

    def run(self, *, only: str | None = None) -> tuple[Outcome, ...]:
        """Run the stages that are missing or outdated, in order, until one does not finish.

        Parameters
        ----------
        only : str, optional
            Run this stage alone, even if its result still holds.

        Returns
        -------
        tuple of Outcome
            One a stage that ran or was skipped; the last may be a bad one.

        Raises
        ------
        ProjectError
            If the project is locked, damaged, or its options make no sense.
        OSError
            If the project folder cannot be written.
        """
        self._began = time.monotonic()
        with self._project.locked():
            self._end_leftovers()
            options = resolve_all(self._stages, self._project.document.settings)
            wanted = [stage for stage in self._stages if only in (None, stage.name)]
            outcomes: list[Outcome] = []
            for stage in wanted:
                if self._stopping:
                    break
                found = self._stage(stage, options[stage.name], wanted, forced=only is not None)
                outcomes.append(found)
                self._listen(StageEnded(found))
                if not found.good:
                    break
            return tuple(outcomes)

    def _end_leftovers(self) -> None:
        for stage, record in self._project.document.stages.items():
            latest = record.latest
            if latest is not None and latest.code == "interrupted":
                killed = processes.end_leftovers(latest.token)
                if killed:
                    _log.warning("ended %d leftover processes of stage %s", killed, stage)

    def _stage(self, stage: Stage, options: Any, wanted: list[Stage], *, forced: bool) -> Outcome:
        project = self._project
        try:
            for name in (stage.name, *stage.reads):
                # Once a run: what no size tells, a flipped bit or another file in its place.
                project.verify(name)
            if not forced and fingerprint.holds(stage, options, project):
                run = project.published(stage.name)
                assert run is not None
                project.settle(stage.name)
                why = stage.irreplaceable(project)
                if why:
                    self._listen(StageEvent(stage.name, Notice("kept", why), None, 0.0))
                return _outcome(stage, "skipped", run)
            for name in stage.reads:
                whole.require(project, name)
            # To run one stage by name is the way to go on without what is gone.
            why = "" if forced else stage.irreplaceable(project)
            if why:
                return _failed(stage, _gone(why, stage, project))
            stage.check(project)
            check_limits(stage)
            if damaged := project.damaged(stage.name):
                self._listen(StageEvent(stage.name, _damaged(stage, damaged), None, 0.0))
            stopping.withdraw(project.scratch(stage.name))
            run = project.begin(
                stage.name, stage.folder, fingerprint.of_stage(stage, options, project)
            )
            self._tell_kept(stage)
        except (OSError, StageError) as error:
            return _failed(stage, self._explain(error, stage))
        self._listen(StageStarted(stage.name, stage.label, run.resumed))
        began = time.monotonic()
        try:
            ending = self._child(stage, run, wanted)
        except BaseException:
            self._note(stage, StageRun(run.fingerprint, "crashed", run.started))
            raise
        seconds = time.monotonic() - began
        kind, failure = outcome.judge(ending, project.folder, project.log(stage.name))
        if failure is None:
            assert isinstance(ending.last, Finished)
            try:
                done = project.publish(
                    stage.name,
                    ending.last.report,
                    output=stage.identity(project.partial(stage.name)),
                    seconds=round(seconds, 3),
                    peak_memory_bytes=ending.peak_memory_bytes,
                )
                self._tell_kept(stage)
                return _outcome(stage, "finished", done)
            except (OSError, StageError) as error:
                kind, failure = "failed", self._explain(error, stage)
        state = {"failed": "failed", "cancelled": "cancelled"}.get(kind, "crashed")
        self._note(
            stage,
            StageRun(
                run.fingerprint,
                state,  # type: ignore[arg-type]
                run.started,
                seconds=round(seconds, 3),
                peak_memory_bytes=ending.peak_memory_bytes,
                code=failure.code,
                message=failure.message,
                remedy=failure.remedy,
            ),
        )
        return Outcome(
            stage.name,
            stage.label,
            kind,
            failure.code,
            failure.message,
            failure.remedy,
            {},
            seconds,
            ending.peak_memory_bytes,
            ending.exit_status,
            ending.last.where if isinstance(ending.last, Stopped) else "",
        )

    def _tell_kept(self, stage: Stage) -> None:
        for notice in whole.kept(self._project):
            self._listen(StageEvent(stage.name, notice, None, 0.0))

    def _child(self, stage: Stage, run: StageRun, wanted: list[Stage]) -> Ending:
        """Run the process of a stage to its end, whatever that is, and leave none behind."""
        folder = self._project.folder.absolute()
        spent = f"{time.monotonic() - self._began:.3f}"
        module = "spaceport_app.pipeline.child"
        command = [sys.executable, "-P", "-m", module, stage.name, str(folder), spent]
        kills = machine.oom_kills()
        process = processes.start(command, environment.for_child(os.environ), run.token)
        lines: SimpleQueue[str | None] = SimpleQueue()
        self._lines = lines
        threading.Thread(target=_read, args=(process, lines), daemon=True).start()
        eta = Eta()
        watch, stalled = watchdog.of_stage(stage, self._project), None
        last: End | None = None
        peak, sampled, give_up, no_longer = 0, 0.0, float("inf"), float("inf")
        try:
            while True:
                now = time.monotonic()
                if process.poll() is None:
                    if self._stopping and not self._waits_for(stage, now):
                        processes.end(process)
                    elif now > give_up or stalled is not None:
                        processes.finish(process)
                    else:
                        stalled = watch.check(process.pid, now, self._project.log(stage.name))
                if now - sampled >= 2 * _POLL_S:
                    peak, sampled = max(peak, memory.of_tree_bytes(process.pid)), now
                try:
                    line = lines.get(timeout=_POLL_S)
                except Empty:
                    # A process that left the group may still hold the pipe: no reason to wait
                    # for it. But on a busy computer our own reading may be behind.
                    if process.poll() is not None:
                        no_longer = min(no_longer, now + _PIPE_GRACE_S)
                        if now > no_longer or self._cancelled.is_set():
                            break
                    continue
                if line is None:
                    break
                watch.seen(line)
                event = _event(line) if line else None
                if event is None:
                    continue
                if isinstance(event, End):
                    last, give_up = event, time.monotonic() + _EXIT_GRACE_S
                self._tell(stage, event, eta, wanted)
        finally:
            status = processes.finish(process)
        if isinstance(last, Finished):
            report = dict(last.report)
            peak = max(peak, int(float(str(report.pop("peak_memory_bytes", 0)))))
            last = Finished(report)
        return Ending(
            last,
            status,
            self._stopping,
            machine.oom_kills() > kills,
            peak,
            resources.memory_bytes(),
            resources.free_disk_bytes(folder),
            stalled,
        )

    @property
    def _stopping(self) -> bool:
        return self._cancelled.is_set() or self._patience_ends is not None

    def _waits_for(self, stage: Stage, now: float) -> bool:
        """Whether a stage that is to stop has been asked, and has time left to save its work."""
        if not stage.saves or self._cancelled.is_set() or self._patience_ends is None:
            return False
        scratch = self._project.scratch(stage.name)
        return now < self._patience_ends and (stopping.asked(scratch) or stopping.ask(scratch))

    def _tell(self, stage: Stage, event: Event, eta: Eta, wanted: list[Stage]) -> None:
        if isinstance(event, End):
            return
        left: float | None = None
        part = 0.0
        if isinstance(event, Progress):
            left = eta.update(event.fraction, time.monotonic(), event.step)
            part = event.fraction
        total = sum(other.weight for other in wanted) or 1.0
        before = sum(other.weight for other in wanted[: wanted.index(stage)])
        self._listen(StageEvent(stage.name, event, left, (before + part * stage.weight) / total))

    def _note(self, stage: Stage, run: StageRun) -> None:
        try:
            self._project.ended(stage.name, run)
        except OSError as error:
            # Without room for the note the next start finds the stage "running" and mends it.
            _log.warning("the end of stage %s could not be noted: %s", stage.name, error.strerror)

    def _explain(self, error: BaseException, stage: Stage) -> Failed:
        return trouble.explain(error, self._project.folder, self._project.log(stage.name))


def _read(process: subprocess.Popen[str], lines: SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout as stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


def _event(line: str) -> Event | None:
    try:
        return messages.decode(line)
    except ValueError as error:
        _log.warning("%s", error)
        return None


def _damaged(stage: Stage, names: list[str]) -> Notice:
    more = len(names) - 1
    files = f"{stage.folder}/{names[0]}" + (f" and {more} more" if more else "")
    return Notice("damaged", f"Gone or damaged, and made again: {files}.")


def _gone(why: str, stage: Stage, project: Project) -> Failed:
    again = shlex.join(["spaceport", "stage", stage.name, str(project.folder)])
    return Failed("photo_missing", why, f"Put it back, or go on without it: {again}")


def _failed(stage: Stage, failure: Failed) -> Outcome:
    return Outcome(stage.name, stage.label, "failed", failure.code, failure.message, failure.remedy)


def _outcome(stage: Stage, kind: outcome.Kind, run: StageRun) -> Outcome:
    return Outcome(
        stage.name,
        stage.label,
        kind,
        report=run.report,
        seconds=run.seconds,
        peak_memory_bytes=run.peak_memory_bytes,
    )
