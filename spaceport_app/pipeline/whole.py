"""Results that are as they were published: asked before one is read, sent or handed on."""

from __future__ import annotations

import shlex
from pathlib import Path

from spaceport_app import inside
from spaceport_app.errors import StageError
from spaceport_app.events import Notice
from spaceport_app.inside import OutsideError
from spaceport_app.project import publish
from spaceport_app.project.project import Project


def require(project: Project, *stages: str) -> None:
    """Compare the results of `stages` with what was recorded when they were published.

    Reads all their files, about a second for each gigabyte.

    Raises
    ------
    StageError
        ``stage_missing``, ``result_damaged``, or ``file_error`` where nobody can tell.
    """
    for name in stages:
        again = shlex.join(["spaceport", "run", "-o", str(project.folder)])
        try:
            damaged = project.verify(name)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise StageError(
                "file_error",
                f"What the {name} stage made cannot be read now ({why}).",
                "Check the disk and its connection, and try again.",
            ) from error
        if damaged:
            raise StageError(
                "result_damaged",
                f"{damaged[0]}, which the {name} stage made, is gone or not as it was made.",
                f"This makes it again: {again}",
            )
        if project.published(name) is None:
            raise StageError(
                "stage_missing",
                f"The project has no result of the {name} stage yet.",
                f"Run the whole project first: {again}",
            )


def files(project: Project, stage: str) -> tuple[Path, ...]:
    """Return the files that a stage has published, by their names; none where it has not.

    What a person has put beside them, and what stands behind a link, is not among them; records
    of older versions list no files, and all count that lie there.
    """
    run, record = project.published(stage), project.record(stage)
    if run is None or record is None:
        return ()
    folder = project.folder / record.folder
    names = sorted(run.files or publish.inventory(folder))
    return tuple(folder / name for name in names if _lies_there(folder, name))


def kept(project: Project) -> tuple[Notice, ...]:
    """Return, once, what to tell of files that had a name of Spaceport's and were not."""
    return tuple(
        Notice(
            "kept_beside",
            f"Files that Spaceport had not made, or that were changed, lie in {path.name} now.",
            path.name,
        )
        for path in project.take_kept()
    )


def _lies_there(folder: Path, name: str) -> bool:
    try:
        return inside.path(folder, name).is_file()
    except OutsideError:
        return False
