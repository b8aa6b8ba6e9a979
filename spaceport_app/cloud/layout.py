"""Where everything of a job lies in S3: keys follow from the job's id alone."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, get_args

Step: TypeAlias = Literal["sfm", "3dgs", "compression"]

STEPS: tuple[Step, ...] = get_args(Step)
"""The steps of the state machine in order."""

STAGES: dict[Step, tuple[str, ...]] = {
    "sfm": ("import", "sfm"),
    "3dgs": ("train",),
    "compression": ("compress", "export"),
}
"""The stages of Spaceport that each step runs."""

_FOLDERS: dict[Step, str] = {"sfm": "colmap", "3dgs": "3dgs", "compression": "compressed"}
_ID = re.compile(r"[a-z0-9]{26}")

ROLE_POLICY = "job"
"""Name of the one policy in a job's role."""

PROGRESS, MANIFEST = "progress.json", "manifest.json"

PICTURE, CLOUD = "preview.jpg", "cloud.zip"
"""Names of what can be seen of a step while it works."""
MOST_SIGHT_BYTES = 8 << 20
"""Nothing larger is put there, or fetched."""


def is_job_id(text: str) -> bool:
    """Whether `text` has the form of a job's id."""
    return _ID.fullmatch(text) is not None


def uploads(job: str) -> str:
    """Return the prefix of what a client has uploaded."""
    return f"jobs/{job}/files/"


def upload(job: str, number: int) -> str:
    """Return the key of an uploaded file; its name stands in the record, never in a key."""
    return f"{uploads(job)}{number:06d}"


def record(job: str) -> str:
    """Return the key of a job's record."""
    return f"jobs/{job}/job.json"


def stop_wish(job: str) -> str:
    """Return the key of what is there as soon as somebody wants a job stopped."""
    return f"jobs/{job}/stop.json"


def records(job: str) -> str:
    """Return the prefix of what is written about a job in the artifacts bucket."""
    return f"jobs/{job}/"


def owned(owner: str) -> str:
    """Return the prefix of the empty objects that name the jobs of an API key by its id."""
    return f"owners/{owner}/"


def token(owner: str, token: str) -> str:
    """Return the key of what tells which job was made with a client's token."""
    return f"{owned(owner)}tokens/{token}"


def day(owner: str, day: str) -> str:
    """Return the prefix of the places for the jobs that a key makes on a day."""
    return f"{owned(owner)}days/{day}/"


def running(owner: str) -> str:
    """Return the prefix of the places for the jobs of a key that run at the same time."""
    return f"{owned(owner)}running/"


def turn(owner: str, place: int, turn: int) -> str:
    """Return the key of what tells which job has one of those places, as often as it was taken."""
    return f"{running(owner)}{place:03d}/{turn:06d}"


def copies(job: str) -> str:
    """Return the prefix of the calls that have copied files for a job."""
    return f"{records(job)}copies/"


def role(job: str) -> str:
    """Return the name of the role that the machines of a job have."""
    return f"sp-{job}"


def results(job: str, step: Step) -> str:
    """Return the prefix of all that a step leaves."""
    return f"{_FOLDERS[step]}/{job}/"


def progress(job: str, step: Step) -> str:
    """Return the key of the events of a step."""
    return results(job, step) + PROGRESS


def sight(job: str, step: Step, name: str) -> str:
    """Return the key of what can be seen of a step: a picture, or the cloud as it grows."""
    return f"{results(job, step)}now/{name}"


def manifest(job: str, step: Step) -> str:
    """Return the key of the list of a step's files; it is written last."""
    return results(job, step) + MANIFEST


def result(job: str, step: Step, path: str) -> str:
    """Return the key of a result by its path relative to the project folder."""
    return f"{results(job, step)}files/{path}"


def checkpoints(job: str) -> str:
    """Return the prefix of what an interrupted training goes on from."""
    return results(job, "3dgs") + "checkpoints/"


def compute_name(job: str, step: Step) -> str:
    """Return the name of the SageMaker job of a step."""
    return f"sp-{job}-{step}"


def following(first: Step, last: Step) -> tuple[Step, ...]:
    """Return the steps from `first` to `last`.

    Raises
    ------
    ValueError
        If `last` lies before `first`.
    """
    chosen = STEPS[STEPS.index(first) : STEPS.index(last) + 1]
    if not chosen:
        raise ValueError(f"{last} comes before {first}")
    return chosen
