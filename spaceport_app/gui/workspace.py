"""The page of an open project: photos, views in tabs, stages; and what goes between them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from spaceport_app.events import Failed
from spaceport_app.gui.banner import Banner
from spaceport_app.gui.dialogs import attempt, tell
from spaceport_app.gui.reading import ReadingStrip
from spaceport_app.gui.results import Results
from spaceport_app.gui.session import Change, Session
from spaceport_app.gui.tabs import FLIGHT, SPLAT, Tabs
from spaceport_app.pipeline import stages as rooms
from spaceport_app.project import reach

if TYPE_CHECKING:
    from spaceport_app.gui.cloud.account import Account
    from spaceport_app.gui.photos.panel import PhotoPanel
    from spaceport_app.gui.run.panel import StagePanel
    from spaceport_app.project.project import Project

_PHOTOS_WIDTH, _STAGES_WIDTH = 300, 340
_LEAST_PHOTOS, _LEAST_STAGES = 170, 280
_PHOTOS_PART, _STAGES_PART = 0.22, 0.27
_NARROW = 820
"""Width in pixels below which the list of photos is only shown when it is asked for."""

_AWS_HAS_IT = "AWS has a job of this project. It can be followed, and its results fetched."
_NOT_SENT = "Sending this project to AWS was interrupted. It can go on from there."


class Workspace(QWidget):
    """Photos left, views in the middle, stages right."""

    run_ended = Signal(bool)
    """Processing ended; True if all went well."""
    photos_requested = Signal()
    """A person wants to add photos."""
    jobs_requested = Signal()
    """A person is to see the list of jobs on AWS."""
    fetched = Signal(object)
    """Path of a project that was made of the results of a job on AWS."""
    engine_requested = Signal()
    """A person wants to set the GPU engine up."""
    changed = Signal()
    """What menus depend on has changed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._results = Results(session, self)
        self._photo_panel: PhotoPanel | None = None
        self._stage_panel: StagePanel | None = None
        self._account: Account | None = None
        self._layout_before: QByteArray | None = None
        self._wanted: dict[str, bool] = {}
        self.banner = Banner(self)
        self._reading = ReadingStrip(self)
        self._reading.ended.connect(self._read)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.tabs = Tabs(session, self._results, self.splitter)
        self.tabs.selected.connect(session.select)
        self.tabs.activated.connect(session.select)
        self.tabs.changed.connect(self.changed)
        self.tabs.editing.saved.connect(self._edited)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banner)
        layout.addWidget(self._reading)
        layout.addWidget(self.splitter, 1)
        session.listen(self._heard)

    # What the window asks of it

    def running(self) -> bool:
        """Whether stages are running."""
        panel = self._stage_panel
        return self._reading.running() or (panel is not None and panel.running())

    def stages_running(self) -> bool:
        """Whether stages run that a person can pause; reading the photos is none."""
        return self._stage_panel is not None and self._stage_panel.running()

    def startable(self) -> bool:
        """Whether there is something that processing would do now."""
        panel = self._stage_panel
        return panel is not None and panel.isEnabled() and panel.can_start()

    def remote(self) -> Literal["", "sends", "computes"]:
        """Whether a job on AWS is under way, and what it does; see `StagePanel.remote`."""
        return self._stage_panel.remote() if self._stage_panel is not None else ""

    @property
    def account(self) -> Account:
        """The AWS service."""
        if self._account is None:
            # With it comes the client for HTTP, which a start of the window need not wait for.
            from spaceport_app.gui.cloud.account import Account

            self._account = Account(self)
        return self._account

    def start_stages(self) -> None:
        """Do what is missing or outdated."""
        self.stage_panel.start()

    def follow_job(self) -> None:
        """Go on with the project's job on AWS."""
        self.banner.hide()
        self.stage_panel.follow()

    def pause_stages(self) -> None:
        """Stop at once; a start goes on from there."""
        self.stage_panel.pause()

    def ask_to_stop(self) -> None:
        """Ask whether to stop, and do so on a yes."""
        self.stage_panel.ask_stop()

    def ask_engine(self) -> None:
        """Find out anew what this computer trains with."""
        if self._stage_panel is not None:
            self._stage_panel.ask_engine()

    def open_options(self) -> None:
        """Open the options of all stages."""
        self.stage_panel.open_options()

    def stop(self) -> None:
        """Stop a run and leave no process behind."""
        self._reading.stop(wait=True)
        if self._stage_panel is not None:
            self._stage_panel.stop(wait=True)

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.show_tab(name)

    def current_tab(self) -> str:
        """Return the name of the tab in front."""
        return self.tabs.current()

    @property
    def photo_panel(self) -> PhotoPanel:
        """The list of photos."""
        if self._photo_panel is None:
            from spaceport_app.gui.photos.panel import PhotoPanel

            panel = PhotoPanel(self.splitter)
            panel.selected.connect(self._session.select)
            panel.activated.connect(self._photo_activated)
            panel.excluded_changed.connect(self._exclude)
            panel.setMinimumWidth(_LEAST_PHOTOS)
            panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            self.splitter.insertWidget(0, panel)
            self._photo_panel = panel
            QTimer.singleShot(0, self._share_room)
        return self._photo_panel

    @property
    def stage_panel(self) -> StagePanel:
        """The stages with their progress."""
        if self._stage_panel is None:
            from spaceport_app.gui.run.panel import StagePanel

            panel = StagePanel(self.splitter, self.account)
            panel.stage_finished.connect(self._stage_finished)
            panel.run_finished.connect(self._run_finished)
            panel.stage_event.connect(self.tabs.add_event)
            panel.preview.connect(self.tabs.show_preview)
            panel.changed.connect(self._stages_changed)
            panel.photos_requested.connect(self.photos_requested)
            panel.engine_requested.connect(self.engine_requested)
            panel.jobs_requested.connect(self.jobs_requested)
            panel.setMinimumWidth(_LEAST_STAGES)
            panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            self.splitter.addWidget(panel)
            self._stage_panel = panel
            QTimer.singleShot(0, self._share_room)
        return self._stage_panel

    def shows(self, panel: str) -> bool:
        """Whether a side panel, ``"photos"`` or ``"stages"``, is to be seen with a project."""
        # A page that was not shown yet has no width of its own.
        usual = panel == "stages" or self.window().width() >= _NARROW
        return self._wanted.get(panel, usual)

    def show_panel(self, panel: str, shown: bool) -> None:
        """Show or hide a side panel from now on."""
        self._wanted[panel] = shown
        self._show_panels()
        self.changed.emit()

    def _show_panels(self) -> None:
        has_project = self._session.project is not None
        for name, panel in (("photos", self._photo_panel), ("stages", self._stage_panel)):
            if panel is not None:
                panel.setVisible(has_project and self.shows(name))

    def save_report(self, path: Path) -> None:
        """Write the report of the project as one HTML file."""
        assert self._session.project is not None
        self._results.save_report(self._session.project, path)

    def refresh(self) -> None:
        """Read the project again after an export, and show what has changed."""
        if not self._reread():
            return
        if not self.running():
            self.stage_panel.look_again()
        self.tabs.feed_report()
        self.changed.emit()

    def remember(self, state: QByteArray) -> None:
        """Lay the panels out as they were, once they are there."""
        self._layout_before = state

    def close_down(self) -> None:
        """Let go of everything that works in the background."""
        self._results.wait()
        self.tabs.close_down()
        if self._photo_panel is not None:
            self._photo_panel.close()
        if self._stage_panel is not None:
            self._stage_panel.close_down()
        if self._account is not None:
            self._account.close()

    # What is heard from the session

    def _heard(self, change: Change) -> None:
        session = self._session
        if change == "project":
            self._open()
        elif change == "photos" and session.photos is not None:
            self._list_photos()
            self.tabs.feed_flight()
        elif change == "reconstruction" and session.reconstruction is not None:
            self.photo_panel.set_left_out(session.reconstruction.left_out)
            self.tabs.feed_flight()
            if self.tabs.splat is not None:
                self.tabs.splat.set_views(session.reconstruction.views)
        elif change == "selected" and session.selected:
            self.photo_panel.select(session.selected)
            if self.tabs.flight is not None:
                self.tabs.flight.select(session.selected)
        elif change == "splats" and session.splats is not None:
            self.tabs.show_splats()
        self.changed.emit()

    def _open(self) -> None:
        """Show another project, or none."""
        self._results.forget()
        self.banner.hide()
        project = self._session.project
        self.tabs.start_anew()
        if self._photo_panel is not None:
            self._photo_panel.clear()
        if project is None:
            if self._stage_panel is not None:
                self._stage_panel.set_project(None)
            self._show_panels()
            return
        # Both are made when they are first asked for.
        assert self.photo_panel is not None
        self.stage_panel.set_project(project)
        self._show_panels()
        places = reach.unasked(project)
        if not places:
            self._results.load(project, "import")
        self._results.load(project, "sfm")
        self.tabs.feed_splat()
        self.tabs.feed_plots()
        if places:
            # Nothing is touched that a project of somebody else may have named.
            self.tabs.bring_up_to_date()
            self.banner.ask_for(places, partial(self._look_there, project, places))
            return
        elsewhere = self._session.cloud_job() is not None
        if project.published("import") is None and not (project.busy or elsewhere):
            self.read_photos()
        self.tabs.bring_up_to_date()
        self._offer_to_go_on()

    def _look_there(self, project: Project, places: tuple[Path, ...]) -> None:
        if self._session.project is project:
            reach.agree(project, places)
            self._open()

    def _offer_to_go_on(self) -> None:
        job = self._session.cloud_job()
        if job is not None:
            words, button = (_AWS_HAS_IT, "Follow") if job.started else (_NOT_SENT, "Go on")
            self.banner.say(words, button, self.stage_panel.follow)
            return
        found = self._session.interrupted()
        if found is None:
            return
        label = next((s.label for s in rooms.STAGES if s.name == found.stage), found.stage)
        words = label[0].lower() + label[1:]
        how = "was interrupted" if found.on_its_own else "was stopped"
        self.banner.say(
            f"Work on this project {how} while {words}. It can go on from there.",
            "Go on",
            self.stage_panel.start,
        )

    # Reading off the GUI thread

    def read_photos(self) -> None:
        """Read the photos of the project now, apart from a run."""
        project = self._session.project
        if project is None or self.running() or reach.unasked(project):
            return
        self._results.list_files(project, self.photo_panel.show_files)
        self.stage_panel.setEnabled(False)
        self._reading.start(project)
        self.changed.emit()

    def _read(self, failure: Failed | None) -> None:
        self.stage_panel.setEnabled(True)
        self._stage_finished("import")
        self.stage_panel.look_again()
        if failure is not None and failure.code != "cancelled":
            tell(self, failure.message, failure.remedy)

    # What comes from the panels

    def _photo_activated(self, name: str) -> None:
        """Go to where a photo was taken, in the view that is in front."""
        self._session.select(name)
        found = self._session.reconstruction
        tab, views = self.current_tab(), self.tabs
        if tab == FLIGHT and views.flight is not None:
            views.flight.fly_to(name)
        elif tab == SPLAT and views.splat is not None and found is not None:
            views.splat.jump_to(name)

    def _exclude(self, names: frozenset[str]) -> None:
        project = self._session.project
        if project is None:
            return
        if attempt(self, lambda: self._session.exclude(frozenset(names)), project.folder):
            self.stage_panel.look_again()
        elif self._session.photos is not None:
            # The list must show what holds, not what was wished for.
            self._list_photos()

    def _list_photos(self) -> None:
        session = self._session
        assert session.photos is not None and session.project is not None
        found = session.reconstruction
        # What was taken out after the photos were read stands in the settings alone.
        excluded = session.project.document.settings.excluded
        left_out = found.left_out if found is not None else {}
        self.photo_panel.set_photos(session.photos, excluded, left_out)

    def _reread(self) -> bool:
        project = self._session.project
        return project is not None and attempt(self, self._session.reread, project.folder)

    def _stage_finished(self, stage: str) -> None:
        if not self._reread():
            return
        project = self._session.project
        if project is None:
            return
        self._results.load(project, stage)
        if stage == "train":
            self._session.splats = None
            self.tabs.feed_splat()
            self.tabs.feed_flight()
        self.tabs.feed_report()
        self.changed.emit()

    def _edited(self) -> None:
        if not self.running() and self._stage_panel is not None:
            self._stage_panel.look_again()

    def _stages_changed(self) -> None:
        if self._photo_panel is not None:
            self._photo_panel.lock(self.stages_running())
        if self.running():
            self.banner.hide()
        self.changed.emit()

    def _run_finished(self, good: bool) -> None:
        self.changed.emit()
        self.run_ended.emit(good)

    def _share_room(self) -> None:
        """Give the side panels the widths of last time, or their usual ones."""
        if self.splitter.count() == 3 and self._layout_before is not None:
            self.splitter.restoreState(self._layout_before)
            return
        middle = self.splitter.indexOf(self.tabs)
        self.splitter.setStretchFactor(middle, 1)
        photos = min(_PHOTOS_WIDTH, max(_LEAST_PHOTOS, int(_PHOTOS_PART * self.width())))
        stages = min(_STAGES_WIDTH, max(_LEAST_STAGES, int(_STAGES_PART * self.width())))
        sizes = [stages] * self.splitter.count()
        sizes[middle] = max(240, self.width() - photos - stages)
        if middle > 0:
            sizes[0] = photos
        self.splitter.setSizes(sizes)
