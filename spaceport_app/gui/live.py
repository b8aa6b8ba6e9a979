"""What a running stage lets one see of its present state: the cloud as it grows, the splat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from spaceport_app.events import Snapshot
from spaceport_app.gui.latest import Latest
from spaceport_app.gui.session import Session
from spaceport_app.pipeline import stages as rooms
from spaceport_app.pipeline.runner import RunEvent, StageEnded, StageEvent, StageStarted
from spaceport_app.project import layout
from spaceport_app.quantities import count

if TYPE_CHECKING:
    from spaceport_app.gui.flight.view import FlightView
    from spaceport_app.gui.splat.view import SplatView
    from spaceport_app.sfm.model import Reconstruction


_NOT_FINISHED = "Training is not finished"


class Live(QObject):
    """Remembers the newest snapshots of a run, and shows them in the views that are there.

    Parameters
    ----------
    session : Session
        What is open.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._flight: FlightView | None = None
        self._splat: SplatView | None = None
        self._training: Snapshot | None = None
        self._state = ""
        self._growing: Reconstruction | None = None
        self._reader = Latest(self, "growing")
        self._reader.answered.connect(self._take_growing)
        # A snapshot that went before it was read is followed by a newer one, or by the result.

    def show_in(self, *, flight: FlightView | None = None, splat: SplatView | None = None) -> None:
        """Show the newest snapshots in these views from now on."""
        if flight is not None:
            self._flight = flight
            if self._growing is not None:
                flight.set_growing(self._growing)
        if splat is not None:
            self._splat = splat
            if self._training is None:
                self._look_back()
            self._show_training()

    def take(self, event: RunEvent) -> None:
        """Take an event of a run."""
        if isinstance(event, StageStarted):
            self._begin(event.stage)
        elif isinstance(event, StageEnded):
            self._end(event)
        elif isinstance(event, StageEvent) and isinstance(event.event, Snapshot):
            self._take_snapshot(event.stage, event.event)

    def clear(self) -> None:
        """Forget the run: another project was opened, or is about to be shown."""
        self._training, self._state = None, ""
        self._forget_growing()

    def show_another(self) -> None:
        """Show what a stopped training of the project that was opened has left to be seen."""
        if self._splat is not None:
            self.show_in(splat=self._splat)

    def close(self) -> None:
        """End the thread that reads."""
        self._reader.stop()

    def _begin(self, stage: str) -> None:
        if stage == "train":
            self._training = None
        elif stage == "sfm":
            self._forget_growing()

    def _end(self, event: StageEnded) -> None:
        outcome = event.outcome
        if outcome.stage == "sfm":
            if outcome.kind == "finished":
                # The finished model comes in its place; until it is read, this one stays.
                self._reader.forget()
                self._growing = None
            else:
                self._forget_growing()
        elif outcome.stage == "train":
            if not outcome.good and self._training is not None:
                self._state = _NOT_FINISHED
                if self._splat is not None:
                    self._splat.describe_snapshot(self._state)
            else:
                self._training = None

    def _take_snapshot(self, stage: str, snapshot: Snapshot) -> None:
        if stage == "train":
            self._training = snapshot
            self._state = "Training"
            self._show_training()
        elif stage == "sfm":
            path = snapshot.path

            def read() -> Reconstruction:
                from spaceport_app.sfm import store

                return store.read(path)

            self._reader.ask(read)

    def _look_back(self) -> None:
        """Find what a training that was stopped has left to be seen, where there is no result."""
        project = self._session.project
        if project is None or project.published("train") is not None:
            return
        path = project.scratch("train") / rooms.SNAPSHOT
        if path.is_file():
            self._training = Snapshot(path, 0.0, 0.0)
            self._state = _NOT_FINISHED

    def _show_training(self) -> None:
        project, found = self._session.project, self._training
        if self._splat is None or found is None or project is None:
            return
        if self._session.splats is not None:
            # A person looks at another file.
            return
        result = project.folder / layout.SPLATS / "splats.ply"
        step = f"step {count(found.done)} of {count(found.total)}" if found.total else ""
        self._splat.show_snapshot(found.path, result, self._state, step)

    def _take_growing(self, found: Reconstruction) -> None:
        self._growing = found
        if self._flight is not None:
            self._flight.set_growing(found)

    def _forget_growing(self) -> None:
        self._reader.forget()
        self._growing = None
        if self._flight is not None:
            self._flight.set_growing(None)
