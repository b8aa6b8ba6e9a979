"""The head of the stage panel: engine, preset, options, estimate, and the buttons of a run."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.gui import theme
from spaceport_app.gui.buttons import push_button
from spaceport_app.gui.plain import set_choice_tip, set_tip
from spaceport_app.gui.run import changes
from spaceport_app.gui.run.remedies import Remedy
from spaceport_app.gui.run.stage_row import small_label
from spaceport_app.gui.theme import numbers
from spaceport_app.pipeline import presets
from spaceport_app.project.model import Settings

_PAUSE = "Save the state, then free the computer; Resume goes on from there"
_STOP = "End the work after a question; training is saved first"
_LEAVE = "Show it no longer; what AWS does goes on there, and Follow shows it again"
_STOP_REMOTE = "End the work on AWS after a question"


class Controls(QWidget):
    """Says what will run with which settings, and asks for it; knows no project."""

    start = Signal()
    pause = Signal()
    stop = Signal()
    options = Signal()
    preset_chosen = Signal(str)
    minutes_chosen = Signal(float)
    """Finish in about so many minutes."""
    cpu_chosen = Signal()
    target_chosen = Signal(str)
    """Where the work is done: ``"here"`` or ``"aws"``."""
    connection = Signal()
    """Open the connection to AWS."""
    set_engine_up = Signal()
    mend = Signal(object)
    """Do the `Remedy` of what keeps the work from starting."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._remedy: Remedy | None = None
        self.target = QComboBox()
        self.target.setObjectName("target")
        self.target.setAccessibleName("Where the work is done")
        set_tip(self.target, "Which computer does the work")
        for words, name in (("This computer", "here"), ("AWS", "aws")):
            self.target.addItem(words, name)
        self.target.activated.connect(
            lambda _: self.target_chosen.emit(str(self.target.currentData()))
        )
        self.connection_button = push_button("Connection…", self.connection.emit, "connection")
        set_tip(self.connection_button, "Address and key of the AWS service, and prices")
        self.engine = small_label(text="Finding the training engine…")
        self.engine.setObjectName("engine")
        self.engine_button = push_button(
            "Set up the GPU engine…", self.set_engine_up.emit, "set-up-engine"
        )
        set_tip(self.engine_button, "Fetch what the NVIDIA card needs, test it, and use it")
        self.engine_button.hide()
        self.preset = QComboBox()
        self.preset.setObjectName("preset")
        self.preset.setAccessibleName("Preset")
        set_tip(self.preset, "How much time to spend, and how fine the result gets")
        for number, preset in enumerate(presets.PRESETS):
            self.preset.addItem(preset.name.capitalize(), preset.name)
            set_choice_tip(self.preset, number, preset.purpose)
        self.preset.activated.connect(self._choose)
        self.minutes = self._minutes_box()
        self.options_button = push_button("Options…", self.options.emit, "options-button")
        set_tip(self.options_button, "Change single options of each stage")
        self.purpose = small_label()
        self.estimate = small_label("")
        self.estimate.setObjectName("estimate")
        self.notes = small_label("warning")
        self.notes.setObjectName("notes")
        self.cpu_button = push_button("Use the processor", self.cpu_chosen.emit, "use-cpu")
        set_tip(self.cpu_button, "Take the values that suit this computer's processor")
        self.trouble = small_label("error")
        self.trouble.setObjectName("trouble")
        self.remedy = small_label("muted")
        self.mend_button = QPushButton()
        self.mend_button.setObjectName("trouble-button")
        self.mend_button.clicked.connect(self._mend)
        self.start_button = push_button("Start", self.start.emit, "start")
        self.start_button.setProperty("main", True)
        set_tip(self.start_button, "Do what is missing or outdated; what is finished is kept")
        self.pause_button = push_button("Pause", self.pause.emit, "pause")
        self.stop_button = push_button("Stop", self.stop.emit, "stop")

        place = QHBoxLayout()
        place.addWidget(self.target, 1)
        place.addWidget(self.connection_button)
        choice = QHBoxLayout()
        choice.addWidget(self.preset, 1)
        choice.addWidget(self.options_button)
        buttons = QHBoxLayout()
        for button in (self.start_button, self.pause_button, self.stop_button):
            buttons.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.wide, theme.wide, theme.wide, theme.spacing)
        layout.setSpacing(theme.spacing)
        layout.addLayout(place)
        layout.addWidget(self.engine)
        layout.addWidget(self.engine_button)
        layout.addLayout(choice)
        layout.addWidget(self.minutes)
        for widget in (self.purpose, self.estimate, self.notes, self.cpu_button):
            layout.addWidget(widget)
        for widget in (self.trouble, self.remedy, self.mend_button):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self.show_trouble("", None)
        self.connection_button.hide()

    def show_settings(self, settings: Settings) -> None:
        """Show the preset, what it is for, and how many options differ from it."""
        self.preset.setCurrentIndex(self.preset.findData(settings.preset))
        time = changes.minutes(settings)
        with QSignalBlocker(self.minutes):
            self.minutes.setValue(round(time))
        self.minutes.setVisible(time > 0)
        number = changes.number_changed(settings)
        changed = {0: "", 1: " 1 option is changed."}.get(number, f" {number} options are changed.")
        if settings.preset in presets.NAMES:
            self.purpose.setText(presets.find(settings.preset).purpose + changed)

    def show_estimate(self, words: str, notes: str, *, offer_cpu: bool) -> None:
        """Show what a run will take, and what to know before."""
        self.estimate.setText(words)
        self.estimate.setVisible(bool(words))
        self.notes.setText(notes)
        self.notes.setVisible(bool(notes))
        self.cpu_button.setVisible(offer_cpu)

    def show_trouble(self, message: str, remedy: Remedy | None) -> None:
        """Show why nothing can start, and what can be done; nothing for an empty message."""
        self._remedy = remedy
        sentence, button = (remedy.sentence, remedy.button) if remedy else ("", "")
        self.trouble.setText(message)
        self.trouble.setVisible(bool(message))
        self.remedy.setText(sentence)
        self.remedy.setVisible(bool(message and sentence))
        self.mend_button.setText(button)
        set_tip(self.mend_button, sentence)
        self.mend_button.setVisible(bool(message and button))

    def show_target(self, *, aws: bool, words: str, works: bool) -> None:
        """Show where the work is done: this computer with its engine, or AWS with its service."""
        self.target.setCurrentIndex(self.target.findData("aws" if aws else "here"))
        self.connection_button.setVisible(aws)
        self.engine.setText(words)
        self.engine.setProperty("role", "small" if works else "error")
        self.engine.style().polish(self.engine)

    def show_idle(self, words: str, *, can_start: bool, complete: bool, can_choose: bool) -> None:
        """Show the buttons for a project at rest; none of a run that would do nothing."""
        self.start_button.setText(words)
        self.start_button.setEnabled(can_start)
        self.start_button.setVisible(not complete)
        self.pause_button.hide()
        self.stop_button.hide()
        self._let_choose(can_choose)

    def show_running(self, ending: str, *, remote: bool = False) -> None:
        """Show the buttons for a run; `ending` is ``"pause"``, ``"leave"`` or ``"stop"``.

        A `remote` one cannot be paused, but left to the other computer.
        """
        # Whoever pressed Start with a key finds Pause under the same key.
        focused = self.start_button.hasFocus()
        self.start_button.hide()
        pause = {"pause": "Pausing…", "leave": "Leaving…"}.get(ending)
        self.pause_button.setText(pause or ("Stop following" if remote else "Pause"))
        set_tip(self.pause_button, _LEAVE if remote else _PAUSE)
        self.stop_button.setText("Stopping…" if ending == "stop" else "Stop")
        set_tip(self.stop_button, _STOP_REMOTE if remote else _STOP)
        for button in (self.pause_button, self.stop_button):
            button.show()
            button.setEnabled(not ending)
        if focused:
            self.pause_button.setFocus()
        self._let_choose(False)

    def _let_choose(self, allowed: bool) -> None:
        for widget in (self.target, self.preset, self.minutes, self.options_button):
            widget.setEnabled(allowed)

    def _minutes_box(self) -> QSpinBox:
        box = QSpinBox()
        box.setObjectName("minutes")
        box.setAccessibleName("Minutes until everything is finished")
        set_tip(
            box, "Steps, picture size and number of Gaussians follow from how fast this computer is"
        )
        box.setRange(1, 10_000)
        box.setPrefix("Finish in about ")
        box.setSuffix(" min")
        box.setKeyboardTracking(False)
        numbers.set_up(box)
        box.valueChanged.connect(lambda value: self.minutes_chosen.emit(float(value)))
        return box

    def _choose(self) -> None:
        self.preset_chosen.emit(str(self.preset.currentData()))

    def _mend(self) -> None:
        if self._remedy is not None:
            self.mend.emit(self._remedy)
