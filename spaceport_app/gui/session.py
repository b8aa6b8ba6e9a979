"""What is open in the window, without Qt: one project, its results, the photo at hand."""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from spaceport_app import removing
from spaceport_app.cloud.client import submission
from spaceport_app.cloud.client.submission import Submission
from spaceport_app.errors import StageError
from spaceport_app.pipeline import machine
from spaceport_app.project.model import Settings
from spaceport_app.project.project import SUFFIX, Project

if TYPE_CHECKING:
    from spaceport_app.photos.model import PhotoSet
    from spaceport_app.sfm.model import Reconstruction

Change: TypeAlias = Literal["project", "photos", "reconstruction", "selected", "splats"]
Listener: TypeAlias = Callable[[Change], None]

_log = logging.getLogger(__name__)

_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


@dataclass(frozen=True)
class Interrupted:
    """A stage that was ended before it was done, and may go on."""

    stage: str
    on_its_own: bool
    """Whether a crash or kill ended it, not a person."""


class Session:
    """The state that all panels of the window show; they listen, and never open a file.

    Attributes
    ----------
    project : Project or None
    photos : PhotoSet or None
        As the import stage left them.
    reconstruction : Reconstruction or None
        As the sfm stage left it.
    selected : str
        Name of the photo at hand, or empty.
    splats : Path or None
        The splat file that is shown.
    """

    def __init__(self) -> None:
        self.project: Project | None = None
        self.photos: PhotoSet | None = None
        self.reconstruction: Reconstruction | None = None
        self.selected = ""
        self.splats: Path | None = None
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with what changed."""
        self._listeners.append(listener)

    def create(self, sources: tuple[Path, ...], folder: Path, preset: str = "standard") -> Project:
        """Make a project of photos and open it.

        Raises
        ------
        ProjectError
            If the folder cannot be made or holds a project.
        """
        project = Project.create(folder, sources, Settings(preset, machine.device()))
        self._take(project)
        return project

    def open(self, folder: Path) -> Project:
        """Open a project folder; nothing changes if it cannot be opened.

        Raises
        ------
        ProjectError
            If it is no project, damaged, or of a newer version.
        """
        project = Project.open(folder)
        self._take(project)
        return project

    def reread(self) -> None:
        """Read ``project.json`` again after a stage has changed it."""
        if self.project is not None:
            # The panels hold this very object.
            self.project.document = Project.open(self.project.folder).document

    def close(self) -> None:
        """Close what is open."""
        self._take(None)

    def show_splats(self, path: Path | None) -> None:
        """Show a splat file."""
        self.splats = path
        self._tell("splats")

    def take_photos(self, photos: PhotoSet | None) -> None:
        """Take what the import stage found."""
        self.photos = photos
        self._tell("photos")

    def take_reconstruction(self, found: Reconstruction | None) -> None:
        """Take what the sfm stage found."""
        self.reconstruction = found
        self._tell("reconstruction")

    def select(self, name: str) -> None:
        """Make a photo the one at hand."""
        if name != self.selected:
            self.selected = name
            self._tell("selected")

    def add_sources(self, sources: tuple[Path, ...]) -> None:
        """Give the project more photos.

        Raises
        ------
        ProjectError
            ``project_locked`` while it is being worked on.
        """
        if self.project is None:
            raise RuntimeError("no project is open")
        both = tuple(dict.fromkeys((*self.project.sources, *(p.absolute() for p in sources))))
        with self.project.locked():
            self.project.change(sources=both)

    def exclude(self, names: frozenset[str]) -> None:
        """Leave photos out of the next run.

        Raises
        ------
        ProjectError
            ``project_locked`` while it is being worked on.
        """
        if self.project is None or names == self.project.document.settings.excluded:
            return
        with self.project.locked():
            settings = replace(self.project.document.settings, excluded=names)
            self.project.change(settings=settings)

    def interrupted(self) -> Interrupted | None:
        """Return the stage at which the last run ended early, if it may go on."""
        project = self.project
        if project is None or project.busy:
            return None
        for stage, record in project.document.stages.items():
            latest = record.latest
            if latest is None:
                continue
            if latest.state in ("running", "publishing") or latest.code == "interrupted":
                return Interrupted(stage, True)
            if latest.state == "cancelled":
                return Interrupted(stage, False)
        return None

    def cloud_job(self) -> Submission | None:
        """Return the project's job on AWS, if something may still come of it."""
        try:
            found = submission.read(self.project) if self.project is not None else None
        except (OSError, StageError) as error:
            _log.warning("what is known of the job on AWS cannot be read: %s", error)
            return None
        return found if found is not None and found.open else None

    def save_copy(self, target: Path) -> None:
        """Copy the whole project folder, without what only an unfinished run needs.

        Raises
        ------
        StageError
            ``exists``, ``disk_full`` or ``not_writable``.
        ProjectError
            ``project_locked`` while it is being worked on.
        """
        project = self.project
        if project is None:
            raise RuntimeError("no project is open")
        copy_project(project, target)

    def _take(self, project: Project | None) -> None:
        self.project = project
        self.photos = None
        self.reconstruction = None
        self.selected = ""
        self.splats = None
        self._tell("project")

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)


def copy_project(project: Project, target: Path) -> None:
    """Copy a project to `target`, which must not exist, in one step.

    Raises
    ------
    StageError
        ``exists``, ``disk_full`` or ``not_writable``.
    ProjectError
        ``project_locked``.
    """
    if target.exists():
        raise StageError("exists", f"{target} exists already.", "Choose another name.")
    if target.absolute().is_relative_to(project.folder.absolute()):
        raise StageError(
            "inside_itself", "A project cannot be copied into itself.", "Choose another folder."
        )
    with project.locked():
        try:
            # A folder of a name that nothing had: it is removed again if the copy fails.
            place = Path(tempfile.mkdtemp(prefix=".spaceport-", dir=target.parent))
            try:
                partial = place / "copy"
                ignore = _not_copied(project)
                # Links stay links: what they lead to is no part of the project.
                shutil.copytree(project.folder, partial, ignore=ignore, symlinks=True)
                partial.rename(target)
            finally:
                removing.try_to_remove(place)
        except (OSError, shutil.Error) as error:
            if _is_full(error):
                raise StageError(
                    "disk_full",
                    f"The disk of {target} has no room for the copy.",
                    "Free some space, or choose another folder.",
                ) from error
            raise StageError(
                "not_writable",
                f"The copy could not be written to {target}.",
                "Choose a folder that you may write to.",
            ) from error


def _not_copied(project: Project) -> Callable[[str, list[str]], set[str]]:
    usual = shutil.ignore_patterns(".lock", ".*.partial")
    top = str(project.folder)

    def ignore(folder: str, names: list[str]) -> set[str]:
        # Two projects that fetch the results of one job would be in each other's way.
        of_cloud = {submission.FOLDER} if folder == top else set()
        return set(usual(folder, names)) | of_cloud

    return ignore


def _is_full(error: OSError) -> bool:
    # shutil tells what failed in words alone.
    return error.errno == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(error)


def usual_folder(sources: tuple[Path, ...], parent: Path) -> Path:
    """Return a project folder below `parent` named after the photos, that is not there yet."""
    first = sources[0].absolute()
    if first.is_dir():
        name = first.name
    elif first.suffix.lower() == ".zip":
        name = first.stem
    else:
        name = first.parent.name
    return free_folder(parent, name)


def free_folder(parent: Path, name: str) -> Path:
    """Return a project folder below `parent` for a project's name, that is not there yet."""
    name = _UNFIT.sub(" ", name).strip(" .") or "photos"
    folder = parent / f"{name}{SUFFIX}"
    number = 2
    while folder.exists():
        folder = parent / f"{name} {number}{SUFFIX}"
        number += 1
    return folder
