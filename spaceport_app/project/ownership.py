"""Which folders may become a project, and which photos it may be made of.

A project writes into its folder and replaces its results there, so it takes only a folder that is
nobody else's, and never photos that lie where results lie.
"""

from __future__ import annotations

import os
from pathlib import Path

from spaceport_app import atomic
from spaceport_app.project import document, layout, lock
from spaceport_app.project.errors import ProjectError, unwritable

# What desktops leave in every folder that was looked at.
_OF_DESKTOPS = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".directory"})
_HEAD_BYTES = 4096


def require_free(folder: Path) -> None:
    """Refuse to make a project in a folder that holds anything but, at most, a project.

    Raises
    ------
    ProjectError
        ``folder_not_empty``, ``inside_project``, ``no_folder`` or ``no_permission``.
    """
    whole = folder.resolve()
    owner = _owner(whole.parent, whole)
    if owner is not None:
        raise ProjectError(
            "inside_project",
            f"{folder} lies among the results of the project {owner}.",
            "Choose a folder outside of that project.",
        )
    try:
        names = sorted(entry.name for entry in whole.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(folder, error) from error
    if _was_a_project(whole, names):
        return
    foreign = [
        name for name in names if name.lower() not in _OF_DESKTOPS and not _of_a_beginning(name)
    ]
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise ProjectError(
            "folder_not_empty",
            f"{folder} holds other files ({foreign[0]}{more}), and a project needs a folder of "
            "its own.",
            f"Name a new folder, such as {folder / f'{document.name_of(whole)}{document.SUFFIX}'}.",
        )


def require_apart(folder: Path, sources: tuple[Path, ...]) -> None:
    """Refuse photos that lie where a project keeps its results, and results among photos.

    A project folder named NAME.spaceport may lie among its photos: nobody reads photos there.

    Raises
    ------
    ProjectError
        ``photos_in_project`` or ``project_in_photos``.
    """
    project = folder.resolve()
    for source in sources:
        whole = source.resolve()
        owner = project if _among_results(project, whole) else _owner(whole, whole)
        if owner is not None:
            raise ProjectError(
                "photos_in_project",
                f"{source} lies where the project {owner} keeps its results.",
                "Choose another folder for the project, or copy the photos elsewhere first.",
            )
        inside = project.is_relative_to(whole)
        if inside and not _is_skipped(project.relative_to(whole)):
            raise ProjectError(
                "project_in_photos",
                f"The project {folder} would lie among the photos of {source} and be read as more.",
                f"Give it a name that ends in {document.SUFFIX}, or another folder.",
            )


def _of_a_beginning(name: str) -> bool:
    return name == lock.FILE or atomic.is_temporary(Path(name), document.FILE)


def _was_a_project(folder: Path, names: list[str]) -> bool:
    """Whether a folder holds a project whose ``project.json`` may be damaged, or kept aside.

    Other programs have files of that name too.
    """
    if any(document.is_kept_damaged(name) for name in names):
        return True
    if document.FILE not in names:
        return False
    if folder.name.lower().endswith(document.SUFFIX) or (folder / lock.FILE).is_file():
        return True
    try:
        with (folder / document.FILE).open("rb") as file:
            return b'"spaceport"' in file.read(_HEAD_BYTES)
    except OSError:
        return False


def _among_results(project: Path, path: Path) -> bool:
    """Whether `path` lies in a folder of `project` that Spaceport writes."""
    if not path.is_relative_to(project):
        return False
    parts = path.relative_to(project).parts
    first = os.path.normcase(parts[0]) if parts else ""
    return first.startswith(".") or first in (*layout.RESULTS.values(), layout.LOGS)


def _owner(start: Path, path: Path) -> Path | None:
    """Return the project among whose results `path` lies, looking from `start` upwards."""
    for folder in (start, *start.parents):
        if (folder / document.FILE).is_file() and _among_results(folder, path):
            try:
                document.read(folder)
            except ProjectError as error:
                # A file of that name may be anybody's.
                if error.code == "project_damaged":
                    continue
            return folder
    return None


def _is_skipped(way: Path) -> bool:
    """Whether reading photos leaves out a folder on the way from the photos to the project."""
    names = [part.lower() for part in way.parts]
    return any(name.startswith(".") or name.endswith(document.SUFFIX) for name in names)
