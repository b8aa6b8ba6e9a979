"""The edits of a project: which of them count for the present reconstruction, and saving them.

They lie in ``edits.json`` in the project folder. No stage writes it, so that training and
reconstruction leave it alone: a crop box in metres stays where it is when training runs again,
and floaters are looked for anew in the new result. When the reconstruction is another one, a box
goes with its place on the Earth; without GPS nobody knows where it would be, and it is set aside.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue
from spaceport_app.pipeline.identity import of_json
from spaceport_app.project.project import Project
from spaceport_app.splats.edits import FILE

# The edits' own modules need numpy, which listing the stages must not import.
if TYPE_CHECKING:
    from spaceport_app.splats.edits.file import Frame
    from spaceport_app.splats.edits.history import History
    from spaceport_app.splats.edits.model import Edits

SET_ASIDE = (
    "The crop box is set aside: the camera positions were found anew without GPS, "
    "and nobody knows where in the new scene it would be."
)


@dataclass(frozen=True)
class Standing:
    """The edits as they count now.

    Parameters
    ----------
    history : History
        In the frame of the present reconstruction.
    set_aside : str
        A sentence about a crop box that counts no more, or nothing.
    """

    history: History
    set_aside: str = ""

    @property
    def edits(self) -> Edits:
        """What is taken away now."""
        return self.history.present


def path(project: Project) -> Path:
    """Where the edits of a project lie."""
    return project.folder / FILE


def read(project: Project) -> Standing:
    """Read the edits of a project.

    Raises
    ------
    StageError
        ``edits_damaged``, ``edits_newer`` or ``edits_unreadable``.
    """
    from spaceport_app.splats.edits import file
    from spaceport_app.splats.edits.history import History
    from spaceport_app.splats.edits.model import Edits

    found = file.read(path(project))
    if found == file.EditFile():
        return Standing(found.history)
    here = frame(project)
    matrix = found.frame.to(here)
    if matrix is None:
        words = SET_ASIDE if found.history.present.crop is not None else ""
        return Standing(History(base=found.history.present.without_crop()), words)
    if found.frame.identity == here.identity:
        return Standing(found.history)
    there = matrix

    def moved(edits: Edits) -> Edits:
        return Edits(edits.crop.moved(there) if edits.crop else None, edits.floaters)

    return Standing(found.history.changed(moved))


def save(project: Project, history: History) -> Path | None:
    """Save the edits, for the frame of the present reconstruction.

    A file that is damaged, or holds a crop box that was set aside, is kept under another name.

    Returns
    -------
    Path or None
        Where such a file lies now.

    Raises
    ------
    OSError
        If the project folder cannot be written; the old file is then kept.
    """
    from spaceport_app.splats.edits import file

    place = path(project)
    kept: Path | None = None
    try:
        lost = bool(read(project).set_aside)
    except StageError:
        lost = True
    if lost:
        kept = file.keep_aside(place)
    file.write(place, file.EditFile(history, frame(project)))
    return kept


def frame(project: Project) -> Frame:
    """Return the frame in which the project's splats stand now."""
    from spaceport_app.sfm import store
    from spaceport_app.splats.edits.file import Frame

    run = project.published("sfm")
    if run is None:
        return Frame()

    try:
        found = store.read_georeference(project.folder / "sfm" / "georeference.json")
    except StageError:
        return Frame(run.output)
    if found.world_to_ecef is None:
        return Frame(run.output)
    return Frame(run.output, tuple(tuple(float(v) for v in row) for row in found.world_to_ecef))


def facts(project: Project) -> JsonValue:
    """Return what the bundle depends on, for its fingerprint; None where nothing is edited."""
    if not path(project).exists():
        return None
    from spaceport_app.splats.edits import file

    try:
        edits = read(project).edits
    except StageError:
        return {"unreadable": _digest(path(project))}
    return file.to_json(edits) if edits else None


def outdated(project: Project) -> bool:
    """Whether there is a bundle that was made with other edits."""
    run = project.published("compress")
    return run is not None and not run.fingerprint.endswith(f".{of_json(facts(project))}")


def check(project: Project) -> None:
    """Refuse to pack a bundle while nobody can tell what is edited.

    Raises
    ------
    StageError
        What reading the edits raises.
    """
    read(project)


def _digest(place: Path) -> str:
    try:
        return hashlib.sha256(place.read_bytes()).hexdigest()
    except OSError:
        return ""
