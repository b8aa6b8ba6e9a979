"""The main window: start page or workspace, menus, drops, and the manners around them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QIcon,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QWidget,
)

from spaceport_app.errors import StageError
from spaceport_app.gui import notification, places, plain, resources, theme
from spaceport_app.gui.awake import Awake
from spaceport_app.gui.background import Background
from spaceport_app.gui.cloud.menu import LEAVING, AwsMenu
from spaceport_app.gui.diagnostics import RecentLog
from spaceport_app.gui.dialogs import ask, attempt, show, tell
from spaceport_app.gui.dropped import sort_out
from spaceport_app.gui.editing import fill_menu
from spaceport_app.gui.help import Help
from spaceport_app.gui.menus import Deeds, Menus
from spaceport_app.gui.overlay import DropOverlay
from spaceport_app.gui.plain import Box, set_tip
from spaceport_app.gui.session import Change, Session, usual_folder
from spaceport_app.gui.start.page import StartPage
from spaceport_app.gui.start.recent import Entry, RecentProjects, look
from spaceport_app.gui.tabs import TABS
from spaceport_app.gui.updates import Updates
from spaceport_app.gui.window_state import WindowState
from spaceport_app.gui.workspace import Workspace
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import SUFFIX

_LONG_S = 60.0
_RUNNING = "Stop processing? Finished stages are kept."
_RUNNING_MORE = "Training goes on from its last checkpoint when you start again."


class MainWindow(QMainWindow):
    """The one window of Spaceport."""

    def __init__(self, parent: QWidget | None = None, window_log: RecentLog | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Spaceport")
        self.setWindowIcon(QIcon(str(resources.path("icon.svg"))))
        self.setAcceptDrops(True)
        self.setMinimumSize(700, 400)
        self._background = Background(self)
        self._state = WindowState(places.settings_folder() / "window.ini")
        self._recent = RecentProjects(places.settings_folder() / "recent.json")
        self._closing = False
        self._awake = Awake()
        self._began = 0.0
        self._lasted = 0.0
        self.session = Session()
        self.help = Help(self, self.session, self._background, window_log)
        self.updates = Updates(self, self._background, self._state)
        self.start_page = StartPage(self)
        self.start_page.choose_folder.connect(self.new_project)
        self.start_page.try_sample.connect(self.open_sample)
        self.start_page.opened.connect(self.open_path)
        self.start_page.removed.connect(self._forget)
        self.workspace = Workspace(self.session, self)
        self.workspace.changed.connect(self._refresh)
        self.workspace.run_ended.connect(self._run_ended)
        self.workspace.photos_requested.connect(self._choose_more)
        self.workspace.engine_requested.connect(self.set_up_engine)
        self._aws = AwsMenu(self, self.session, self.workspace)
        self.workspace.jobs_requested.connect(self._aws.show_jobs)
        self.workspace.fetched.connect(self.open_path)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.start_page)
        self._pages.addWidget(self.workspace)
        self.setCentralWidget(self._pages)
        self.menus = Menus(self, self._deeds())
        fill_menu(self.menus.edit, self, self.workspace.tabs.editing)
        self._overlay = DropOverlay(self)
        self.session.listen(self._heard)
        self._restore()
        self._refresh()
        QTimer.singleShot(0, self._show_recent)

    # Opening

    def open_path(self, path: object) -> None:
        """Open a project, or splats of any program."""
        self.take([Path(str(path))])

    def open_sample(self) -> None:
        """Make a project of the photos that come with Spaceport, or open the one made before."""
        flight = resources.path("sample_flight")
        if not flight.is_dir():
            tell(self, "The sample flight is missing.", "Install Spaceport again.")
            return
        folder = places.projects_folder() / f"Sample flight{SUFFIX}"
        if folder.exists():
            self._open_project(folder)
        else:
            # Two minutes on two cores: nobody tries something for half an hour.
            self._create((flight,), folder, "preview")

    def new_project(self) -> None:
        """Ask for a folder of photos and make a project of it."""
        chosen = QFileDialog.getExistingDirectory(self, "Folder with drone photos")
        if chosen:
            self.take([Path(chosen)])

    def take(self, paths: Sequence[Path]) -> None:
        """Open what was dropped or chosen: photos, a project, or splats."""
        found = sort_out(paths)
        if found.missing:
            tell(
                self,
                f"{plain.name(str(found.missing[0]))} is not there any more.",
                "Choose it again.",
            )
        if found.project is not None:
            self._unless_running(partial(self._open_project, found.project))
        elif found.splats is not None:
            self._open_splats(found.splats)
        elif found.photos:
            self._unless_running(partial(self._take_photos, found.photos))

    def _take_photos(self, photos: tuple[Path, ...]) -> None:
        from spaceport_app.photos.discover import holds_pictures

        holding: list[Path] = []
        first = photos[0]

        def look() -> None:
            holding.extend(path for path in photos if holds_pictures(path))

        # A project is only made of what may become one.
        if not attempt(self, look, first):
            return
        if not holding:
            message = (
                f"{plain.name(first.name)} holds no photos."
                if first.is_dir()
                else "This is no photo."
            )
            tell(self, message, "Drop JPEG, PNG, TIFF or HEIC photos, or a folder or zip of them.")
            return
        if self.session.project is None:
            self._create(photos, usual_folder(photos, places.projects_folder()))
            return
        box = Box(
            Box.Icon.Question,
            "Spaceport",
            f"Add these photos to {plain.name(self.session.project.document.name)}?",
            parent=self,
        )
        box.setObjectName("question")
        add = box.addButton("Add to project", Box.ButtonRole.AcceptRole)
        new = box.addButton("New project", Box.ButtonRole.AcceptRole)
        box.addButton(Box.StandardButton.Cancel)
        add.clicked.connect(lambda: self._add(photos))
        new.clicked.connect(
            lambda: self._create(photos, usual_folder(photos, places.projects_folder()))
        )
        show(box)

    def _create(self, photos: tuple[Path, ...], folder: Path, preset: str = "standard") -> None:
        try:
            project = self.session.create(photos, folder, preset)
        except StageError as error:
            elsewhere = partial(self._create_elsewhere, photos, preset)
            ask(self, error.message, error.remedy, "Choose another folder…", elsewhere)
            return
        self._recent.add(project.folder)

    def _create_elsewhere(self, photos: tuple[Path, ...], preset: str) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the project")
        if chosen:
            self._create(photos, usual_folder(photos, Path(chosen)), preset)

    def _add(self, photos: tuple[Path, ...]) -> None:
        project = self.session.project
        if project is None:
            return
        if attempt(self, partial(self.session.add_sources, photos), project.folder):
            self.workspace.read_photos()

    def _open_project(self, folder: Path) -> None:
        if attempt(self, partial(self.session.open, folder), folder):
            self._recent.add(folder)

    def _open_splats(self, path: Path) -> None:
        self._pages.setCurrentWidget(self.workspace)
        self.session.show_splats(path)

    def _unless_running(self, deed: partial[None]) -> None:
        if not self.workspace.running():
            deed()
            return

        def stop_first() -> None:
            self.workspace.stop()
            deed()

        remote = self.workspace.remote()
        if remote:
            ask(self, *LEAVING[remote], "Leave it there", stop_first)
        else:
            ask(self, _RUNNING, _RUNNING_MORE, "Stop processing", stop_first)

    # What the menus do

    def _deeds(self) -> Deeds:
        return Deeds(
            new=self.new_project,
            open_project=self._choose_project,
            open_splats=self._choose_splats,
            add_photos=self._choose_more,
            save_copy=self._save_copy,
            save_report=self._save_report,
            export=self.export,
            close_project=self._close_project,
            quit=self._quit,
            show_tab=self.workspace.show_tab,
            show_panel=self.workspace.show_panel,
            choose_theme=self._choose_theme,
            full_screen=self._full_screen,
            start=self.workspace.start_stages,
            pause=self.workspace.pause_stages,
            stop=self.workspace.ask_to_stop,
            options=self.workspace.open_options,
            aws=self._aws.connect,
            aws_jobs=self._aws.show_jobs,
            gpu_engine=self.set_up_engine,
            keys=lambda: self.help.show_keys(self.menus.keys_and_deeds()),
            diagnostics=self.help.show_diagnostics,
            updates=self.updates.ask,
            about=self.help.show_about,
            fill_recent=self._fill_recent,
        )

    def _choose_project(self) -> None:
        usual = str(places.projects_folder())
        chosen = QFileDialog.getExistingDirectory(self, "Project folder (.spaceport)", usual)
        if chosen:
            self._unless_running(partial(self._open_project, Path(chosen)))

    def _choose_splats(self) -> None:
        kinds = "Splats (*.ply *.sog meta.json)"
        chosen, _ = QFileDialog.getOpenFileName(self, "Open splat", "", kinds)
        if chosen:
            self.take([Path(chosen)])

    def _choose_more(self) -> None:
        kinds = "Photos and zips (*.jpg *.jpeg *.png *.tif *.tiff *.heic *.zip);;All files (*)"
        chosen, _ = QFileDialog.getOpenFileNames(self, "Add photos", "", kinds)
        if chosen:
            self._add(tuple(Path(name) for name in chosen))

    def _save_copy(self) -> None:
        project = self.session.project
        if project is None:
            return
        usual = project.folder.with_name(f"{project.document.name} copy{SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(self, "Save a copy", str(usual))
        if not chosen:
            return
        target = Path(chosen)
        if target.suffix != SUFFIX:
            target = target.with_name(target.name + SUFFIX)
        plain.tell(self.statusBar(), "Copying the project…")
        self._background.start(
            "copy",
            partial(self.session.save_copy, target),
            lambda _: plain.tell(self.statusBar(), f"Copied to {target}", 8000),
            self._copy_failed,
        )

    def _copy_failed(self, sentence: str) -> None:
        self.statusBar().clearMessage()
        tell(self, "The project was not copied.", sentence)

    def _save_report(self) -> None:
        project = self.session.project
        if project is None:
            return
        usual = project.folder.parent / f"{project.document.name} report.html"
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Save report", str(usual), "Web page (*.html)"
        )
        if chosen:
            self.workspace.save_report(Path(chosen))
            plain.tell(self.statusBar(), f"Report saved as {chosen}", 8000)

    def export(self) -> None:
        """Open the export dialog."""
        from spaceport_app.gui.export.dialog import ExportDialog

        if self.session.project is None:
            return
        dialog = ExportDialog(self.session.project, self)
        dialog.finished.connect(self._exported)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def set_up_engine(self) -> None:
        """Open the dialog of the GPU engine."""
        from spaceport_app.gui.engine_setup.dialog import EngineDialog

        dialog = EngineDialog(self)
        dialog.changed.connect(self.workspace.ask_engine)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _exported(self) -> None:
        if self.session.project is not None:
            self.workspace.refresh()

    def _close_project(self) -> None:
        def close() -> None:
            self.session.close()

        self._unless_running(partial(close))

    def _quit(self) -> None:
        self.close()

    def _choose_theme(self, name: str) -> None:
        theme.choose(name)
        self._state.save(theme=name)

    def _full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        folders = self._recent.folders()
        names = [folder.name.removesuffix(SUFFIX) for folder in folders]
        for folder, name in zip(folders, names, strict=True):
            words = plain.name(f"{name} in {folder.parent}" if names.count(name) > 1 else name)
            # An ampersand would mark the key of the entry.
            action = menu.addAction(words.replace("&", "&&"))
            set_tip(action, str(folder))
            action.setStatusTip(plain.name(str(folder)))
            action.triggered.connect(partial(self._open_recent, folder))
        if not folders:
            menu.addAction("No recent projects").setEnabled(False)

    def _open_recent(self, folder: Path) -> None:
        self.open_path(folder)

    def _forget(self, folder: object) -> None:
        self._recent.remove(Path(str(folder)))
        self._show_recent()

    # What is shown

    def _heard(self, change: Change) -> None:
        if change != "project":
            return
        open_now = self.session.project is not None
        self._pages.setCurrentWidget(self.workspace if open_now else self.start_page)
        if not open_now:
            self._show_recent()
        self._refresh()

    def _refresh(self) -> None:
        project = self.session.project
        self._watch_run()
        self.menus.enable(
            project=project is not None,
            finished=project is not None and project.published("train") is not None,
            running=self.workspace.running(),
            splats=self.session.splats is not None,
            startable=self.workspace.startable(),
            stages_running=self.workspace.stages_running(),
            remote=bool(self.workspace.remote()),
        )
        for name, action in self.menus.panels.items():
            action.setChecked(self.workspace.shows(name))
        if project is not None:
            self.setWindowTitle(f"{plain.name(project.document.name)} — Spaceport")
            self.setWindowFilePath(str(project.folder))
        elif self.session.splats is not None:
            self.setWindowTitle(f"{plain.name(self.session.splats.name)} — Spaceport")
        else:
            self.setWindowTitle("Spaceport")

    def _show_recent(self) -> None:
        folders = self._recent.folders()

        def find() -> list[Entry]:
            stages = registry()
            found = (look(folder, stages) for folder in folders)
            return [entry for entry in found if entry is not None]

        self._background.start("recent", find, self.start_page.show_recent)

    def _watch_run(self) -> None:
        """Hold off sleep from the beginning of a run to its end."""
        running = self.workspace.running()
        if running and not self._began:
            self._began = time.monotonic()
            self._awake.keep()
        elif not running and self._began:
            self._lasted = time.monotonic() - self._began
            self._began = 0.0
            self._awake.release()

    def _run_ended(self, good: bool) -> None:
        self._refresh()
        if self._lasted > _LONG_S and not self.isActiveWindow():
            ready = self.workspace.stage_panel.ready
            words = ready() if good else "Processing has stopped before the end."
            notification.tell(self, self.windowTitle(), words)

    # Drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders, wherever they hover."""
        if not _local(event):
            return
        event.acceptProposedAction()
        if self._pages.currentWidget() is self.start_page:
            self.start_page.drop_area.invite(True)
        else:
            self._overlay.say("Drop photos to add them, or a project or splat to open it")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Stop inviting."""
        self._end_drag()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped, once the drag is over."""
        paths = _local(event)
        self._end_drag()
        if paths:
            event.acceptProposedAction()
            # A dialog must not open while the other program still waits for the drop.
            QTimer.singleShot(0, partial(self.take, paths))

    def _end_drag(self) -> None:
        self.start_page.drop_area.invite(False)
        self._overlay.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the veil as large as the window."""
        super().resizeEvent(event)
        self._overlay.setGeometry(self.rect())

    # Coming and going

    def _restore(self) -> None:
        chosen = self._state.text("theme", "system")
        if chosen != theme.choice():
            theme.choose(chosen if chosen in ("light", "dark") else "system")
        geometry = self._state.bytes("geometry")
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            room = self.screen().availableGeometry()
            self.resize(min(1280, room.width()), min(800, room.height()))
        splitter = self._state.bytes("splitter")
        if not splitter.isEmpty():
            self.workspace.remember(splitter)
        tab = self._state.text("tab", TABS[0])
        if tab in TABS:
            self.workspace.show_tab(tab)

    def leave(self) -> None:
        """Stop what runs and close without a question."""
        self._closing = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask while stages run; then leave nothing behind."""
        if self.workspace.running() and not self._closing:
            event.ignore()
            remote = self.workspace.remote()
            if remote:
                ask(self, *LEAVING[remote], "Close", self.leave)
            else:
                ask(self, _RUNNING, _RUNNING_MORE, "Stop and close", self.leave)
            return
        self._state.save(
            geometry=self.saveGeometry(),
            splitter=self.workspace.splitter.saveState(),
            tab=self.workspace.current_tab(),
        )
        # A person need not watch how the last request to a slow network ends.
        self.hide()
        self.workspace.stop()
        self._awake.release()
        self.workspace.close_down()
        self.start_page.wait()
        self._background.wait()
        # A message left open would keep the program alive without a window.
        for dialog in self.findChildren(QDialog):
            dialog.close()
            dialog.hide()
        event.accept()


def _local(event: QDropEvent) -> list[Path]:
    data = event.mimeData()
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
