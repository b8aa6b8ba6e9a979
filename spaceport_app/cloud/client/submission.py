"""What this computer knows of a project's job: on disk, so that a kill or a reboot loses nothing.

It lies in ``.cloud/job.json`` of the project. Which parts have arrived is not written down: the
service knows that better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from spaceport_app import atomic, inside, records
from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.job import MOST_BYTES, PART_BYTES, CloudFile, CloudJob
from spaceport_app.cloud.layout import STAGES, Step, following
from spaceport_app.project import document, layout
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

FOLDER = layout.CLOUD
SCHEMA = 1


@dataclass(frozen=True)
class Upload:
    """A file of a job and where its bytes lie: absolute, or relative to the project folder."""

    file: CloudFile
    path: str


@dataclass(frozen=True)
class Submission:
    """A job as it was handed over, and how far that is.

    Parameters
    ----------
    endpoint : str
        Address of the service that has it.
    name : str
        Of the project.
    first, last : str
        Steps that are done in the cloud.
    settings : mapping
        The project's settings at that time, as in ``project.json``.
    fingerprint : str
        What the first stage there would have had here: its result belongs to these inputs.
    uploads : tuple of Upload
        All files, by their numbers in the job.
    photos : str
        ``scaled`` or ``original``; empty where no photos are sent.
    email : str
        Who is told of the end.
    job : str
        Its id, once the service has given one.
    token : str
        By which the service finds the job, should its answer with the id be lost.
    before : str
        Id of the job that this one goes on with: what that has is not sent again.
    part_bytes : int
        Bytes of every part but the last of a file.
    started : bool
        All has arrived and the computing was started.
    taken : tuple of str
        Steps whose results are published here.
    ended : str
        Last state of the job once nothing more will come of it.
    instances : mapping
        Types of machines that were chosen for steps.
    spot : bool or None
        Whether training on spare capacity was chosen.
    elsewhere : bool
        Another computer has handed it over: its photos are not here.
    """

    endpoint: str
    name: str
    first: Step
    last: Step
    settings: Mapping[str, Any]
    fingerprint: str
    uploads: tuple[Upload, ...]
    photos: str = ""
    email: str = ""
    job: str = ""
    token: str = ""
    before: str = ""
    part_bytes: Annotated[int, Meta(ge=1, le=MOST_BYTES)] = PART_BYTES
    started: bool = False
    taken: tuple[Step, ...] = field(default=())
    ended: str = ""
    instances: Mapping[Step, str] = field(default_factory=dict)
    spot: bool | None = None
    elsewhere: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps in order."""
        return following(self.first, self.last)

    @property
    def under_way(self) -> bool:
        """Whether the service has the job and something will still come of it."""
        return bool(self.job) and not self.ended

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(upload.file.size for upload in self.uploads)

    @property
    def open(self) -> bool:
        """Whether something may still come of it."""
        return bool(self.job) and not self.ended

    @property
    def next_step(self) -> Step:
        """The step whose results are not here yet; the last one if all are."""
        return next((step for step in self.steps if step not in self.taken), self.last)

    def as_job(self) -> CloudJob:
        """Return it as the service is asked for it."""
        files = tuple(upload.file for upload in self.uploads)
        return CloudJob(
            self.name,
            files,
            sent_settings(self.settings),
            self.first,
            self.last,
            self.email,
            self.instances,
            self.spot,
        )

    def project_settings(self) -> Settings:
        """Return the settings that the results belong to."""
        return settings_of(self.settings)

    def stages_of(self, step: Step) -> tuple[str, ...]:
        """Return the stages of a step whose results are taken; photos are those that are here."""
        return tuple(name for name in STAGES[step] if self.elsewhere or name != "import")


def settings_of(raw: Mapping[str, Any]) -> Settings:
    """Read what `settings_json` has written.

    Raises
    ------
    ValueError
        If it is of another form.
    """
    return document.settings(raw)


def settings_json(settings: Settings) -> dict[str, Any]:
    """Return settings as ``project.json`` has them."""
    return {
        "preset": settings.preset,
        "device": settings.device,
        "options": {stage: dict(options) for stage, options in settings.options.items() if options},
        "excluded": sorted(settings.excluded),
    }


def sent_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for the other side.

    Which photos are used was decided here, with all of them at hand: only those are sent, and
    none is left out there.
    """
    options = {stage: dict(values) for stage, values in settings["options"].items()}
    keep_all = {"leave_out_blurred": False, "leave_out_duplicates": False}
    options["import"] = {**options.get("import", {}), **keep_all}
    return {**settings, "options": options, "excluded": []}


def folder(project: Project) -> Path:
    """Where all that concerns the cloud lies in a project."""
    return project.folder / FOLDER


def read(project: Project) -> Submission | None:
    """Return the job that was handed over last, or None.

    Raises
    ------
    CloudError
        ``bad_submission`` if the file is damaged or of a newer version.
    """
    path = folder(project) / "job.json"
    try:
        return _submission(inside.read_regular(path, records.MOST_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except records.NewerRecordError as error:
        raise CloudError(
            "bad_submission",
            f"{path} was written by a newer Spaceport.",
            "Open the project with that version.",
        ) from error
    except ValueError as error:
        raise CloudError(
            "bad_submission",
            f"{path} is damaged ({error}).",
            "Remove it; 'spaceport cloud list' shows your jobs, and 'download' fetches them.",
        ) from error


@dataclass(frozen=True)
class _File:
    name: str
    bytes: Annotated[int, Meta(ge=0, le=MOST_BYTES)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]*\Z", max_length=64)]


@dataclass(frozen=True)
class _Upload:
    file: _File
    path: Annotated[str, Meta(pattern=r"^[^\0]+\Z")]


@dataclass(frozen=True)
class _Uploads:
    uploads: tuple[_Upload, ...]


_SUBMISSION = records.RecordFile(dict[str, Any], "bad_submission", "Remove it.", SCHEMA)


def _submission(data: bytes) -> Submission:
    raw = _SUBMISSION.decode(data)
    found = records.convert(raw, _Uploads).uploads
    submitted = records.convert({**raw, "uploads": []}, Submission)
    settings_of(submitted.settings)
    if not submitted.steps:
        raise ValueError("its last step comes before its first")
    uploads = tuple(
        Upload(CloudFile(one.file.name, one.file.bytes, one.file.sha256), one.path) for one in found
    )
    return replace(submitted, uploads=uploads)


def write(project: Project, submission: Submission) -> None:
    """Write down a job in one step.

    Raises
    ------
    OSError
        If the project folder cannot be written.
    """
    place = folder(project)
    place.mkdir(exist_ok=True)
    raw = asdict(submission)
    raw["uploads"] = [{"file": u.file.as_json(), "path": u.path} for u in submission.uploads]
    atomic.write_json(place / "job.json", {"schema": SCHEMA, **raw}, indent=None)
