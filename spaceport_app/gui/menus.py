"""The menus of the window, with the shortcuts of the platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from spaceport_app.gui import theme
from spaceport_app.gui.tabs import TABS
from spaceport_app.gui.theme.apply import CHOICES

_Key = QKeySequence.StandardKey
_USUAL: dict[object, str] = {_Key.SaveAs: "Ctrl+Shift+S", _Key.FullScreen: "F11"}


@dataclass(frozen=True)
class Deeds:
    """What the entries of the menus call."""

    new: Callable[[], None]
    open_project: Callable[[], None]
    open_splats: Callable[[], None]
    add_photos: Callable[[], None]
    save_copy: Callable[[], None]
    save_report: Callable[[], None]
    export: Callable[[], None]
    close_project: Callable[[], None]
    quit: Callable[[], None]
    show_tab: Callable[[str], None]
    show_panel: Callable[[str, bool], None]
    choose_theme: Callable[[str], None]
    full_screen: Callable[[], None]
    start: Callable[[], None]
    pause: Callable[[], None]
    stop: Callable[[], None]
    options: Callable[[], None]
    aws: Callable[[], None]
    aws_jobs: Callable[[], None]
    gpu_engine: Callable[[], None]
    keys: Callable[[], None]
    diagnostics: Callable[[], None]
    updates: Callable[[], None]
    about: Callable[[], None]
    fill_recent: Callable[[QMenu], None]


class Menus:
    """All actions of the window.

    Parameters
    ----------
    window : QMainWindow
        Gets the menu bar.
    deeds : Deeds
        What the actions do.
    """

    def __init__(self, window: QMainWindow, deeds: Deeds) -> None:
        self._window = window
        bar = window.menuBar()
        file = bar.addMenu("&File")
        self.new = self._add(file, "&New project…", deeds.new, _Key.New)
        self.open_project = self._add(file, "&Open project…", deeds.open_project, _Key.Open)
        self.open_splats = self._add(file, "Open &splat…", deeds.open_splats, "Ctrl+Shift+O")
        self.recent = file.addMenu("Open &recent")
        self.recent.aboutToShow.connect(partial(deeds.fill_recent, self.recent))
        file.addSeparator()
        self.add_photos = self._add(file, "&Add photos…", deeds.add_photos, "Ctrl+Shift+A")
        self.save_copy = self._add(file, "Save a &copy…", deeds.save_copy, _Key.SaveAs)
        file.addSeparator()
        self.export = self._add(file, "&Export…", deeds.export, "Ctrl+E")
        self.save_report = self._add(file, "Save re&port…", deeds.save_report, "Ctrl+Shift+R")
        file.addSeparator()
        self.close = self._add(file, "Close", deeds.close_project, "Ctrl+W")
        self.quit = self._add(file, "&Quit", deeds.quit, "Ctrl+Q")

        self.edit = bar.addMenu("&Edit")
        project = bar.addMenu("&Project")
        self.start = self._add(project, "&Start", deeds.start, "Ctrl+Return")
        self.pause = self._add(project, "&Pause", deeds.pause, "Ctrl+P")
        self.stop = self._add(project, "S&top…", deeds.stop, "Ctrl+.")
        project.addSeparator()
        self.options = self._add(project, "&Options…", deeds.options, "Ctrl+Shift+P")
        project.addSeparator()
        self.aws = self._add(project, "A&WS connection…", deeds.aws)
        self.aws_jobs = self._add(project, "&Jobs on AWS…", deeds.aws_jobs, "Ctrl+J")

        view = bar.addMenu("&View")
        self.tabs = [
            self._add(view, name, partial(deeds.show_tab, name), f"Ctrl+{number}")
            for number, name in enumerate(TABS, 1)
        ]
        view.addSeparator()
        self.panels = {
            name: self._switch(view, words, partial(deeds.show_panel, name), keys)
            for name, words, keys in (
                ("photos", "&List of photos", "Ctrl+Shift+L"),
                ("stages", "St&ages", "Ctrl+Shift+T"),
            )
        }
        view.addSeparator()
        themes = view.addMenu("&Theme")
        self._themes = QActionGroup(window)
        for name in CHOICES:
            words = "As the system" if name == "system" else name.capitalize()
            action = self._add(themes, words, partial(deeds.choose_theme, name))
            action.setCheckable(True)
            action.setChecked(theme.choice() == name)
            self._themes.addAction(action)
        self._add(view, "&Full screen", deeds.full_screen, _Key.FullScreen)

        help_menu = bar.addMenu("&Help")
        self.keys = self._add(help_menu, "&Keys and mouse", deeds.keys, _Key.HelpContents)
        self.gpu_engine = self._add(help_menu, "&GPU engine…", deeds.gpu_engine)
        self.diagnostics = self._add(help_menu, "&Diagnostics…", deeds.diagnostics)
        self.updates = self._add(help_menu, "Check for &updates", deeds.updates)
        self.about = self._add(help_menu, "&About Spaceport", deeds.about)
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)

    def keys_and_deeds(self) -> list[tuple[str, str]]:
        """Return the keys of all entries that have some, with what they do."""
        rows = []
        for menu in self._window.menuBar().findChildren(QMenu):
            for action in menu.actions():
                if not action.shortcut().isEmpty():
                    words = action.text().replace("&", "").rstrip("…")
                    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                    if action in self.tabs:
                        words = f"Show {words}"
                    rows.append((keys, words))
        return rows

    def enable(
        self,
        *,
        project: bool,
        finished: bool,
        running: bool,
        splats: bool,
        startable: bool,
        stages_running: bool,
        remote: bool = False,
    ) -> None:
        """Let those actions be chosen that make sense now.

        Parameters
        ----------
        project : bool
            A project is open.
        finished : bool
            It has trained splats.
        running : bool
            Stages are running.
        splats : bool
            Splats are shown without a project.
        startable : bool
            There is something that processing would do.
        stages_running : bool
            Stages run that can be paused, not the mere reading of photos.
        remote : bool
            They run on AWS, where they go on instead of pausing.
        """
        self.pause.setText("Stop &following" if remote else "&Pause")
        self.add_photos.setEnabled(project and not running)
        self.save_copy.setEnabled(project and not running)
        self.export.setEnabled(project and finished and not running)
        self.save_report.setEnabled(project)
        self.start.setEnabled(startable)
        self.pause.setEnabled(stages_running)
        self.stop.setEnabled(stages_running)
        self.options.setEnabled(project and not running)
        self.close.setEnabled(project or splats)
        for action in (*self.tabs, *self.panels.values()):
            action.setEnabled(project)

    def _switch(self, menu: QMenu, words: str, deed: Callable[[bool], None], keys: str) -> QAction:
        action = QAction(words, self._window)
        action.setCheckable(True)
        action.setShortcut(QKeySequence(keys))

        def switched(on: bool) -> None:
            # PySide hands the state to functions only, not to what `partial` makes of them.
            deed(on)

        action.triggered.connect(switched)
        menu.addAction(action)
        return action

    def _add(
        self,
        menu: QMenu,
        words: str,
        deed: Callable[[], None],
        keys: QKeySequence.StandardKey | str | None = None,
    ) -> QAction:
        action = QAction(words, self._window)
        action.triggered.connect(lambda _=False: deed())
        if keys is not None:
            sequence = QKeySequence(keys)
            # Not every platform has its own keys for every standard action.
            if sequence.isEmpty() and keys in _USUAL:
                sequence = QKeySequence(_USUAL[keys])
            action.setShortcut(sequence)
        menu.addAction(action)
        return action
