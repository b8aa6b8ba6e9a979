"""Where everything lies inside a project folder."""

from __future__ import annotations

from pathlib import Path

PHOTOS, SFM, SPLATS, BUNDLE, EXPORT = "photos", "sfm", "splats", "bundle", "export"
RESULTS = {
    "import": PHOTOS,
    "sfm": SFM,
    "train": SPLATS,
    "compress": BUNDLE,
    "export": EXPORT,
}
"""Stage name to the folder of its result."""
LOGS = "logs"
EDITS = "edits.json"
CLOUD = ".cloud"
"""What concerns a job on AWS: its record, reduced photos, results on their way."""


def partial(project: Path, stage: str) -> Path:
    """Where a stage writes while it works."""
    return project / f".{stage}.partial"


def scratch(project: Path, stage: str) -> Path:
    """Where a stage keeps what survives a kill."""
    return project / f".{stage}.scratch"


def log(project: Path, stage: str) -> Path:
    """The log of a stage's last process."""
    return project / LOGS / f"{stage}.log"


def removing(folder: Path) -> Path:
    """What a folder is called while it is removed."""
    return folder.with_name(f"{folder.name}.removing")


def aside(folder: Path) -> Path:
    """Where the old result lies for the moment in which the new one takes its place."""
    return folder.with_name(f".{folder.name}.old")


def kept(path: Path) -> Path:
    """Return a name beside `path`, not taken yet, for what is not Spaceport's to remove."""
    name = path.name.lstrip(".").removesuffix(".old") or "files"
    number = 1
    while (found := path.with_name(f"{name}.kept-{number}")).exists() or found.is_symlink():
        number += 1
    return found
