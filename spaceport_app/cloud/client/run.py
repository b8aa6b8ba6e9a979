"""A project's job from here to AWS and back: driven like a run on this computer."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from spaceport_app import removing
from spaceport_app.cloud.client import jobs, preparing, submission, taking
from spaceport_app.cloud.client.answers import ENDED, Look
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.downloading import Downloader
from spaceport_app.cloud.client.failures import CloudError, Halted, RefusedError
from spaceport_app.cloud.client.following import SHOWN, Follower, overall
from spaceport_app.cloud.client.jobs import CONFIRM_S
from spaceport_app.cloud.client.sights import Sights
from spaceport_app.cloud.client.submission import Submission
from spaceport_app.cloud.client.uploading import Uploader
from spaceport_app.cloud.client.wishes import Wish, usual_first
from spaceport_app.cloud.layout import STAGES, STEPS, Step, following
from spaceport_app.errors import StageError
from spaceport_app.events import Failed, part
from spaceport_app.pipeline import fingerprint, trouble, whole
from spaceport_app.pipeline.outcome import Kind, Outcome
from spaceport_app.pipeline.runner import RunEvent, Runner, StageEnded, StageEvent
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import Registry, find, registry
from spaceport_app.project import lock
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import StageRun
from spaceport_app.project.project import Project

POLL_S = 5.0
_LOCKED_POLL_S = 2.0
_WENT_ON = ("stopped", "failed")
"""Ends of jobs that may have done steps whose results nobody has fetched."""

Until: TypeAlias = Literal["started", "taken"]

_log = logging.getLogger(__name__)


class CloudRun:
    """Does stages of one project on AWS: `run` from one thread, `stop` and `leave` from any.

    A job that this project has already is gone on with, wherever it was: uploading, computing
    or fetching. It may be driven wherever a `Runner` can.

    Parameters
    ----------
    project : Project
        It is locked only while results are published.
    listen : callable
        Called in the thread of `run` with every event.
    stages : Registry, optional
        All stages in order.
    api : Api
        The service. Its `halted` event belongs to this run.
    wish : Wish
        What to do, unless there is a job already.
    until : str
        ``started``: come back when AWS computes; ``taken``: when the results are here.
    poll_s : float
        Seconds between looks.
    watched : bool
        Somebody watches: what can be seen of the work is fetched too.
    """

    def __init__(
        self,
        project: Project,
        listen: Callable[[RunEvent], None],
        stages: Registry | None = None,
        *,
        api: Api,
        wish: Wish | None = None,
        until: Until = "taken",
        poll_s: float = POLL_S,
        watched: bool = False,
    ) -> None:
        self._project = project
        self._listen = listen
        self._stages = registry() if stages is None else stages
        self._api = api
        self._wish = wish or Wish()
        self._until = until
        self._poll_s = poll_s
        self._watched = watched
        self._sights = Sights(submission.folder(project) / "now", api.halted)
        self._stop_by: float | None = None
        self._leaving = False
        self._runner: Runner | None = None
        self._uploader: Uploader | None = None
        self._follower: Follower | None = None
        self._outcomes: list[Outcome] = []
        self._told_offline = False

    def stop(self, grace_s: float = CONFIRM_S) -> None:
        """Stop: end sending or fetching at once, and the computing on AWS.

        `run` comes back when AWS has confirmed that nothing computes any more, or after
        `grace_s` (never less than three minutes) with the outcome that says it has not.
        """
        self._stop_by = time.monotonic() + max(grace_s, CONFIRM_S)
        self._api.halted.set()
        if self._runner is not None:
            self._runner.stop()

    def leave(self) -> None:
        """Come back soon and let the job go on there."""
        self._leaving = True
        self._api.halted.set()
        if self._runner is not None:
            self._runner.stop()

    def run(self, *, only: str | None = None) -> tuple[Outcome, ...]:
        """Hand the project over, follow the job, and publish its results here.

        Parameters
        ----------
        only : str, optional
            Do only the step that this stage belongs to; for a job that there is already, it
            changes nothing.

        Returns
        -------
        tuple of Outcome
            One a stage that is over; the last may be a bad one.

        Raises
        ------
        ProjectError
            If the project is damaged, or another process drives its job.
        OSError
            If the project folder cannot be written.
        """
        if only is not None:
            step = next((step for step, names in STAGES.items() if only in names), self._wish.first)
            self._wish = replace(self._wish, first=step, last=step)
        self._outcomes = []
        place = submission.folder(self._project)
        place.mkdir(exist_ok=True)
        with lock.held(place):
            try:
                self._drive()
            except Halted:
                self._halted()
            except CloudError as error:
                self._forget(error)
                self._bad("failed", Failed(error.code, error.message, error.remedy))
            except StageError as error:
                self._bad("failed", Failed(error.code, error.message, error.remedy))
            except Exception as error:
                if not isinstance(error, OSError):
                    _log.exception("the job could not be driven")
                folder = self._project.folder
                self._bad("failed", trouble.explain(error, folder, folder / "logs"))
            finally:
                self._sights.clear()
        return tuple(self._outcomes)

    def _drive(self) -> None:
        found = submission.read(self._project)
        if found is not None and found.under_way and found.endpoint != self._api.endpoint:
            raise CloudError(
                "other_service",
                f"The project's job is at {found.endpoint}.",
                "Connect to that service, or delete the job there first.",
            )
        going = found if found is not None and found.under_way else None
        if going is None and found is not None:
            self._salvage(found)
        first = self._wish.first if going is None else going.first
        see = self._sights.fetch if self._watched else None
        self._follower = follower = Follower(first, self._stages, self._listen, see=see)
        here = first == "sfm" and (going is None or not going.started)
        if here and not self._import():
            return
        job = self._made(follower, found) if going is None else going
        if not job.started:
            follower.show(job.first)
            self._take_over(job)
            self._uploader = uploader = Uploader(
                self._api, job, self._project.folder, self._wish.bytes_a_second
            )
            uploader.run(part(follower.sending, 0.3, 1.0))
            job = self._write(replace(job, started=True))
            preparing.discard(self._project)
        if self._until == "taken":
            self._follow(job, follower)

    def _import(self) -> bool:
        """Read the photos here, where they lie; True if that went well."""
        stage = find(self._stages, "import")
        options = resolve_all(self._stages, self._project.document.settings)["import"]
        if fingerprint.holds(stage, options, self._project):
            run = self._project.published("import")
            assert run is not None and self._follower is not None
            self._end(Outcome("import", stage.label, "skipped", report=run.report))
            return True

        def listen(event: RunEvent) -> None:
            if isinstance(event, StageEvent):
                whole = overall(self._stages, "import", event.fraction)
                event = replace(event, fraction=whole)
            self._listen(event)

        self._runner = Runner(self._project, listen, self._stages)
        if self._api.halted.is_set():
            raise Halted
        outcomes = self._runner.run(only="import")
        self._runner = None
        if not outcomes:
            raise Halted
        self._outcomes.extend(outcomes)
        return bool(outcomes) and outcomes[-1].good

    def _salvage(self, job: Submission) -> None:
        """Publish the steps that an ended job has done and that are not here yet.

        The next job starts behind them, as long as they are those of the present settings.
        """
        left = [step for step in job.steps if step not in job.taken]
        if job.ended not in _WENT_ON or job.endpoint != self._api.endpoint or not left:
            return
        try:
            look = self._api.look(job.job)
        except CloudError as error:
            if error.code != "no_job":
                raise
            return
        self._follower = follower = Follower(job.first, self._stages, self._listen)
        for step in left:
            if not (_is_finished(look, step) and self._take(job, step, follower, True)):
                return
            job = self._write(replace(job, taken=(*job.taken, step)))
            removing.try_to_remove(self._results(step))
            done = usual_first(self._project, self._stages)
            if self._wish.first == step != self._wish.last and _is_before(step, done):
                self._wish = replace(self._wish, first=STEPS[STEPS.index(step) + 1])

    def _made(self, follower: Follower, last: Submission | None) -> Submission:
        """Prepare the files and have the service make the job; `last` is the one before."""
        project, wish = self._project, self._wish
        settings = project.document.settings
        options = resolve_all(self._stages, settings)
        stage = find(self._stages, SHOWN[wish.first])
        for name in stage.reads:
            if project.published(name) is None:
                raise CloudError(
                    "stage_missing",
                    f"The {stage.name} stage needs the result of the {name} stage.",
                    "Run the stages before it here, or have them done on AWS too.",
                )
        stage.check(project)
        mark = fingerprint.of_stage(stage, options[stage.name], project)
        report = part(follower.sending, 0.0, 0.3)
        follower.show(wish.first)
        uploads = preparing.prepare(
            project, wish.first, wish.photos, options, report, self._api.halted
        )
        made = Submission(
            self._api.endpoint,
            project.document.name,
            wish.first,
            wish.last,
            submission.settings_json(settings),
            mark,
            uploads,
            photos=wish.photos if wish.first == "sfm" else "",
            email=wish.email,
            token=secrets.token_hex(16),
            instances=dict(wish.for_steps()),
            spot=wish.spot if "3dgs" in following(wish.first, wish.last) else None,
        )
        if last is not None and last.endpoint == self._api.endpoint:
            made = replace(made, before=last.before)
            if last.job:
                made = replace(made, before=last.job if last.ended != "deleted" else "")
            elif last == replace(made, token=last.token):
                made = last
            elif last.token:
                # It was asked for, and nobody knows whether it was made: find it and delete it.
                # What is refused now was refused then.
                with suppress(RefusedError):
                    self._api.delete(self._api.create(last.as_job(), last.token).job)
        # What is asked for stands on disk first, so that a repeat after a kill asks for the same.
        self._write(made)
        created = self._api.create(made.as_job(), made.token)
        return self._write(replace(made, job=created.job, part_bytes=created.part_bytes))

    def _take_over(self, job: Submission) -> None:
        """Have the new job take what the one before it has; what it has not is sent."""
        if not job.before:
            return
        try:
            number = self._api.take(job.job, job.before)
            _log.info("%d files are there from the job before", number)
        except CloudError as error:
            # The one before is forgotten, or the service is an older one.
            if error.code not in ("no_job", "unknown_job", "not_uploading"):
                raise

    def _forget(self, error: CloudError) -> None:
        """Note that a job is no more, so that the next one is a new one."""
        ended = {"no_job": "deleted", "stopped": "stopped"}.get(error.code)
        if ended and (job := submission.read(self._project)) is not None:
            self._write(replace(job, ended=ended))

    def _write(self, job: Submission) -> Submission:
        submission.write(self._project, job)
        return job

    def _follow(self, job: Submission, follower: Follower) -> None:
        """Look at the job until it is over, and take each step's results when they are there."""
        follower.show(next((step for step in job.steps if step not in job.taken), job.first))
        while True:
            look = self._look(job, follower)
            over = look.state in ENDED
            for step in [step for step in job.steps if step not in job.taken]:
                follower.take(look, step)
                done = look.state == "finished" or _is_finished(look, step)
                if not (done and self._take(job, step, follower, over)):
                    break
                job = self._write(replace(job, taken=(*job.taken, step)))
                removing.try_to_remove(self._results(step))
            if over:
                self._write(replace(job, ended=look.state))
                if look.state == "finished" and set(job.taken) == set(job.steps):
                    return
                self._bad(*_why(look))
                return
            if self._api.halted.wait(self._poll_s):
                raise Halted

    def _look(self, job: Submission, follower: Follower) -> Look:
        """Look at the job; without a network, wait: the job goes on there."""
        while True:
            try:
                look = self._api.look(job.job, follower.after)
                self._told_offline = False
                return look
            except CloudError as error:
                if error.code not in ("no_network", "service_busy"):
                    raise
                if not self._told_offline:
                    self._told_offline = True
                    follower.notice("offline", f"{error.message} The job goes on there.")
                if self._api.halted.wait(self._poll_s):
                    raise Halted from error

    def _take(self, job: Submission, step: Step, follower: Follower, over: bool) -> bool:
        """Fetch and publish a step; False if its files are not all there yet."""
        found = self._api.artifacts(job.job)
        files = [
            file
            for file in found.files
            if file.step == step and (job.elsewhere or not file.path.startswith("photos/"))
        ]
        if not files and not over:
            return False
        if not files:
            raise CloudError(
                "no_result",
                f"AWS finished the step {step} and left no files.",
                "Submit again; if it stays, tell whoever runs the service.",
            )
        results = self._results(step)
        downloader = Downloader(self._api, job.job, results)
        downloader.run(files, lambda event: follower.fetching(step, event))
        runs = self._publish(job, step, found.stages, follower)
        for notice in whole.kept(self._project):
            follower.notice(notice.code, notice.message)
        for name, run in zip(job.stages_of(step), runs, strict=True):
            self._end(
                Outcome(
                    name,
                    find(self._stages, name).label,
                    "finished",
                    report=run.report,
                    seconds=run.seconds,
                    peak_memory_bytes=run.peak_memory_bytes,
                )
            )
        return True

    def _publish(
        self,
        job: Submission,
        step: Step,
        records: Mapping[str, Mapping[str, Any]],
        follower: Follower,
    ) -> tuple[StageRun, ...]:
        """Publish a step; while something else works on the project, wait for that."""
        told = False
        while True:
            try:
                results = self._results(step)
                return taking.take(self._project, job, step, results, records, self._stages)
            except ProjectError as error:
                if error.code != "project_locked":
                    raise
                if not told:
                    told = True
                    follower.notice("waiting", f"{error.message} The results wait for that.")
                if self._api.halted.wait(_LOCKED_POLL_S):
                    raise Halted from error

    def _results(self, step: Step) -> Path:
        return submission.folder(self._project) / "results" / step

    def _halted(self) -> None:
        """End as it was asked for: leave the job alone, or stop it and see it stopped."""
        job = submission.read(self._project)
        asked = self._uploader is not None and self._uploader.asked_start
        computes = job is not None and (job.started or asked) and not job.ended
        if not computes:
            self._bad("cancelled", Failed("stopped", "Stopped.", "Submit again to go on."))
        elif self._leaving or self._stop_by is None:
            self._bad("cancelled", Failed("left", "The job goes on on AWS.", "Follow it later."))
        else:
            assert job is not None
            self._confirm(job, self._stop_by)

    def _confirm(self, job: Submission, end_s: float) -> None:
        """Stop the job, and end with what is known of it then."""
        self._api.halted.clear()
        try:
            look = jobs.confirm(self._api, job.job, min(self._poll_s, 2.0), end_s, self._unheard)
        except Halted:
            message = "Left before AWS had confirmed that the job stopped; it may go on and cost."
            failure = Failed("stop_unconfirmed", message, "Stop it again, or follow it.")
            self._bad("failed", failure)
        except CloudError as error:
            self._forget(error)
            self._bad("failed", Failed(error.code, error.message, error.remedy))
        else:
            # A finished job's results are still to be fetched.
            if look.state != "finished":
                self._write(replace(job, ended=look.state))
            self._bad(*_why(look))

    def _unheard(self, error: CloudError) -> None:
        if self._follower is not None:
            words = f"{error.message} Whether the job stops is not known yet."
            self._follower.notice("stop_unheard", words)

    def _bad(self, kind: Kind, failure: Failed) -> None:
        job = submission.read(self._project)
        step = self._wish.first
        if job is not None and not (job.ended and not job.job):
            step = next((step for step in job.steps if step not in job.taken), job.last)
        stage = find(self._stages, SHOWN[step])
        seconds = self._follower.seconds() if self._follower is not None else 0.0
        self._end(
            Outcome(
                stage.name,
                stage.label,
                kind,
                failure.code,
                failure.message,
                failure.remedy,
                seconds=seconds,
            )
        )

    def _end(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        if self._follower is not None:
            self._follower.ended(outcome)
        else:
            self._listen(StageEnded(outcome))


def _is_finished(look: Look, step: Step) -> bool:
    found = look.steps.get(step)
    return found is not None and found.state.lower() in ("finished", "completed")


def _is_before(step: Step, other: Step) -> bool:
    return STEPS.index(step) < STEPS.index(other)


def _why(look: Look) -> tuple[Kind, Failed]:
    """Return the kind of a job's end that is no success, and what to tell."""
    if look.state == "stopped":
        return "cancelled", Failed("stopped", "Stopped on AWS.", "Submit again to do the rest.")
    if look.state == "deleted":
        failure = Failed("job_deleted", "The job was deleted on AWS.", "Submit the project again.")
        return "failed", failure
    if look.state == "finished":
        failure = Failed("too_late", "The job was finished before it stopped.", "Follow it again.")
        return "cancelled", failure
    usual = Failed("failed", "The job failed on AWS and left no reason.", "Submit it again.")
    return "failed", look.reason or usual
