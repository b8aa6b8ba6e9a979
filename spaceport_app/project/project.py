"""The project folder: opened, locked, and changed one safe step at a time."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from spaceport_app import atomic, removing
from spaceport_app.inside import is_link
from spaceport_app.project import document as files
from spaceport_app.project import layout, lock, ownership, publish, reach
from spaceport_app.project.errors import ProjectError, unwritable
from spaceport_app.project.model import Document, Settings, Source, StageRecord, StageRun

SUFFIX = files.SUFFIX

_log = logging.getLogger(__name__)


class Project:
    """One ``NAME.spaceport`` folder.

    Reading needs no lock; everything that changes the folder happens inside `locked()`.

    Parameters
    ----------
    folder : Path
        The project folder.
    document : Document
        What its ``project.json`` says.
    """

    def __init__(self, folder: Path, document: Document) -> None:
        self.folder = folder
        self.document = document
        self._locked = False
        self._changed: dict[str, tuple[StageRun, list[str]]] = {}
        self._kept: list[Path] = []

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether `folder` holds a project, damaged or not."""
        return (folder / files.FILE).is_file()

    @classmethod
    def open(cls, folder: Path) -> Project:
        """Open an existing project.

        Raises
        ------
        ProjectError
            If it is no project, damaged, or written by a newer version.
        """
        return cls(folder, files.read(folder))

    @classmethod
    def create(cls, folder: Path, sources: tuple[Path, ...], settings: Settings) -> Project:
        """Make a project folder; a damaged ``project.json`` there is kept under another name.

        Raises
        ------
        ProjectError
            ``project_exists``, ``folder_not_empty`` and what else `ownership` refuses,
            ``no_permission``, ``disk_full`` or ``project_locked``.
        """
        ownership.require_free(folder)
        ownership.require_apart(folder, sources)
        fresh = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        try:
            return cls._create(folder, sources, settings)
        except ProjectError:
            if fresh:
                with contextlib.suppress(OSError):
                    (folder / lock.FILE).unlink(missing_ok=True)
                    folder.rmdir()
            raise

    @classmethod
    def _create(cls, folder: Path, sources: tuple[Path, ...], settings: Settings) -> Project:
        with lock.held(folder):
            if cls.exists(folder):
                try:
                    files.read(folder)
                except ProjectError as error:
                    if error.code != "project_damaged":
                        raise
                    kept = files.keep_damaged(folder)
                    _log.warning("kept the damaged project.json as %s", kept)
                else:
                    raise ProjectError(
                        "project_exists",
                        f"{folder} is a project already.",
                        "Open it, or choose another folder.",
                    )
            document = Document(
                name=files.name_of(folder),
                created=_now(),
                sources=tuple(Source.of(path, folder) for path in sources),
                settings=settings,
            )
            try:
                files.write(folder, document)
            except OSError as error:
                raise unwritable(folder, error) from error
        made = cls(folder, document)
        reach.agree(made, (source.path for source in document.sources))
        return made

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the project for this process, read it again, and mend what a kill has left.

        Raises
        ------
        ProjectError
            ``project_locked`` if another process holds it.
        OSError
            If leftovers cannot be mended because the disk is full or not writable.
        """
        with lock.held(self.folder):
            self.document = files.read(self.folder)
            self._locked = True
            try:
                self._recover()
                yield
            finally:
                self._locked = False

    @property
    def busy(self) -> bool:
        """Whether a process works on it now."""
        return lock.is_held(self.folder)

    @property
    def sources(self) -> tuple[Path, ...]:
        """Where the given photos lie now."""
        return tuple(
            source.find(self.folder, agreed=reach.agreed(self, source.path))
            for source in self.document.sources
        )

    def record(self, stage: str) -> StageRecord | None:
        """What is known of a stage."""
        return self.document.stages.get(stage)

    def published(self, stage: str) -> StageRun | None:
        """Return the run whose result lies in the stage's folder, if it is still whole."""
        record = self.record(stage)
        if record is None or not (self.folder / record.folder).is_dir():
            return None
        return None if self.damaged(stage) else record.published

    def damaged(self, stage: str) -> list[str]:
        """Return the files that are gone from a published result, or were cut or overwritten.

        They are told by their size, and by their content where `verify` has looked at it; a
        result whose whole folder is gone is not damaged.
        """
        record = self.record(stage)
        if record is None or record.published is None:
            return []
        folder = self.folder / record.folder
        if not folder.is_dir():
            return []
        run, changed = self._changed.get(stage, (None, []))
        return publish.resized(folder, record.published) or (
            changed if run is record.published else []
        )

    def verify(self, stage: str) -> list[str]:
        """Compare the content of a published result with its record, once for each result.

        Reads all its files, about a second for each gigabyte; `damaged` and `published` know
        from then on what was found.

        Returns
        -------
        list of str
            As `damaged`.
        """
        record = self.record(stage)
        if record is None or record.published is None:
            return []
        run, _ = self._changed.get(stage, (None, []))
        folder = self.folder / record.folder
        if run is not record.published and folder.is_dir():
            changed = publish.changed(folder, record.published)
            self._changed[stage] = (record.published, changed)
        return self.damaged(stage)

    def take_kept(self) -> tuple[Path, ...]:
        """Return, once, where files now lie that had a name of Spaceport's and were not."""
        kept, self._kept = tuple(self._kept), []
        return kept

    def partial(self, stage: str) -> Path:
        """Where a stage writes while it works."""
        return layout.partial(self.folder, stage)

    def scratch(self, stage: str) -> Path:
        """Where a stage keeps what survives a kill."""
        return layout.scratch(self.folder, stage)

    def log(self, stage: str) -> Path:
        """The log of a stage's last process."""
        return layout.log(self.folder, stage)

    def change(
        self, *, settings: Settings | None = None, sources: tuple[Path, ...] | None = None
    ) -> None:
        """Save other settings or sources.

        Raises
        ------
        ProjectError
            ``photos_in_project`` or ``project_in_photos``.
        """
        document = self.document
        if settings is not None:
            document = replace(document, settings=settings)
        if sources is not None:
            ownership.require_apart(self.folder, sources)
            document = replace(
                document, sources=tuple(Source.of(path, self.folder) for path in sources)
            )
        if document != self.document:
            before = {one.path for one in self.document.sources}
            self._save(document)
            # Who names a place himself has agreed to it.
            reach.agree(self, {one.path for one in document.sources} - before)

    def begin(self, stage: str, folder: str, fingerprint: str) -> StageRun:
        """Prepare the folders of a stage and note that it runs.

        What an earlier try with another fingerprint left in the scratch folder is removed, and
        so is what a try went on from that then broke down: it may be the reason.

        Returns
        -------
        StageRun
            With the token for its processes; `resumed` if it goes on from an earlier try.
        """
        record = self.record(stage) or StageRecord(folder)
        scratch, partial = self.scratch(stage), self.partial(stage)
        if self.record(stage) is None:
            # No run of this stage has made them.
            self._keep(publish.take_aside(scratch), publish.take_aside(partial))
        publish.remove(partial)
        latest = record.latest
        if latest is None or latest.fingerprint != fingerprint or _spoilt(latest):
            publish.remove(scratch)
        publish.without_links(scratch)
        resumed = scratch.is_dir() and any(scratch.iterdir())
        run = StageRun(fingerprint, "running", _now(), resumed=resumed, token=uuid4().hex)
        self._put(stage, replace(record, folder=folder, latest=run))
        scratch.mkdir(exist_ok=True)
        partial.mkdir()
        self._make_room_for_log(stage)
        return run

    def settle(self, stage: str) -> None:
        """Forget a later try that would have made the very result that holds, with its scratch.

        A try with other options stays: a person may go back to them, and it took its time.
        """
        record = self.record(stage)
        if record is None or record.latest is None or record.published is None:
            return
        if record.latest.fingerprint == record.published.fingerprint:
            publish.remove(self.scratch(stage))
            self._put(stage, replace(record, latest=None))

    def ended(self, stage: str, run: StageRun, *, discard_scratch: bool = False) -> None:
        """Note that a stage did not finish; the result before it stays.

        `run` tells state, time, memory and reason; its fingerprint and start are kept. What is
        about to be published stays so: the next `locked()` completes it.
        """
        record = self.record(stage)
        if record is None or record.latest is None or record.latest.state == "publishing":
            return
        publish.remove(self.partial(stage))
        if discard_scratch:
            publish.remove(self.scratch(stage))
        self._put_latest(
            stage,
            state=run.state,
            finished=_now(),
            seconds=run.seconds,
            peak_memory_bytes=run.peak_memory_bytes,
            code=run.code,
            message=run.message,
            remedy=run.remedy,
        )

    def publish(
        self,
        stage: str,
        report: Mapping[str, object],
        *,
        output: str,
        seconds: float,
        peak_memory_bytes: int,
    ) -> StageRun:
        """Put the finished partial folder in the place of the old result.

        The intention is saved first, so that a kill at any point is completed by the next
        `locked()` and the record on disk always belongs to the folder on disk.
        """
        partial = self.partial(stage)
        publish.sync(partial)
        self._put_latest(
            stage,
            state="publishing",
            finished=_now(),
            seconds=seconds,
            peak_memory_bytes=peak_memory_bytes,
            output=output,
            report=dict(report),
            files=publish.inventory(partial),
            digests=publish.digests(partial),
        )
        return self._complete(stage)

    def _complete(self, stage: str) -> StageRun:
        record = self.document.stages[stage]
        assert record.latest is not None
        folder, partial = self.folder / record.folder, self.partial(stage)
        if partial.is_dir():
            self._keep(*publish.swap(partial, folder))
        # While the record still tells what of the old result is Spaceport's.
        self._keep(publish.clear_aside(folder, record.published))
        run = replace(record.latest, state="finished")
        self._put(stage, StageRecord(record.folder, run))
        self._changed[stage] = (run, [])
        try:
            publish.remove(self.scratch(stage))
        except OSError as error:
            # The result is published; what is left goes when the project is locked next.
            _log.warning("the work behind %s could not be removed: %s", stage, error.strerror)
        return run

    def _recover(self) -> None:
        for name in (files.FILE, layout.EDITS):
            atomic.remove_leftovers(self.folder, name)
        publish.without_links(self.folder / layout.CLOUD)
        for stage, record in self.document.stages.items():
            for half in (self.scratch(stage), self.partial(stage)):
                removing.try_to_remove(layout.removing(half))
            folder = self.folder / record.folder
            latest = record.latest
            if latest is not None and latest.state == "publishing":
                if self.partial(stage).is_dir() or folder.is_dir():
                    self._complete(stage)
                    continue
                _log.warning("the new result of %s is gone", stage)
                self._put_latest(stage, state="crashed", code="result_gone")
            publish.put_back(folder)
            self._keep(publish.take_aside(layout.aside(folder)))
            if latest is None:
                publish.remove(self.scratch(stage))
            elif latest.state == "running":
                publish.remove(self.partial(stage))
                self._put_latest(
                    stage,
                    state="crashed",
                    code="interrupted",
                    message="Spaceport was ended while it worked on this stage.",
                    remedy="Run again: it goes on from where it was.",
                )

    def _make_room_for_log(self, stage: str) -> None:
        log = self.log(stage)
        for path in (log.parent, log):
            if is_link(path):
                removing.remove(path)
        if log.parent.exists() and not log.parent.is_dir():
            self._keep(publish.take_aside(log.parent))
        log.parent.mkdir(exist_ok=True)

    def _keep(self, *kept: Path | None) -> None:
        self._kept.extend(path for path in kept if path is not None)

    def _put_latest(self, stage: str, **changes: object) -> None:
        record = self.document.stages[stage]
        assert record.latest is not None
        run = replace(record.latest, **changes)  # type: ignore[arg-type]
        self._put(stage, replace(record, latest=run))

    def _put(self, stage: str, record: StageRecord) -> None:
        stages = {**self.document.stages, stage: record}
        self._save(replace(self.document, stages=stages))

    def _save(self, document: Document) -> None:
        if not self._locked:
            raise RuntimeError("a project is changed only while it is locked")
        files.write(self.folder, document)
        self.document = document


def _spoilt(run: StageRun) -> bool:
    return run.resumed and run.code in ("crashed", "internal", "stalled")


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
