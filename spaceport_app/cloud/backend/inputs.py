"""From SageMaker's input folders to a project that the stages can work in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spaceport_app import __version__
from spaceport_app.cloud import layout, wire
from spaceport_app.cloud.backend import unpacking
from spaceport_app.cloud.backend.api.names import check_all
from spaceport_app.cloud.backend.manifest import Manifest, digest
from spaceport_app.cloud.job import CloudFile
from spaceport_app.cloud.layout import STAGES, STEPS, Step
from spaceport_app.errors import StageError
from spaceport_app.pipeline.stage import Registry, Stage
from spaceport_app.project import document
from spaceport_app.project.model import Document, Settings, Source, StageRecord, StageRun
from spaceport_app.project.publish import inventory

EDITS = "edits.json"
RECORD = "job.json"
UPLOADED = "uploaded"
"""Fingerprint of a result that a client has made and handed in."""


@dataclass(frozen=True)
class Record:
    """What the worker needs to know of a job."""

    id: str
    name: str
    files: tuple[CloudFile, ...]
    settings: Settings
    first: Step
    source: str = ""

    @property
    def archive(self) -> CloudFile | None:
        """The one archive that a seed job brings for a later step, if it does."""
        return self.files[0] if self.source and self.first != STEPS[0] else None


@dataclass(frozen=True)
class _Given:
    """A file that was handed in, and what it has to be."""

    path: str
    source: Path
    size: int
    sha256: str


def read_record(folder: Path) -> Record:
    """Read the job's record from its input folder.

    Raises
    ------
    StageError
        ``bad_job``, ``bad_name`` where a file's name leads elsewhere or is there twice.
    """
    try:
        raw = wire.read((folder / RECORD).read_bytes())
        files = tuple(CloudFile.of(file) for file in raw["files"])
        record = Record(
            wire.text(raw["job"]),
            wire.text(raw["name"]),
            files,
            _settings(raw),
            raw["first"],
            wire.text(raw.get("source", "")),
        )
        if not layout.is_job_id(record.id) or record.first not in STEPS:
            raise ValueError("no job")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StageError(
            "bad_job", f"The record of the job cannot be read ({error}).", "Make the job again."
        ) from error
    try:
        check_all(file.name for file in files)
    except ValueError as error:
        raise StageError(
            "bad_name", str(error), "Rename the file and make the job again."
        ) from error
    return record


def _settings(raw: Mapping[str, Any]) -> Settings:
    usual = {"preset": "standard", "device": "cpu", "options": {}, "excluded": []}
    return document.settings({**usual, **raw["settings"]})


def photos(record: Record, files: Path, folder: Path) -> tuple[Path, ...]:
    """Give the uploaded photos their names back, below `folder`; return the import's sources.

    Zips are sources of their own, for the import stage to unpack with its guards.

    Raises
    ------
    StageError
        ``input_missing`` or ``input_damaged``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    zips = []
    loose = False
    for given in _uploaded(record, files):
        target = folder / given.path
        _place(given, target)
        if target.suffix.lower() == ".zip":
            zips.append(target)
        else:
            loose = True
    return (*((folder,) if loose or not zips else ()), *zips)


def results(
    record: Record,
    folders: Mapping[Step, Path],
    manifest: Callable[[Step], Mapping[str, Any] | None],
    project: Path,
) -> dict[str, Any]:
    """Lay what earlier steps or the client have made into a project folder.

    Parameters
    ----------
    folders : mapping
        Where the results of each earlier step lie.
    manifest : callable
        Returns the list of what an earlier step of this job has made.

    Returns
    -------
    dict
        The records of the stages of this job's own steps, as ``project.json`` holds them.

    Raises
    ------
    StageError
        ``input_missing``, ``input_damaged`` or ``bad_name``; of an archive those of `unpack`.
    """
    records: dict[str, Any] = {}
    for step, folder in folders.items():
        if record.archive is not None and STEPS.index(step) < STEPS.index(record.first):
            # Every earlier step reads the same one.
            if not project.is_dir():
                _unpack(record.archive, folder, before(record.first), project)
            continue
        if STEPS.index(step) < STEPS.index(record.first):
            given = _uploaded(record, folder)
        else:
            found = _read_manifest(step, manifest(step))
            records.update(found.stages)
            given = (
                _Given(file.path, folder / file.path, file.size, file.sha256)
                for file in found.files
            )
        for one in given:
            _place(one, project / one.path)
    return records


def before(first: Step) -> tuple[str, ...]:
    """Return the folders and files of a project that are made before a step, or go with those."""
    stages = ("photos", "sfm") if first == "3dgs" else ("photos", "sfm", "splats", EDITS)
    return stages if first != STEPS[0] else ()


def _unpack(archive: CloudFile, folder: Path, folders: tuple[str, ...], project: Path) -> None:
    (given,) = _numbered((archive,), folder)
    _check(given)
    unpacking.unpack(given.source, given.path, folders, project)


def _read_manifest(step: Step, raw: Mapping[str, Any] | None) -> Manifest:
    if raw is None:
        raise StageError(
            "input_missing", f"The step {step} has left no result.", "Start the job again."
        )
    try:
        manifest = Manifest.of(raw)
        check_all(file.path for file in manifest.files)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(layout.MANIFEST) from error
    return manifest


def _uploaded(record: Record, folder: Path) -> Iterator[_Given]:
    return _numbered(record.files, folder)


def _numbered(files: tuple[CloudFile, ...], folder: Path) -> Iterator[_Given]:
    for number, file in enumerate(files):
        yield _Given(file.name, folder / f"{number:06d}", file.size, file.sha256)


def _place(given: _Given, target: Path) -> None:
    """Let `target` be the given file; it is not copied, its bytes are checked."""
    if target.is_symlink():
        return
    _check(given)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(given.source.absolute())


def _check(given: _Given) -> None:
    if not given.source.is_file():
        raise StageError(
            "input_missing",
            f"{given.path} is missing among the files of this job.",
            "Upload the files again; they are kept for 7 days.",
        )
    if given.source.stat().st_size != given.size or (
        given.sha256 and digest(given.source) != given.sha256
    ):
        raise _damaged(given.path)


def _damaged(name: str) -> StageError:
    return StageError(
        "input_damaged", f"{name} is not the file that was sent.", "Upload the files again."
    )


def write_project(
    folder: Path,
    record: Record,
    sources: tuple[Path, ...],
    stages: Registry,
    records: Mapping[str, Any],
    created: str,
) -> None:
    """Write ``project.json``, with a record of every result that lies in the folder.

    `records` came with the results; what came without gets one now.

    Raises
    ------
    StageError
        ``input_damaged``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = {
        stage.name: _known(records[stage.name])
        if stage.name in records
        else StageRecord(stage.folder, _handed_in(stage, folder, created))
        for stage in stages
        if (folder / stage.folder).is_dir()
    }
    document.write(
        folder,
        Document(
            name=record.name,
            created=created,
            sources=tuple(Source.of(path, folder) for path in sources),
            settings=record.settings,
            stages=known,
        ),
    )


def check_complete(step: Step, stages: Registry, folder: Path) -> None:
    """Check that a project holds what the stages of a step read from earlier steps.

    Raises
    ------
    StageError
        ``input_missing``.
    """
    own = [stage for stage in stages if stage.name in STAGES[step]]
    folders = {stage.name: stage.folder for stage in stages}
    for stage in own:
        for name in stage.reads:
            if name not in STAGES[step] and not (folder / folders[name]).is_dir():
                raise StageError(
                    "input_missing",
                    f"The {stage.name} stage needs the result of the {name} stage, "
                    "and the job brings none.",
                    f"Start the job one step earlier, or upload the folder {folders[name]}.",
                )


def _known(raw: Mapping[str, Any]) -> StageRecord:
    try:
        record = document.stage_record(raw)
    except ValueError as error:
        raise _damaged(layout.MANIFEST) from error
    if record.published is None:
        raise _damaged(layout.MANIFEST)
    return replace(record, latest=None)


def _handed_in(stage: Stage, folder: Path, created: str) -> StageRun:
    result = folder / stage.folder
    return StageRun(
        fingerprint=UPLOADED,
        state="finished",
        started=created,
        finished=created,
        output=stage.identity(result),
        report={"spaceport": __version__},
        files=inventory(result),
    )
