"""The page of an open project: photos, views in tabs, stages; and what goes between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from spaceport_app.errors import StageError
from spaceport_app.events import Failed
from spaceport_app.gui.background import Background
from spaceport_app.gui.banner import Banner
from spaceport_app.gui.dialogs import tell
from spaceport_app.gui.reading import ReadingStrip
from spaceport_app.gui.session import Change, Session
from spaceport_app.pipeline import stages as rooms
from spaceport_app.pipeline.runner import RunEvent
from spaceport_app.project.project import Project

if TYPE_CHECKING:
    from spaceport_app.gui.flight.view import FlightView
    from spaceport_app.gui.photos.panel import PhotoPanel
    from spaceport_app.gui.report.tab import ReportTab
    from spaceport_app.gui.run.panel import StagePanel
    from spaceport_app.gui.run.plots import LivePlots
    from spaceport_app.gui.splat.view import SplatView

FLIGHT, SPLAT, TRAINING, REPORT = "Flight", "Splat", "Training", "Report"
TABS = (FLIGHT, SPLAT, TRAINING, REPORT)

_PHOTOS_WIDTH, _STAGES_WIDTH = 300, 340
_LEAST_PHOTOS, _LEAST_STAGES = 250, 320


class _Tab(QWidget):
    """A tab whose widget is made when it is first needed: some import for seconds."""

    def __init__(self, make: Callable[[QWidget], QWidget], parent: QWidget) -> None:
        super().__init__(parent)
        self._make = make
        self.content: QWidget | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def filled(self) -> QWidget:
        """Return the widget of this tab."""
        if self.content is None:
            self.content = self._make(self)
            layout = self.layout()
            assert layout is not None
            layout.addWidget(self.content)
        return self.content


class Workspace(QWidget):
    """Photos left, views in the middle, stages right."""

    run_ended = Signal(bool)
    """Processing ended; True if all went well."""
    photos_requested = Signal()
    """A person wants to add photos."""
    changed = Signal()
    """What menus depend on has changed."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._background = Background(self)
        self._photo_panel: PhotoPanel | None = None
        self._stage_panel: StagePanel | None = None
        self._layout_before: QByteArray | None = None
        self._looked = False
        self.banner = Banner(self)
        self._reading = ReadingStrip(self)
        self._reading.ended.connect(self._read)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.tabs = QTabWidget(self.splitter)
        self.tabs.setDocumentMode(True)
        makers = {
            FLIGHT: self._make_flight,
            SPLAT: self._make_splat,
            TRAINING: self._make_training,
            REPORT: self._make_report,
        }
        self._tabs = {name: _Tab(makers[name], self.tabs) for name in TABS}
        for name, tab in self._tabs.items():
            self.tabs.addTab(tab, name)
        self.tabs.currentChanged.connect(self._shown)
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

    def stop(self) -> None:
        """Stop a run and leave no process behind."""
        self._reading.stop(wait=True)
        if self._stage_panel is not None:
            self._stage_panel.stop(wait=True)

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentWidget(self._tabs[name])

    def current_tab(self) -> str:
        """Return the name of the tab in front."""
        return TABS[self.tabs.currentIndex()]

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

            panel = StagePanel(self.splitter)
            panel.stage_finished.connect(self._stage_finished)
            panel.run_finished.connect(self._run_finished)
            panel.stage_event.connect(self._stage_event)
            panel.preview.connect(self._preview)
            panel.changed.connect(self._stages_changed)
            panel.photos_requested.connect(self.photos_requested)
            panel.setMinimumWidth(_LEAST_STAGES)
            panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            self.splitter.addWidget(panel)
            self._stage_panel = panel
            QTimer.singleShot(0, self._share_room)
        return self._stage_panel

    def save_report(self, path: Path) -> None:
        """Write the report of the project as one HTML file."""
        from spaceport_app.gui.report.facts import gather
        from spaceport_app.gui.report.html import write

        project = self._session.project
        assert project is not None
        self._background.start(
            "report",
            lambda: write(path, gather(project)),
            lambda _: None,
            lambda sentence: tell(self, "The report was not saved.", sentence),
        )

    def refresh(self) -> None:
        """Read the project again after an export, and show what has changed."""
        try:
            self._session.reread()
        except StageError as error:
            tell(self, error.message, error.remedy)
            return
        if not self.running():
            self.stage_panel.look_again()
        if self._made(REPORT) is not None:
            self._feed_report(self._made(REPORT))
        self.changed.emit()

    def remember(self, state: QByteArray) -> None:
        """Lay the panels out as they were, once they are there."""
        self._layout_before = state

    def graphics(self) -> str:
        """Return the name of the OpenGL that draws the views."""
        from spaceport_app.gui.graphics import name

        return name()

    def close_down(self) -> None:
        """Let go of everything that works in the background."""
        self._background.wait()
        for tab in self._tabs.values():
            if tab.content is not None:
                tab.content.close()
        if self._photo_panel is not None:
            self._photo_panel.close()
        if self._stage_panel is not None:
            self._stage_panel.close_down()

    # Tabs

    def _make_flight(self, parent: QWidget) -> QWidget:
        from spaceport_app.gui.flight.view import FlightView

        view = FlightView(parent)
        view.selected.connect(self._session.select)
        view.activated.connect(self._photo_activated)
        self._feed_flight(view)
        return view

    def _make_splat(self, parent: QWidget) -> QWidget:
        from spaceport_app.gui.splat.view import SplatView

        view = SplatView(parent)
        view.failed.connect(self._splat_failed)
        view.view_changed.connect(self._session.select)
        view.shown.connect(self._splat_shown)
        return view

    def _make_training(self, parent: QWidget) -> QWidget:
        from spaceport_app.gui.run.plots import LivePlots

        plots = LivePlots(parent)
        self._feed_plots(plots)
        return plots

    def _make_report(self, parent: QWidget) -> QWidget:
        from spaceport_app.gui.report.tab import ReportTab

        return ReportTab(parent)

    def _shown(self, index: int) -> None:
        """Make what is shown, and bring it up to date."""
        if self._session.project is None and self._session.splats is None:
            return
        name = TABS[index]
        known = self._tabs[name].content is not None
        content: Any = self._tabs[name].filled()
        if name == SPLAT and not known:
            self._feed_splat(content)
        elif name == REPORT:
            self._feed_report(content)
        self.changed.emit()

    def _made(self, name: str) -> Any:
        return self._tabs[name].content

    # What is heard from the session

    def _heard(self, change: Change) -> None:
        session = self._session
        if change == "project":
            self._open()
        elif change == "photos" and session.photos is not None:
            self.photo_panel.set_photos(session.photos)
            self._feed_flight(self._made(FLIGHT))
        elif change == "reconstruction" and session.reconstruction is not None:
            self.photo_panel.set_left_out(session.reconstruction.left_out)
            self._feed_flight(self._made(FLIGHT))
            splat: SplatView | None = self._made(SPLAT)
            if splat is not None:
                splat.set_views(session.reconstruction.views)
        elif change == "selected" and session.selected:
            self.photo_panel.select(session.selected)
            flight: FlightView | None = self._made(FLIGHT)
            if flight is not None:
                flight.select(session.selected)
        elif change == "splats" and session.splats is not None:
            self._show_tabs()
            self.show_tab(SPLAT)
            view: SplatView = self._tabs[SPLAT].filled()  # type: ignore[assignment]
            self._feed_splat(view)
        self.changed.emit()

    def _open(self) -> None:
        """Show another project, or none."""
        for kind in ("files", "photos", "reconstruction"):
            self._background.forget(kind)
        self.banner.hide()
        self._looked = False
        project = self._session.project
        only_splats = project is None
        self._show_tabs()
        for name in (FLIGHT, SPLAT, TRAINING, REPORT):
            if self._made(name) is not None:
                self._made(name).clear()
        if self._photo_panel is not None:
            self._photo_panel.clear()
            self._photo_panel.setVisible(not only_splats)
        if project is None:
            if self._stage_panel is not None:
                self._stage_panel.set_project(None)
                self._stage_panel.hide()
            return
        self.photo_panel.show()
        self.stage_panel.set_project(project)
        self.stage_panel.show()
        self._load(project, "import")
        self._load(project, "sfm")
        self._fill_splat()
        self._feed_plots(self._made(TRAINING))
        if project.published("import") is None and not project.busy:
            self.read_photos()
        self._shown(self.tabs.currentIndex())
        self._offer_to_go_on()

    def _show_tabs(self) -> None:
        """Show what needs a project only where there is one."""
        for name in (FLIGHT, TRAINING, REPORT):
            self.tabs.setTabVisible(TABS.index(name), self._session.project is not None)

    def _offer_to_go_on(self) -> None:
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
        if project is None or self.running():
            return
        self._list_files(project)
        self.stage_panel.setEnabled(False)
        self._reading.start(project)
        self.changed.emit()

    def _read(self, failure: Failed | None) -> None:
        self.stage_panel.setEnabled(True)
        self._stage_finished("import")
        self.stage_panel.look_again()
        if failure is not None and failure.code != "cancelled":
            tell(self, failure.message, failure.remedy)

    def _list_files(self, project: Project) -> None:
        """Show the files at once, before any stage has read them."""
        sources = project.sources

        def find() -> list[tuple[str, Path]]:
            from spaceport_app.photos.discover import discover

            # Zips are unpacked by the stage, not for a list.
            plain = tuple(source for source in sources if source.suffix.lower() != ".zip")
            if not plain:
                return []
            found = discover(plain, project.folder, 0, lambda done, total: None).found
            return [(item.name, item.path) for item in found]

        self._background.start(
            "files",
            find,
            self.photo_panel.show_files,
            lambda sentence: tell(self, "The photos cannot be listed.", sentence),
        )

    def _load(self, project: Project, stage: str) -> None:
        """Read the result of a stage for all panels."""
        if project.published(stage) is None:
            return
        if stage == "import":
            self._background.start(
                "photos",
                lambda: rooms.photoset(project),
                self._session.take_photos,
                lambda sentence: tell(self, "The list of photos cannot be read.", sentence),
            )
        elif stage == "sfm":
            self._background.start(
                "reconstruction",
                lambda: rooms.reconstruction(project),
                self._session.take_reconstruction,
                lambda sentence: tell(self, "The camera positions cannot be read.", sentence),
            )

    # What goes into the views

    def _feed_flight(self, view: FlightView | None) -> None:
        session = self._session
        if view is None or session.photos is None:
            return
        view.set_photos(session.photos)
        view.set_reconstruction(session.reconstruction)
        project = session.project
        run = project.published("train") if project is not None else None
        views = run.report.get("views") if run is not None else None
        if isinstance(views, list):
            values = {
                str(v["name"]): float(str(v["psnr_db"])) for v in views if isinstance(v, dict)
            }
            view.set_values("Held-out PSNR, dB", values)
        if session.selected:
            view.select(session.selected)

    def _fill_splat(self) -> None:
        view = self._made(SPLAT)
        if view is not None:
            self._feed_splat(view)

    def _feed_splat(self, view: SplatView) -> None:
        session = self._session
        path = session.splats
        project = session.project
        if path is None and project is not None and project.published("train") is not None:
            path = project.folder / rooms.SPLATS / "splats.ply"
        if path is None:
            return
        view.open(path)
        if session.splats is None and session.reconstruction is not None:
            view.set_views(session.reconstruction.views)

    def _feed_plots(self, plots: LivePlots | None) -> None:
        project = self._session.project
        if plots is not None and project is not None and project.published("train") is not None:
            plots.show_training(project.folder / rooms.SPLATS)

    def _feed_report(self, tab: ReportTab) -> None:
        from spaceport_app.gui.report.facts import gather

        project = self._session.project
        if project is not None:
            self._background.start("facts", lambda: gather(project), tab.show_report, tab.fail)

    # What comes from the panels

    def _photo_activated(self, name: str) -> None:
        """Go to where a photo was taken, in the view that is in front."""
        self._session.select(name)
        found = self._session.reconstruction
        splat: SplatView | None = self._made(SPLAT)
        if self.current_tab() == SPLAT and splat is not None and found is not None:
            splat.jump_to(name)

    def _exclude(self, names: frozenset[str]) -> None:
        try:
            self._session.exclude(frozenset(names))
        except StageError as error:
            tell(self, error.message, error.remedy)
            return
        self.stage_panel.look_again()

    def _splat_shown(self) -> None:
        """Begin where a photo was taken, not outside of the scene."""
        from spaceport_app.gui.export.first_view import best_view

        session = self._session
        found = session.reconstruction
        if session.splats is not None or found is None or self._looked:
            return
        self._looked = True
        best = best_view(found)
        if best is not None:
            self._made(SPLAT).jump_to(session.selected or best.name)

    def _splat_failed(self, sentence: str) -> None:
        tell(self, "The splats cannot be shown.", sentence)

    def _stage_event(self, event: RunEvent) -> None:
        plots: LivePlots = self._tabs[TRAINING].filled()  # type: ignore[assignment]
        plots.add(event)

    def _preview(self, path: Path) -> None:
        plots: LivePlots = self._tabs[TRAINING].filled()  # type: ignore[assignment]
        plots.show_preview(path)

    def _stage_finished(self, stage: str) -> None:
        try:
            self._session.reread()
        except StageError as error:
            tell(self, error.message, error.remedy)
            return
        project = self._session.project
        if project is None:
            return
        self._load(project, stage)
        if stage == "train":
            self._session.splats = None
            self._fill_splat()
            self._feed_flight(self._made(FLIGHT))
        if self._made(REPORT) is not None:
            self._feed_report(self._made(REPORT))
        self.changed.emit()

    def _stages_changed(self) -> None:
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
        sizes = [_STAGES_WIDTH] * self.splitter.count()
        sizes[middle] = max(400, self.width() - _PHOTOS_WIDTH - _STAGES_WIDTH)
        if middle > 0:
            sizes[0] = _PHOTOS_WIDTH
        self.splitter.setSizes(sizes)
