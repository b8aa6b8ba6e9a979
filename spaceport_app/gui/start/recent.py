"""Recent projects, remembered in a small file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spaceport_app import atomic
from spaceport_app.errors import StageError
from spaceport_app.pipeline.reports import imported
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project import reach
from spaceport_app.project.project import Project
from spaceport_app.records import RecordFile

MOST = 10
_RECENT = RecordFile(tuple[Path, ...], "bad_recent", "Open the projects by their folders.")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mark:
    """One stage of a project: its label and how it stands.

    `state` is ``"done"``, ``"missing"``, ``"failed"`` or ``"stopped"``.
    """

    label: str
    state: str


@dataclass(frozen=True)
class Entry:
    """A project as the start page shows it."""

    folder: Path
    name: str
    photos: int | None
    marks: tuple[Mark, ...]
    picture: Path | None


class RecentProjects:
    """The folders of projects opened last, newest first.

    Parameters
    ----------
    file : Path
        JSON list of absolute paths; a damaged one counts as empty.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def folders(self) -> tuple[Path, ...]:
        """Return the folders that still hold a project."""
        return tuple(folder for folder in self._read() if _is_there(folder))

    def add(self, folder: Path) -> None:
        """Put a project on top, and forget those that are gone."""
        folder = folder.absolute()
        self._write((folder, *(other for other in self.folders() if other != folder)))

    def remove(self, folder: Path) -> None:
        """Forget a project; its folder stays."""
        self._write(tuple(other for other in self._read() if other != folder.absolute()))

    def _read(self) -> tuple[Path, ...]:
        try:
            return _RECENT.read(self._file)
        except FileNotFoundError:
            return ()
        except StageError as error:
            _log.warning("the list of recent projects cannot be read: %s", error)
            return ()

    def _write(self, folders: tuple[Path, ...]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            names = [str(folder) for folder in folders[:MOST]]
            atomic.write_json(self._file, names, indent=1)
        except OSError as error:
            # The list is a convenience: no reason to disturb anybody.
            _log.warning("the list of recent projects cannot be written: %s", error)


def _is_there(folder: Path) -> bool:
    try:
        return Project.exists(folder)
    except OSError:
        # A path may be longer than the system can ask for.
        return False


def look(folder: Path, stages: Registry) -> Entry | None:
    """Return what the start page shows of a project; None if it cannot be opened."""
    try:
        project = Project.open(folder)
    except StageError:
        return None
    run = project.published("import")
    count = imported({"import": run.report}).used if run is not None else None
    return Entry(
        folder,
        project.document.name,
        count,
        tuple(Mark(stage.label, _state(project, stage.name)) for stage in stages),
        _picture(project),
    )


def _state(project: Project, stage: str) -> str:
    record = project.record(stage)
    if record is not None and record.latest is not None:
        return "failed" if record.latest.state == "failed" else "stopped"
    return "missing" if project.published(stage) is None else "done"


def _picture(project: Project) -> Path | None:
    """Return the best picture there is: a rendered view, a view, or a photo."""
    sources = () if reach.unasked(project) else project.sources
    looks: tuple[Callable[[], list[Path]], ...] = (
        lambda: sorted((project.folder / "splats" / "held_out").glob("*.render.png")),
        lambda: sorted((project.folder / "sfm" / "views").glob("*.jpg")),
        lambda: [path for path in sources if path.suffix.lower() in (".jpg", ".jpeg")],
        lambda: [
            path
            for source in sources[:1]
            if source.is_dir()
            for path in sorted(source.iterdir())
            if path.suffix.lower() in (".jpg", ".jpeg")
        ],
    )
    for find in looks:
        try:
            found = find()
        except OSError:
            continue
        if found:
            return found[len(found) // 2]
    return None
