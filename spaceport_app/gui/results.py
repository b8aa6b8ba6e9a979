"""What stages have left on disk, read and written off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from spaceport_app.gui.background import Background
from spaceport_app.gui.dialogs import tell
from spaceport_app.gui.session import Session
from spaceport_app.pipeline import stages as rooms
from spaceport_app.project.project import Project

if TYPE_CHECKING:
    from spaceport_app.gui.report.facts import Report


class Results:
    """Reads the results of a project in the background and says what cannot be read.

    Parameters
    ----------
    session : Session
        Takes what was read, and tells all panels.
    owner : QWidget
        The parent of messages.
    """

    def __init__(self, session: Session, owner: QWidget) -> None:
        self._session = session
        self._owner = owner
        self._background = Background(owner)

    def load(self, project: Project, stage: str) -> None:
        """Read the result of a stage for all panels, if there is one."""
        if project.published(stage) is None:
            return
        if stage == "import":
            self._background.start(
                "photos",
                lambda: rooms.photoset(project),
                self._session.take_photos,
                self._teller("The list of photos cannot be read."),
            )
        elif stage == "sfm":
            self._background.start(
                "reconstruction",
                lambda: rooms.reconstruction(project),
                self._session.take_reconstruction,
                self._teller("The camera positions cannot be read."),
            )

    def list_files(
        self, project: Project, show: Callable[[Sequence[tuple[str, Path]]], None]
    ) -> None:
        """Find the files of the photos at once, before any stage has read them."""
        sources = project.sources

        def find() -> list[tuple[str, Path]]:
            from spaceport_app.photos.discover import discover

            # Zips are unpacked by the stage, not for a list.
            plain = tuple(source for source in sources if source.suffix.lower() != ".zip")
            if not plain:
                return []
            found = discover(plain, project.folder, 0, lambda done, total: None).found
            return [(item.name, item.path) for item in found]

        self._background.start("files", find, show, self._teller("The photos cannot be listed."))

    def gather(
        self,
        project: Project,
        show: Callable[[Report], None],
        failed: Callable[[str], None],
    ) -> None:
        """Gather what the report of a project says."""
        from spaceport_app.gui.report.facts import gather

        self._background.start("facts", lambda: gather(project), show, failed)

    def save_report(self, project: Project, path: Path) -> None:
        """Write the report of a project as one HTML file."""
        from spaceport_app.gui.report.facts import gather
        from spaceport_app.gui.report.html import write

        self._background.start(
            "report",
            lambda: write(path, gather(project)),
            lambda _: None,
            self._teller("The report was not saved."),
        )

    def forget(self) -> None:
        """Drop what is still being read: another project was opened."""
        for kind in ("files", "photos", "reconstruction"):
            self._background.forget(kind)

    def wait(self) -> None:
        """Wait for all work to end, and drop its results."""
        self._background.wait()

    def _teller(self, message: str) -> Callable[[str], None]:
        return lambda sentence: tell(self._owner, message, sentence)
