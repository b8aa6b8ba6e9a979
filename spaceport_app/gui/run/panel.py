"""The stage panel: what to do with which options, its progress, stopping and going on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QCoreApplication, QMetaMethod, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from spaceport_app.events import Failed, Preview
from spaceport_app.gui.cloud import work
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.offload import Offload
from spaceport_app.gui.run import changes, expected, remedies, stop_question, survey
from spaceport_app.gui.run.background import Background
from spaceport_app.gui.run.controls import Controls
from spaceport_app.gui.run.driver import CLOSING_GRACE_S, Ending, RunDriver
from spaceport_app.gui.run.engine import EngineFinder
from spaceport_app.gui.run.options_dialog import OptionsDialog
from spaceport_app.gui.run.remedies import Remedy
from spaceport_app.gui.run.stage_list import StageList
from spaceport_app.gui.run.state import RunState
from spaceport_app.gui.run.stop_question import StopQuestion
from spaceport_app.gui.run.survey import Survey
from spaceport_app.gui.run.worker import Maker, RunEnd
from spaceport_app.pipeline.runner import SAVE_GRACE_S, RunEvent, Runner, StageEnded, StageEvent
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.model import Document, Settings
from spaceport_app.project.project import Project

_TICK_MS = 500
_ASK_AFTER_MS = 1500


class StagePanel(QWidget):
    """Runs the stages of a project and shows them.

    The project on disk is only touched in background threads.
    """

    stage_finished = Signal(str)
    """A stage has published its result."""
    run_finished = Signal(bool)
    """A run is over; whether every stage has its result."""
    stage_event = Signal(object)
    """Every `RunEvent`."""
    preview = Signal(object)
    """Path of a new preview picture."""
    engine_requested = Signal()
    """A person wants to set the GPU engine up."""
    photos_requested = Signal()
    """A person wants to add photos because too few could be used."""
    changed = Signal()
    """What can be started, paused or stopped is not what it was."""
    jobs_requested = Signal()
    """A person is to see the list of jobs on AWS."""
    settings_changed = Signal(object)
    """Preset or options of the project were saved anew: its `Document`."""

    def __init__(self, parent: QWidget | None = None, account: Account | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self._stages = registry()
        self._project: Project | None = None
        self._state = RunState(self._stages)
        self._survey = Survey()
        self._driver = RunDriver(self)
        self._driver.told.connect(self._take)
        self._driver.document.connect(self._take_document)
        self._driver.ended.connect(self._finish)
        self._account = account or Account(self)
        self._offload = Offload(self._account, self._stages, self)
        self._offload.go.connect(lambda make, remote: self._run(None, make, remote=remote))
        self._offload.changed.connect(self._target_changed)
        self._question = StopQuestion(self)
        self._question.agreed.connect(lambda: self._end("stop"))
        self._unsaved: Settings | None = None
        self._engine_words = ("Finding the training engine…", True)
        self._engine_offered = False
        self._background = Background(self)
        self._engine = EngineFinder(self)
        self._engine.found.connect(self._show_engine)
        self._engine.offered.connect(self._offer_engine)
        self._engine.failed.connect(self._no_engine)
        self._build()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._list.tick)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.close_down)
        self._refresh()
        # The window comes first; the question costs seconds of another core.
        QTimer.singleShot(_ASK_AFTER_MS, self._engine.start)

    # What the window calls

    def set_project(self, project: Project | None) -> None:
        """Show another project, or none."""
        if self.running():
            self.stop(wait=True)
        self._project = project
        self._state = RunState(self._stages)
        self._survey = Survey()
        self._unsaved = None
        self._offload.target = "here"
        self._background.forget("look")
        self._background.forget("start")
        self._list.show_another(self._state, project.log if project is not None else None)
        self.controls.show_settings(self._settings())
        self._refresh()
        self.look_again()

    def running(self) -> bool:
        """Whether stages are at work."""
        return self._driver.running

    def can_start(self) -> bool:
        """Whether `start` would do something."""
        ready = self._project is not None and not self.running()
        looking = self._background.pending("look")
        return ready and not looking and not self._survey.failure and not self._survey.complete

    def start(self, first: str | None = None) -> None:
        """Do what is missing or outdated, `first` a stage even if its result holds."""
        if self._project is None or self.running():
            return
        if self._background.pending("look"):
            # Settings may wait to be saved; the start comes after them in the same thread.
            self._background.submit("start", _nothing, lambda _: self.start(first))
            return
        if self._offload.aws:
            read = self._survey.stages.get("import")
            holds = read is not None and read.phase == "done" and first != "import"
            self._offload.start(self._project, self._survey.job, first, photos_read=holds)
        else:
            self._run(first)

    def follow(self) -> None:
        """Go on with the project's job on AWS."""
        self._offload.choose("aws")
        self.start()

    def pause(self) -> None:
        """Save what was done and stop, without a question; `start` goes on from there.

        A job on AWS is not followed any longer, and goes on there.
        """
        self._end("leave" if self._driver.remote else "pause")

    def ask_stop(self) -> None:
        """Ask whether to stop, and do so on a yes."""
        if self.running():
            self._question.ask(self.window(), self._stop_words())

    def remote(self) -> Literal["", "sends", "computes"]:
        """Whether the run that is under way is a job on AWS, and what it does."""
        if not self.running() or not self._driver.remote or self._project is None:
            return ""
        return "computes" if work.computes(self._project) else "sends"

    def stop(self, wait: bool = True) -> None:
        """Leave nothing at work here; with `wait`, return when every process has ended.

        A stage that can save its work gets some seconds for it. A job on AWS goes on there.
        """
        if self.running():
            self._end("leave" if self._driver.remote else "stop", CLOSING_GRACE_S)
            if wait:
                self._driver.wait()

    def ready(self) -> str:
        """Return in a sentence what a run that went well has left."""
        return self._state.ready()

    def open_options(self, stage: str = "") -> None:
        """Open the options, at the page of a stage."""
        if self._project is None or self.running():
            return
        dialog = OptionsDialog(self._stages, self._settings(), self.window())
        dialog.show_stage(stage)
        dialog.accepted.connect(lambda: self.save_settings(dialog.settings))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def look_again(self) -> None:
        """Look at the project on disk anew: what holds, and what the rest will take."""
        self._look()

    def save_settings(self, settings: Settings) -> None:
        """Save other settings of the project, and look at what they change."""
        if self._project is None or self.running() or settings == self._settings():
            return
        self._project.document = replace(self._project.document, settings=settings)
        self.controls.show_settings(self._settings())
        self._unsaved = settings
        self._look()

    def ask_engine(self) -> None:
        """Find out anew what this computer trains with."""
        self._engine.start()

    def close_down(self) -> None:
        """End everything; for the end of the application."""
        self.stop(wait=True)
        self._engine.stop()
        self._background.close()
        self._account.close()
        self._list.close_down()

    # How it is built

    def _build(self) -> None:
        self.controls = controls = Controls()
        controls.start.connect(self._on_start)
        controls.pause.connect(self.pause)
        controls.stop.connect(self.ask_stop)
        controls.options.connect(self._on_options)
        controls.preset_chosen.connect(self._use_preset)
        controls.minutes_chosen.connect(self._use_minutes)
        controls.cpu_chosen.connect(self._use_cpu)
        controls.target_chosen.connect(self._offload.choose)
        controls.connection.connect(self._offload.open_settings)
        controls.mend.connect(self._mend_trouble)
        controls.set_engine_up.connect(self.engine_requested)
        self._list = StageList(self._stages, self._remedy_of)
        self._list.again.connect(self.start)
        self._list.mend.connect(self._mend)
        self.rows = self._list.rows
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(controls)
        layout.addWidget(self._list, 1)
        self.setMinimumWidth(280)

    # What the worker tells

    def _take(self, event: RunEvent) -> None:
        row = self._state.take(event, time.monotonic())
        if isinstance(event, StageEnded):
            self._list.show_all()
            self._list.read_log(event.outcome.stage)
        else:
            self._list.show_one(row.name)
        self.stage_event.emit(event)
        if isinstance(event, StageEvent) and isinstance(event.event, Preview):
            self.preview.emit(event.event.path)
        if not isinstance(event, StageEvent):
            self._refresh()
        if isinstance(event, StageEnded) and event.outcome.kind == "finished":
            self.stage_finished.emit(event.outcome.stage)

    def _take_document(self, document: Document) -> None:
        if self._project is not None:
            self._project.document = document

    def _finish(self, end: RunEnd) -> None:
        self._tick.stop()
        self._question.withdraw()
        self._state.stopped(
            self._driver.ending, where=end.where, goes_on=end.goes_on, sentence=end.sentence
        )
        if end.failure is not None:
            self._fail(end.failure)
        # What was to do and what it would take is history.
        self._survey = Survey()
        self._list.show_all()
        self._refresh()
        self.run_finished.emit(end.good)
        self._look(after_run=True)
        if self._project is not None:
            self._offload.read(self._project, good=end.good)

    def _run(self, first: str | None, make: Maker = Runner, *, remote: bool = False) -> None:
        if self._project is None or self.running():
            return
        self._list.forget_failures()
        for state in self._state.rows.values():
            if state.phase in ("failed", "stopped"):
                state.phase, state.failure, state.sentence = "waiting", None, ""
        self.controls.show_trouble("", None)
        self._tick.start()
        self._driver.start(self._project.folder, self._stages, first, make, remote=remote)
        self._list.show_all()
        self._refresh()

    def _end(self, how: Ending, grace_s: float | None = None) -> None:
        if not self.running():
            return
        remote = self.remote()
        self._driver.end(how, SAVE_GRACE_S if grace_s is None else grace_s)
        saving = {stage.name for stage in self._stages if stage.saves and not remote}
        self._state.ends(how, saving, "AWS" if remote == "computes" else "")
        self._list.show_all()
        self._refresh()

    # Looking at the project

    def _look(self, *, after_run: bool = False) -> None:
        if self._project is None or self.running():
            return
        folder, stages, settings = self._project.folder, self._stages, self._unsaved
        aws = self._offload.aws

        def taken(found: Survey) -> None:
            if self._unsaved is settings:
                self._unsaved = None
            self._take_survey(found, saved=settings is not None, after_run=after_run)

        self._background.submit(
            "look", lambda: survey.look(folder, stages, settings, aws=aws), taken
        )
        self._refresh()

    def _take_survey(self, found: Survey, *, saved: bool, after_run: bool) -> None:
        if self._project is None or self.running():
            return
        locked = found.failure is not None and found.failure.code == "project_locked"
        if locked and not self.isEnabled():
            # The window itself is at work on the project and will have us look again.
            return
        anew = found.job is not None and self._survey.job is None
        self._survey = found
        if anew:
            # Whoever has a job there wants to see it first; another choice stays possible.
            self._offload.choose("aws")
        if found.document is not None:
            self._project.document = found.document
        survey.apply(found, self._state, after_run=after_run)
        self.controls.show_settings(self._settings())
        if found.failure is not None:
            self._fail(found.failure)
        elif not after_run:
            self.controls.show_trouble("", None)
        self._list.show_all()
        self._refresh()
        if saved and found.document is not None:
            self.settings_changed.emit(found.document)
        for name in self.rows:
            self._list.read_log(name)

    # What a person changes

    def _settings(self) -> Settings:
        return self._project.document.settings if self._project is not None else Settings()

    def _on_start(self) -> None:
        self.start()

    def _on_options(self) -> None:
        self.open_options()

    def _use_preset(self, name: str) -> None:
        self.save_settings(changes.with_preset(self._stages, self._settings(), name))

    def _use_minutes(self, minutes: float) -> None:
        self.save_settings(changes.with_minutes(self._stages, self._settings(), minutes))

    def _use_cpu(self) -> None:
        self.save_settings(changes.with_cpu(self._stages, self._settings()))

    def _mend(self, stage: str, remedy: Remedy) -> None:
        if self._project is None or self.running():
            return
        if remedy.deed == "options":
            self.open_options(stage)
        elif remedy.deed == "photos":
            self.photos_requested.emit()
        elif remedy.deed == "look_again":
            self.look_again()
        elif remedy.deed == "aws":
            self._offload.open_settings()
        elif remedy.deed == "aws_jobs":
            self.jobs_requested.emit()
        elif remedy.deed == "aws_prices":
            self._offload.open_prices()
        elif remedy.deed == "import_again":
            self.start("import")
        elif remedy.deed == "sfm_again":
            self.start("sfm")
        else:
            lower = remedies.lower_preset(self._settings().preset)
            if remedy.deed == "lower" and lower is not None:
                self._use_preset(lower)
            elif remedy.deed == "cpu":
                self._use_cpu()
            self.start()

    def _mend_trouble(self, remedy: Remedy) -> None:
        self._mend("", remedy)

    # What is shown

    def _remedy_of(self, failure: Failed) -> Remedy:
        return self._possible(remedies.find(failure, self._settings()))

    def _possible(self, remedy: Remedy) -> Remedy:
        """Return a remedy without its button where nobody listens to what it would ask for."""
        if remedy.deed == "photos":
            signal = QMetaMethod.fromSignal(self.photos_requested)
            if not self.isSignalConnected(signal):
                return replace(remedy, button="")
        return remedy

    def _fail(self, failure: Failed) -> None:
        self.controls.show_trouble(failure.message, self._remedy_of(failure))

    def _show_estimate(self) -> None:
        found, notes = self._survey.expected, ""
        if self._project is None:
            words = "Add photos to begin."
        elif self.running():
            words = ""
        else:
            looking = self._background.pending("look")
            words = expected.summed_up(
                self._survey,
                aws=self._offload.aws,
                looking=looking,
                complete=self._state.complete,
            )
            notes = expected.notes(found) if found is not None else ""
        self.controls.show_estimate(
            words, notes, offer_cpu=bool(notes) and expected.lacks_gpu(found)
        )

    def _refresh(self) -> None:
        """Show and allow what is possible now."""
        idle = self._project is not None and not self.running()
        self._show_target()
        self._show_estimate()
        if self.running():
            self.controls.show_running(self._driver.ending, remote=self._driver.remote)
        else:
            self.controls.show_idle(
                expected.start_words(
                    self._survey, self._state.start_words(), aws=self._offload.aws
                ),
                can_start=self.can_start(),
                complete=self._survey.complete
                or (self._state.complete and self._background.pending("look")),
                can_choose=idle,
            )
        for name, row in self.rows.items():
            row.allow(again=idle and self._can_do_again(name), mend=idle)
        self.changed.emit()

    def _can_do_again(self, name: str) -> bool:
        if self._offload.aws and self._survey.job is not None:
            return False
        stage = next(stage for stage in self._stages if stage.name == name)
        ready = all(self._state.rows[other].has_result for other in stage.reads)
        return ready and self._state.rows[name].phase not in ("waiting", "failed")

    def _stop_words(self) -> str:
        kinds = {"computes": stop_question.ON_AWS, "sends": stop_question.SENDING}
        return kinds.get(self.remote(), stop_question.WORDS)

    def _target_changed(self) -> None:
        self._refresh()
        if self._survey.job is None:
            self._look()

    def _show_target(self) -> None:
        account = self._account
        aws = self._offload.aws or (self.running() and self._driver.remote)
        words, works = (account.words(), True) if aws else self._engine_words
        self.controls.show_target(aws=aws, words=words, works=works)
        self.controls.engine_button.setVisible(self._engine_offered and not aws)

    def _offer_engine(self, offer: bool) -> None:
        self._engine_offered = offer
        self._show_target()

    def _show_engine(self, name: str, words: str) -> None:
        self._engine_words = (words, True)
        self._show_target()

    def _no_engine(self, words: str) -> None:
        self._engine_words = (words, False)
        self._show_target()

    def state(self) -> Mapping[str, str]:
        """Return the phase of every stage by its name."""
        return {name: row.phase for name, row in self._state.rows.items()}


def _nothing() -> None:
    return None
