"""The list of what a step has made: written last, so that where it is, everything is.

Needs nothing but the standard library: the API reads it too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spaceport_app.cloud import wire
from spaceport_app.cloud.layout import STEPS, Step

SCHEMA = 1


@dataclass(frozen=True)
class Entry:
    """A file by its path in the project folder, its bytes and their SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """All files that a step has made.

    Parameters
    ----------
    step : str
        Which one.
    files : tuple of Entry
        In the order of their paths.
    stages : mapping
        The records of its stages by their names, as ``project.json`` holds them.
    """

    step: Step
    files: tuple[Entry, ...]
    stages: Mapping[str, Mapping[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return it as it lies in S3."""
        return {
            "schema": SCHEMA,
            "step": self.step,
            "project": {name: dict(record) for name, record in self.stages.items()},
            "files": [
                {"path": file.path, "bytes": file.size, "sha256": file.sha256}
                for file in self.files
            ],
        }

    @staticmethod
    def of(raw: Mapping[str, Any]) -> Manifest:
        """Read what `as_json` has written.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or of another kind, or the schema is another.
        """
        if raw["schema"] != SCHEMA or raw["step"] not in STEPS:
            raise ValueError("another kind of manifest")
        files = tuple(
            Entry(wire.text(file["path"]), wire.whole(file["bytes"]), wire.text(file["sha256"]))
            for file in raw["files"]
        )
        stages = dict(raw["project"])
        if not all(isinstance(record, Mapping) for record in stages.values()):
            raise TypeError("a stage without a record")
        return Manifest(raw["step"], files, stages)


def entries(root: Path, folders: tuple[str, ...]) -> tuple[Entry, ...]:
    """Return all files below some folders of `root`, by their paths in it.

    Raises
    ------
    OSError
        If one of them cannot be read.
    """
    paths = [path for name in folders for path in (root / name).rglob("*") if path.is_file()]
    return tuple(
        Entry(path.relative_to(root).as_posix(), path.stat().st_size, digest(path))
        for path in sorted(paths)
    )


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
