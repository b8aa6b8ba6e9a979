"""One step of a job in a container: ``python -m spaceport_app.cloud.backend.worker STEP``.

SageMaker has put the inputs into folders below ``/opt/ml``. The step's stages run as on any
computer; what they tell and make goes to S3. Exit status 0: done, 1: failed, with the reason
where SageMaker reads it, 143: stopped with its work saved.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from spaceport_app import atomic, portable
from spaceport_app.cloud import layout
from spaceport_app.cloud.backend import inputs, results
from spaceport_app.cloud.backend.checkpoints import Mirror
from spaceport_app.cloud.backend.objects import Artifacts
from spaceport_app.cloud.backend.progress import StepProgress
from spaceport_app.cloud.backend.sights import Sights
from spaceport_app.cloud.layout import STAGES, STEPS, Step
from spaceport_app.errors import StageError
from spaceport_app.events import Failed
from spaceport_app.pipeline import trouble
from spaceport_app.pipeline.runner import Runner
from spaceport_app.pipeline.stage import registry
from spaceport_app.project import reach
from spaceport_app.project.project import SUFFIX, Project
from spaceport_app.quantities import duration

DONE, FAILED, STOPPED = 0, 1, 128 + signal.SIGTERM
SAVE_GRACE_S = 60.0
"""SageMaker kills two minutes after it has asked."""
_MARGIN_S = 120.0
_TRAINING: Step = "3dgs"
_MOST_NAME = 60
_MOST_REASON = 1000
"""SageMaker cuts reasons at 1,024 characters."""

_log = logging.getLogger(__name__)


class _StoppedError(BaseException):
    """SageMaker has asked to end, and no stage is running that could save its work."""


@dataclass(frozen=True)
class Place:
    """SageMaker's folders, which differ between its two kinds of jobs."""

    root: Path
    step: Step

    def input(self, name: str) -> Path:
        """Where an input lies."""
        training = self.step == _TRAINING
        return self.root / ("input/data" if training else "processing/input") / name

    @property
    def work(self) -> Path:
        """Where everything is made."""
        return self.root / "work"

    def project(self, name: str) -> Path:
        """Return the project folder, called as the project is: so are the exported files."""
        return self.work / f"{portable.name(name[:_MOST_NAME])}{SUFFIX}"

    @property
    def checkpoints(self) -> Path:
        """What SageMaker copies to S3 while a training job runs, and back."""
        return self.root / "checkpoints"

    @property
    def model(self) -> Path:
        """What a training job hands to SageMaker."""
        return self.root / "model"

    @property
    def reason(self) -> Path:
        """The file in which SageMaker looks for why a job has failed."""
        return self.root / "output" / ("failure" if self.step == _TRAINING else "message")


class _Wishes:
    """Who wants the work to end: SageMaker by a signal, or the time limit."""

    def __init__(self, limit_s: float | None) -> None:
        self.limit_s = limit_s
        self.stopped = False
        self.out_of_time = False
        self._runner: Runner | None = None
        self._saving = False

    def listen(self) -> None:
        """Take SIGTERM, and begin to count."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        if self.limit_s is not None:
            margin = min(_MARGIN_S, 0.1 * self.limit_s)
            timer = threading.Timer(self.limit_s - margin, self._expire)
            timer.daemon = True
            timer.start()

    def ignore(self) -> None:
        """Take no more signals: the end is near anyway."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def attach(self, runner: Runner | None) -> None:
        """Say who is to be stopped from now on; with None the signal ends the work itself."""
        self._runner = runner
        self.check()

    def check(self) -> None:
        """End the work if somebody has wished so.

        Raises
        ------
        StageError
            ``time_limit``.
        """
        if self.stopped and self._runner is None:
            raise _StoppedError
        if self.out_of_time and self._runner is None:
            assert self.limit_s is not None
            raise StageError(
                "time_limit",
                f"The step took longer than its limit of {duration(self.limit_s)}.",
                "Start again with fewer photos or a lower preset, or set a longer limit.",
            )
        if self._runner is not None and (self.stopped or self.out_of_time):
            self._runner.stop(SAVE_GRACE_S)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True
        if self._runner is None:
            raise _StoppedError
        self._runner.stop(SAVE_GRACE_S)

    def _expire(self) -> None:
        self.out_of_time = True
        if self._runner is not None:
            self._runner.stop(SAVE_GRACE_S)


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Do the step that `arguments` name; return the exit status."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    step = next((known for known in STEPS if arguments == [known]), None)
    if step is None:
        _log.error("name one step of %s, not %s", ", ".join(STEPS), arguments)
        return FAILED
    place = Place(Path(environment.get("SPACEPORT_ROOT", "/opt/ml")), step)
    job = environment["SPACEPORT_JOB"]
    limit = environment.get("SPACEPORT_LIMIT_SECONDS")
    wishes = _Wishes(float(limit) if limit else None)
    artifacts = Artifacts(environment["SPACEPORT_ARTIFACTS"])
    key = layout.progress(job, step)
    progress: StepProgress | None = None
    try:
        wishes.listen()
        earlier = artifacts.get_json(key)
        sights = Sights(lambda name, data: artifacts.put_bytes(layout.sight(job, step, name), data))
        progress = StepProgress(
            step, lambda told: artifacts.put_json(key, told), earlier, sights=sights
        )
        progress.start()
        _work(place, job, artifacts, progress, wishes)
        wishes.ignore()
        progress.end("finished")
        return DONE
    except _StoppedError:
        wishes.ignore()
        _log.info("stopped")
        if progress is not None:
            progress.end("stopped")
        return STOPPED
    except Exception as error:
        wishes.ignore()
        if not isinstance(error, StageError):
            _log.exception("the step failed")
        failure = in_cloud(trouble.explain(error, place.work, place.work))
        _give_reason(place, failure)
        if progress is not None:
            progress.end("failed", failure)
        return FAILED


def _work(
    place: Place, job: str, artifacts: Artifacts, progress: StepProgress, wishes: _Wishes
) -> None:
    step = place.step
    record = inputs.read_record(place.input("job"))
    folder = place.project(record.name)
    if record.id != job:
        raise StageError("bad_job", "The record is that of another job.", "Make the job again.")
    stages = registry()
    sources: tuple[Path, ...] = ()
    given: dict[str, object] = {}
    if step == "sfm":
        sources = inputs.photos(record, place.input("files"), place.work / "photos")
    else:
        folders = {known: place.input(known) for known in STEPS if place.input(known).is_dir()}

        def manifest(of: Step) -> dict[str, object] | None:
            return artifacts.get_json(layout.manifest(job, of))

        given = inputs.results(record, folders, manifest, folder)
    inputs.check_complete(step, stages, folder)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    inputs.write_project(folder, record, sources, stages, given, now)
    mirror = None
    if step == _TRAINING:
        (stage,) = STAGES[step]
        mirror = Mirror(folder, Project.open(folder).scratch(stage), place.checkpoints)
        mirror.restore(stage)
    project = Project.open(folder)
    # The job's own uploads, which lie where this has put them.
    reach.agree(project, reach.unasked(project))
    runner = Runner(
        project, progress.listen, tuple(stage for stage in stages if stage.name in STAGES[step])
    )
    wishes.attach(runner)
    if mirror is not None:
        mirror.start()
    try:
        outcomes = runner.run()
    finally:
        if mirror is not None:
            mirror.end()
    bad = next((outcome for outcome in outcomes if not outcome.good), None)
    if bad is not None and bad.kind != "cancelled":
        wishes.attach(None)
        results.store_logs(artifacts, job, step, project)
        raise StageError(bad.code, bad.message, bad.remedy)
    wishes.attach(None)
    made = results.store(artifacts, job, step, project, wishes.check)
    if mirror is not None:
        mirror.clear()
        place.model.mkdir(parents=True, exist_ok=True)
        atomic.write_json(place.model / layout.MANIFEST, made.as_json())
        with suppress(Exception):
            artifacts.remove(layout.checkpoints(job))


_IN_CLOUD = {
    "disk_full": (
        "The disk of the machine in the cloud is full.",
        "Start again with fewer photos, or with larger disks.",
    ),
    "out_of_memory": (
        "The memory of the machine in the cloud did not suffice.",
        "Start again with fewer photos or a lower preset, or on a larger machine.",
    ),
}


def in_cloud(failure: Failed) -> Failed:
    """Return a failure with what a person can do about it from afar."""
    if failure.code in _IN_CLOUD:
        return Failed(failure.code, *_IN_CLOUD[failure.code])
    if failure.code in ("internal", "crashed", "killed"):
        remedy = "Start the job again; if it stays, send the log of the step with a report."
        return Failed(failure.code, failure.message, remedy)
    return failure


def _give_reason(place: Place, failure: Failed) -> None:
    words = f"{failure.message} {failure.remedy}"
    _log.error("%s: %s", failure.code, words)
    with suppress(OSError):
        place.reason.parent.mkdir(parents=True, exist_ok=True)
        place.reason.write_text(words[:_MOST_REASON], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
