"""A job on AWS as both sides write and read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from spaceport_app.cloud import wire
from spaceport_app.cloud.layout import Step, following

State: TypeAlias = Literal[
    "uploading", "running", "stopping", "stopped", "failed", "finished", "deleted"
]

PART_BYTES = 8 << 20
"""Size of all parts of an upload but the last of a file."""
MOST_FILES = 5_000
MOST_BYTES = 100 << 30
MOST_PARTS_A_REQUEST = 100
MOST_PARTS_A_FILE = 10_000
"""S3 has no more."""


@dataclass(frozen=True)
class CloudFile:
    """A file of a job: its name inside the job, its bytes, and their SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str

    def parts(self) -> int:
        """Return the number of parts it is uploaded in; an empty file has one."""
        return max(1, -(-self.size // PART_BYTES))

    def as_json(self) -> dict[str, Any]:
        """Return it as it goes over the wire."""
        return {"name": self.name, "bytes": self.size, "sha256": self.sha256}

    @staticmethod
    def of(raw: Mapping[str, Any]) -> CloudFile:
        """Read what `as_json` has written.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or of another kind.
        """
        return CloudFile(wire.text(raw["name"]), wire.whole(raw["bytes"]), wire.text(raw["sha256"]))


@dataclass(frozen=True)
class CloudJob:
    """What a client asks for.

    Parameters
    ----------
    name : str
        Of the project.
    files : tuple of CloudFile
        What is uploaded, in this order. Of a job from the first step on: the photos, by their
        paths below what was given. Of any other: files of the project folder, by their paths
        in it.
    settings : mapping
        The project's settings as ``project.json`` holds them.
    first, last : str
        The steps to do.
    email : str
        Who is told of the end; nobody if empty.
    instances : mapping
        SageMaker instance types that are wanted for steps; else those of the deployment.
    spot : bool or None
        Train on spare capacity, which may be interrupted; None as the deployment does it.
    """

    name: str
    files: tuple[CloudFile, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    first: Step = "sfm"
    last: Step = "compression"
    email: str = ""
    instances: Mapping[Step, str] = field(default_factory=dict)
    spot: bool | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps to do, in order."""
        return following(self.first, self.last)

    def as_json(self) -> dict[str, Any]:
        """Return it as it goes over the wire."""
        raw: dict[str, Any] = {
            "name": self.name,
            "files": [file.as_json() for file in self.files],
            "settings": dict(self.settings),
            "first": self.first,
            "last": self.last,
            "email": self.email,
        }
        # A service that knows no choice takes what leaves it to the deployment.
        if self.instances:
            raw["instances"] = dict(self.instances)
        if self.spot is not None:
            raw["spot"] = self.spot
        return raw
