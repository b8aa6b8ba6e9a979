"""What was dropped or chosen: a project, splats, or photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spaceport_app.project.project import Project

_SPLATS = frozenset({".ply", ".sog"})
_META = "meta.json"


@dataclass(frozen=True)
class Dropped:
    """What to open. At most one of `project` and `splats` is set; photos go before them.

    Parameters
    ----------
    project : Path or None
        A project folder.
    splats : Path or None
        A .ply, a .sog, or a folder with a bundle.
    photos : tuple of Path
        Files, folders and zips that photos may be found in.
    missing : tuple of Path
        What is not there at all.
    """

    project: Path | None = None
    splats: Path | None = None
    photos: tuple[Path, ...] = ()
    missing: tuple[Path, ...] = ()


def sort_out(paths: Sequence[Path]) -> Dropped:
    """Look at dropped paths, without reading what is in them."""
    photos: list[Path] = []
    missing: list[Path] = []
    project: Path | None = None
    splats: Path | None = None
    for path in paths:
        if not path.exists():
            missing.append(path)
        elif Project.exists(path):
            project = project or path
        elif path.name == "project.json":
            project = project or path.parent
        elif (path.suffix.lower() in _SPLATS and path.is_file()) or (
            path.is_dir() and (path / _META).is_file()
        ):
            splats = splats or path
        elif path.name == _META:
            splats = splats or path.parent
        else:
            photos.append(path)
    if photos:
        return Dropped(photos=tuple(photos), missing=tuple(missing))
    if project is not None:
        return Dropped(project=project, missing=tuple(missing))
    return Dropped(splats=splats, missing=tuple(missing))
