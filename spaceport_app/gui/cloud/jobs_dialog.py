"""All jobs of the API key, whichever computer has handed them over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.cloud.client import jobs, submission
from spaceport_app.cloud.client.answers import ENDED, Listed, Look
from spaceport_app.cloud.client.api import Api
from spaceport_app.errors import StageError
from spaceport_app.events import Event, Progress
from spaceport_app.gui import places, plain, theme
from spaceport_app.gui.buttons import push_button
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.words import STATE_WORDS, STEP_WORDS, in_window
from spaceport_app.gui.dialogs import ask, fit
from spaceport_app.gui.plain import set_cell_tip, set_tip
from spaceport_app.gui.run.pill_line import PillLine
from spaceport_app.gui.run.stage_row import small_label
from spaceport_app.gui.session import free_folder
from spaceport_app.project.project import SUFFIX, Project
from spaceport_app.quantities import size

_HEADS = ("Project", "State", "Handed over", "Kept until")
_ID = Qt.ItemDataRole.UserRole


class JobsDialog(QDialog):
    """Lists jobs; fetches, stops and deletes them.

    Parameters
    ----------
    project : Project or None
        The open project, whose own job is followed rather than fetched.
    """

    followed = Signal()
    """A person wants to follow the job of the open project."""
    fetched = Signal(object)
    """Path of a project that was made of a job's results."""
    begun = Signal(object)
    """Path of a new project that follows a job of another computer."""
    _told = Signal(object)

    def __init__(
        self, account: Account, project: Project | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Jobs on AWS")
        self.setObjectName("jobs")
        self._account = account
        self._project = project
        self._own = _job_of(project)
        self._background = account.background
        self._halted = threading.Event()
        self._looks: dict[str, Look] = {}
        self._busy = False
        self._told.connect(self._show_progress)

        self.list = QTreeWidget()
        self.list.setObjectName("list")
        self.list.setAccessibleName("Jobs")
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setHeaderLabels(list(_HEADS))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.currentItemChanged.connect(lambda *_: self._chosen())
        self.details = small_label("muted")
        self.details.setObjectName("details")
        self.line = PillLine()
        self.line.setAccessibleName("Fetching the results")
        self.status = small_label("muted")
        self.status.setObjectName("status")
        self.refresh_button = push_button("Refresh", self.refresh, "refresh")
        self.follow_button = push_button("Follow", self._follow, "follow")
        set_tip(
            self.follow_button,
            "Show the progress and take the results; a job of another computer gets a new project",
        )
        self.fetch_button = push_button("Fetch…", lambda: self._ask_where(self.fetch), "fetch")
        set_tip(self.fetch_button, "Make a project of the results that are there")
        self.stop_button = push_button("Stop…", self._ask_stop, "stop")
        self.delete_button = push_button("Delete…", self._ask_delete, "delete")
        set_tip(self.delete_button, "Delete the job with its photos and results on AWS")
        self.close_button = push_button("Close", self.reject, "close")
        self.close_button.setDefault(True)

        buttons = QHBoxLayout()
        for button in (self.refresh_button, self.follow_button, self.fetch_button):
            buttons.addWidget(button)
        buttons.addWidget(self.stop_button)
        buttons.addWidget(self.delete_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.details)
        layout.addWidget(self.line)
        layout.addWidget(self.status)
        layout.addLayout(buttons)
        self.line.hide()
        fit(self, 720, 440)
        self._allow()
        self.refresh()

    # What a person does

    def refresh(self) -> None:
        """Ask for the list."""
        self._say("Asking AWS…")
        self._start("list", lambda api: api.jobs(), self._list)

    def job(self) -> str:
        """Return the id of the chosen job, or an empty text."""
        item = self.list.currentItem()
        return str(item.data(0, _ID)) if item is not None else ""

    def stop_job(self) -> None:
        """Stop the chosen job; told when AWS has confirmed it."""
        job, project = self.job(), self._project
        self._work("Stopping the job; AWS takes up to two minutes…")
        self._start("work", lambda api: jobs.stop(api, job, project), self._stopped)

    def delete_job(self) -> None:
        """Delete the chosen job on AWS."""
        job, project = self.job(), self._project
        self._work("Deleting the job…")

        def gone(_: object) -> None:
            self._done("The job is deleted on AWS.")
            self.refresh()

        self._start("work", lambda api: jobs.delete(api, job, project), gone)

    def fetch(self, target: Path) -> None:
        """Make a project of the chosen job's results."""
        job = self.job()
        self._work("Fetching the results…")
        self.line.show_fraction(0.0, active=True)
        self.line.show()

        def get(api: Api) -> Path:
            project, _ = jobs.fetch(api, job, target, lambda words: None, self._told.emit)
            return project.folder

        self._start("work", get, self._fetched)

    def done(self, result: int) -> None:
        """End what is under way; what was fetched stays for the next time."""
        for kind in ("list", "look", "work"):
            self._background.forget(kind)
        self._halted.set()
        super().done(result)

    def follow_here(self, target: Path) -> None:
        """Make a project that follows the chosen job of another computer."""
        job = self.job()

        def begun(folder: Path) -> None:
            self._done("")
            self.accept()
            self.begun.emit(folder)

        self._work("Asking AWS…")
        self._start("work", lambda api: jobs.follow_here(api, job, target).folder, begun)

    def _follow(self) -> None:
        if self.job() != self._own:
            self._ask_where(self.follow_here)
            return
        self.followed.emit()
        self.accept()

    def _ask_where(self, deed: Callable[[Path], None]) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        usual = free_folder(places.projects_folder(), item.text(0))
        chosen, _ = QFileDialog.getSaveFileName(self, "Folder for the project", str(usual))
        if chosen:
            path = Path(chosen)
            deed(path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX))

    def _ask_stop(self) -> None:
        more = "What is not finished is lost; the results of finished stages can be fetched."
        ask(self, "Stop this job on AWS?", more, "Stop", self.stop_job)

    def _ask_delete(self) -> None:
        more = "Its photos and results on AWS go too. What is on this computer stays."
        ask(self, "Delete this job on AWS?", more, "Delete", self.delete_job)

    # What comes of it

    def _start(self, kind: str, work: Callable[[Api], Any], done: Callable[[Any], None]) -> None:
        def call() -> Any:
            with self._account.quick_api(self._halted) as api:
                return work(api)

        self._background.start(kind, in_window(call), done, self._failed)

    def _work(self, words: str) -> None:
        self._busy = True
        self._say(words)
        self._allow()

    def _done(self, words: str, role: str = "muted") -> None:
        self._busy = False
        self.line.hide()
        self._say(words, role)
        self._allow()

    def _failed(self, sentence: str) -> None:
        self._done(sentence, "error")

    def _list(self, found: tuple[Listed, ...]) -> None:
        if not self._busy:
            self._say("" if found else "There are no jobs under this API key.")
        before = self.job() or self._own
        self._looks.clear()
        self.list.clear()
        for one in found:
            name = f"{one.name} (open here)" if one.job == self._own else one.name
            state = STATE_WORDS.get(one.state, one.state)
            cells = (name, state, _day(one.created), _day(one.expires))
            item = QTreeWidgetItem([plain.name(cell) for cell in cells])
            item.setData(0, _ID, one.job)
            set_cell_tip(item, 0, one.job)
            self.list.addTopLevelItem(item)
            if one.job == before:
                self.list.setCurrentItem(item)
        top = self.list.topLevelItem(0)
        if self.list.currentItem() is None and top is not None:
            self.list.setCurrentItem(top)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(_HEADS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self._allow()

    def _chosen(self) -> None:
        job = self.job()
        self._show_details()
        self._allow()
        if job and job not in self._looks:
            self._start("look", lambda api: api.look(job), self._looked)

    def _looked(self, look: Look) -> None:
        self._looks[look.job] = look
        item = self.list.currentItem()
        if item is not None and look.job == self.job():
            item.setText(1, plain.name(STATE_WORDS.get(look.state, look.state)))
        self._show_details()
        self._allow()

    def _show_details(self) -> None:
        look = self._looks.get(self.job())
        self.details.setText(details(look) if look is not None else "")
        self.details.setVisible(bool(self.details.text()))

    def _stopped(self, look: Look) -> None:
        self._looked(look)
        state = STATE_WORDS.get(look.state, look.state).lower()
        self._done(f"The job is {state}; nothing computes any more.")

    def _fetched(self, folder: Path) -> None:
        self._done(f"The results are in {folder}.")
        self.fetched.emit(folder)
        self.accept()

    def _show_progress(self, event: Event) -> None:
        if isinstance(event, Progress) and self._busy:
            self.line.show_fraction(event.fraction, active=True)
            self._say(f"{event.step}, {size(event.done)} so far")

    def _allow(self) -> None:
        job, free = self.job(), not self._busy
        look = self._looks.get(job)
        own = bool(job) and job == self._own
        open_now = look is not None and look.state not in ENDED
        self.refresh_button.setEnabled(free)
        under_way = look is not None and look.state in ("running", "stopping")
        self.follow_button.setText("Follow" if own else "Follow…")
        self.follow_button.setEnabled(free and (_is_open(self._project) if own else under_way))
        self.fetch_button.setVisible(not own)
        self.fetch_button.setEnabled(free and look is not None and _has_results(look))
        self.stop_button.setEnabled(free and open_now)
        self.delete_button.setEnabled(free and bool(job))

    def _say(self, words: str, role: str = "muted") -> None:
        self.status.setProperty("role", role)
        self.status.style().polish(self.status)
        self.status.setText(words)
        self.status.setVisible(bool(words))


def details(look: Look) -> str:
    """Return how the steps of a job stand, what it has cost, and why it failed."""
    steps = [
        f"{STEP_WORDS[step]} {STATE_WORDS.get(found.state, found.state).lower()}"
        for step, found in look.steps.items()
        if found.state
    ]
    lines = [", ".join(steps)] if steps else []
    if look.spent_usd is not None:
        lines.append(f"{look.spent_usd:.2f} US dollars so far, reckoned from its times")
    text = ". ".join(line[0].upper() + line[1:] for line in lines)
    if look.reason is not None:
        text = f"{text}. {look.reason.message} {look.reason.remedy}".removeprefix(". ").rstrip()
    return text


def _has_results(look: Look) -> bool:
    done = any(found.state.lower() in ("finished", "completed") for found in look.steps.values())
    return look.state == "finished" or done


def _job_of(project: Project | None) -> str:
    try:
        found = submission.read(project) if project is not None else None
    except (OSError, StageError):
        return ""
    return found.job if found is not None else ""


def _is_open(project: Project | None) -> bool:
    try:
        found = submission.read(project) if project is not None else None
    except (OSError, StageError):
        return False
    return found is not None and found.open


def _day(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return ""
    there = QDateTime.fromSecsSinceEpoch(int(moment.timestamp()))
    return QLocale().toString(there, QLocale.FormatType.ShortFormat)
