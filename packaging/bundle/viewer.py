"""The viewer that ships along: other people's code, which must be what its record says it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bundle import fetch
from bundle.failure import BuildError

RECORD = "record.json"


@dataclass(frozen=True)
class Viewer:
    """What is on record.

    Parameters
    ----------
    name, version, licence : str
        As its makers state them.
    source : str
        Where its code lies.
    package, integrity : str
        Package of npm it was taken from (a package URL), and npm's hash of that.
    recorded : str
        Day of the record.
    changes : str
        What of the package was taken, and what is other than there.
    files : dict of str to str
        SHA-256 of each file by its name.
    """

    name: str
    version: str
    licence: str
    source: str
    package: str
    integrity: str
    recorded: str
    changes: str
    files: dict[str, str]


def record(folder: Path) -> Viewer:
    """Return the record of the viewer in a folder."""
    return Viewer(**json.loads((folder / RECORD).read_text(encoding="utf-8")))


def check(folder: Path) -> Viewer:
    """Return the record of the viewer in a folder, having compared all files with it.

    Raises
    ------
    BuildError
        If a file differs, is missing, or is not on record.
    """
    known = record(folder)
    there = {path.name for path in folder.iterdir()} - {RECORD}
    for name in sorted(there ^ known.files.keys()):
        missing = "is missing" if name in known.files else f"is not on record in {RECORD}"
        raise BuildError(f"resources/viewer/{name} {missing}.")
    for name, sha256 in known.files.items():
        if fetch.digest(folder / name) != sha256:
            raise BuildError(
                f"resources/viewer/{name} is another file than the one on record. Put that of"
                f" {known.package} back, or record the new one with its version in {RECORD}."
            )
    return known
