"""The views of an open project in tabs: made when first needed, and given what they show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from spaceport_app.gui.ahead import import_bindings, import_libraries
from spaceport_app.gui.dialogs import tell
from spaceport_app.gui.editing import ProjectEditing
from spaceport_app.gui.latest import Latest
from spaceport_app.gui.live import Live
from spaceport_app.gui.results import Results
from spaceport_app.gui.session import Session
from spaceport_app.pipeline import reports
from spaceport_app.pipeline.runner import RunEvent
from spaceport_app.project import layout

if TYPE_CHECKING:
    from spaceport_app.gui.flight.view import FlightView
    from spaceport_app.gui.report.tab import ReportTab
    from spaceport_app.gui.run.plots import LivePlots
    from spaceport_app.gui.splat.view import SplatView

FLIGHT, SPLAT, TRAINING, REPORT = "Flight", "Splat", "Training", "Report"
TABS = (FLIGHT, SPLAT, TRAINING, REPORT)

_AHEAD_MS = 2500
"""After a project is opened; the photos and the flight view come first."""


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


class Tabs(QTabWidget):
    """Flight, splat, training and report of what is open.

    Parameters
    ----------
    session : Session
        What is open; the tabs read from it, and tell it by signals alone.
    results : Results
        Reads in the background what is on disk.
    """

    selected = Signal(str)
    """A photo was chosen in a view."""
    activated = Signal(str)
    """A photo was double-clicked in a view, which goes there itself."""
    changed = Signal()
    """What menus depend on has changed."""

    def __init__(self, session: Session, results: Results, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import_bindings()
        self._session = session
        self._results = results
        self._live = Live(session, self)
        self._looked = False
        self._imported = False
        self.editing = ProjectEditing(session, self)
        self.editing.changed.connect(self.changed)
        self.setDocumentMode(True)
        self.tabBar().setAccessibleName("Views of the project")
        makers = {
            FLIGHT: self._make_flight,
            SPLAT: self._make_splat,
            TRAINING: self._make_training,
            REPORT: self._make_report,
        }
        self._tabs = {name: _Tab(makers[name], self) for name in TABS}
        for name, tab in self._tabs.items():
            self.addTab(tab, name)
        self.currentChanged.connect(self._shown)
        self._ahead = Latest(self, "ahead")
        self._begin_ahead = QTimer(self, interval=_AHEAD_MS, singleShot=True)
        self._begin_ahead.timeout.connect(lambda: self._ahead.ask(import_libraries))

    # What the workspace asks of them

    @property
    def flight(self) -> FlightView | None:
        """The flight view, if it was made."""
        made: FlightView | None = self._made(FLIGHT)
        return made

    @property
    def splat(self) -> SplatView | None:
        """The splat view, if it was made."""
        made: SplatView | None = self._made(SPLAT)
        return made

    @property
    def plots(self) -> LivePlots | None:
        """The live plots, if they were made."""
        made: LivePlots | None = self._made(TRAINING)
        return made

    @property
    def report(self) -> ReportTab | None:
        """The report, if it was made."""
        made: ReportTab | None = self._made(REPORT)
        return made

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.setCurrentWidget(self._tabs[name])

    def current(self) -> str:
        """Return the name of the tab in front."""
        return TABS[self.currentIndex()]

    def start_anew(self) -> None:
        """Show nothing of the project before; what needs a project only where there is one."""
        self._looked = False
        self._live.clear()
        self.hide_unfit()
        for name in TABS:
            if self._made(name) is not None:
                self._made(name).clear()

    def hide_unfit(self) -> None:
        """Show what needs a project only where there is one."""
        for name in (FLIGHT, TRAINING, REPORT):
            self.setTabVisible(TABS.index(name), self._session.project is not None)

    def bring_up_to_date(self) -> None:
        """Make what is in front, and bring it up to date."""
        if not self._imported:
            self._imported = True
            self._begin_ahead.start()
        self._shown(self.currentIndex())

    def show_splats(self) -> None:
        """Bring the splats of the session to the front."""
        self.hide_unfit()
        self._tabs[SPLAT].filled()
        self.show_tab(SPLAT)
        self.feed_splat()

    def add_event(self, event: RunEvent) -> None:
        """Show an event of a run in the plots, and a snapshot in its view."""
        self._live.take(event)
        self._tabs[TRAINING].filled()
        assert self.plots is not None
        self.plots.add(event)

    def show_preview(self, path: Path) -> None:
        """Show a preview picture of the training."""
        self._tabs[TRAINING].filled()
        assert self.plots is not None
        self.plots.show_preview(path)

    def close_down(self) -> None:
        """Close the views, which end their threads."""
        self._begin_ahead.stop()
        self._ahead.stop()
        self.editing.finish()
        self._live.close()
        for tab in self._tabs.values():
            if tab.content is not None:
                tab.content.close()

    # How they are made

    def _made(self, name: str) -> Any:
        return self._tabs[name].content

    def _make_flight(self, parent: QWidget) -> QWidget:
        from spaceport_app.gui.flight.view import FlightView

        view = FlightView(parent)
        view.selected.connect(self.selected)
        view.activated.connect(self.activated)
        self._feed_flight(view)
        self._live.show_in(flight=view)
        return view

    def _make_splat(self, parent: QWidget) -> QWidget:
        from spaceport_app.gui.splat.view import SplatView

        view = SplatView(parent)
        view.failed.connect(self._splat_failed)
        view.view_changed.connect(self.selected)
        view.shown.connect(self._splat_shown)
        self.editing.take_view(view)
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
        if self._session.project is None and self._session.splats is None:
            return
        name = TABS[index]
        known = self._made(name) is not None
        self._tabs[name].filled()
        if name == SPLAT and not known:
            self.feed_splat()
            self._live.show_in(splat=self.splat)
        elif name == REPORT:
            self.feed_report()
        self.editing.come_to_front(name == SPLAT)
        self.changed.emit()

    # What goes into them; nothing into one that was not made

    def feed_flight(self) -> None:
        """Show photos and cameras in the flight view."""
        if self.flight is not None:
            self._feed_flight(self.flight)

    def _feed_flight(self, view: FlightView) -> None:
        session = self._session
        if session.photos is None:
            return
        view.set_photos(session.photos)
        view.set_reconstruction(session.reconstruction)
        project = session.project
        run = project.published("train") if project is not None else None
        views = reports.trained({"train": run.report}).views if run is not None else ()
        if views:
            values = {one.name: one.psnr_db for one in views if one.psnr_db is not None}
            view.set_values("Held-out PSNR, dB", values)
        if session.selected:
            view.select(session.selected)

    def feed_splat(self) -> None:
        """Show the splats that were opened, or those of the project."""
        view, session = self.splat, self._session
        path = session.splats
        project = session.project
        if path is None and project is not None and project.published("train") is not None:
            path = project.folder / layout.SPLATS / "splats.ply"
        if view is None:
            return
        if path is not None:
            view.open(path)
        else:
            self._live.show_another()
        if session.splats is None and session.reconstruction is not None:
            view.set_views(session.reconstruction.views)

    def feed_plots(self) -> None:
        """Show the course of a finished training."""
        if self.plots is not None:
            self._feed_plots(self.plots)

    def _feed_plots(self, plots: LivePlots) -> None:
        project = self._session.project
        if project is not None and project.published("train") is not None:
            plots.show_training(project.folder / layout.SPLATS)

    def feed_report(self) -> None:
        """Show the report of the project as it is now."""
        tab, project = self.report, self._session.project
        if tab is not None and project is not None:
            self._results.gather(project, tab.show_report, tab.fail)

    def _splat_shown(self) -> None:
        """Begin where a photo was taken, not outside of the scene."""
        from spaceport_app.gui.export.first_view import best_view

        session = self._session
        found = session.reconstruction
        if session.splats is not None or found is None or self._looked:
            return
        self._looked = True
        best = best_view(found)
        if best is not None and self.splat is not None:
            self.splat.jump_to(session.selected or best.name)

    def _splat_failed(self, sentence: str) -> None:
        tell(self, "The splats cannot be shown.", sentence)
