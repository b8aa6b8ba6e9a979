"""The question before a job is handed over: which stages, what leaves, how long, how much."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.cloud.client import offer, preferences, prices
from spaceport_app.cloud.client.offer import Offer
from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.cloud.layout import STEPS, Step, following
from spaceport_app.gui import plain, theme
from spaceport_app.gui.cloud import mail, words
from spaceport_app.gui.cloud.account import Account
from spaceport_app.gui.cloud.machine_choice import MachineChoice
from spaceport_app.gui.dialogs import fit, grow
from spaceport_app.gui.plain import Label, add_row, set_tip
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.project import Project

_NEEDS: dict[Step, tuple[str, ...]] = {"sfm": (), "3dgs": ("sfm",), "compression": ("sfm", "train")}
_WIDTH = 560


class OfferDialog(QDialog):
    """Shows what a job means, and is accepted by whoever wants it.

    Parameters
    ----------
    project : Project
        Its photos are read.
    wish : Wish
        What is shown first.
    """

    def __init__(
        self,
        project: Project,
        stages: Registry,
        wish: Wish,
        account: Account,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{plain.name(project.document.name)} on AWS")
        self.setObjectName("offer")
        self._folder = project.folder
        self._stages = stages
        self._account = account
        self._background = account.background
        self._usual = wish
        self.offer: Offer | None = None
        """The job as it is shown now; None as long as that is being worked out."""

        self.steps = QComboBox()
        self.steps.setObjectName("steps")
        for span in _spans(project):
            self.steps.addItem(words.steps(*span), span)
        self.steps.setCurrentIndex(max(0, self.steps.findText(words.steps(wish.first, wish.last))))
        set_tip(self.steps, "What AWS does; the rest stays for this computer")
        self.photos = QComboBox()
        self.photos.setObjectName("photos")
        self.photos.addItem("Reduced to the size of the training", "scaled")
        self.photos.addItem("As they are", "original")
        self.photos.setCurrentIndex(self.photos.findData(wish.photos))
        self.machines = MachineChoice(wish)
        self.email = QLineEdit(account.preferences.email)
        self.email.setObjectName("email")
        self.email.setPlaceholderText("Nobody")
        self.gpu = QCheckBox("Use the values for a graphics card")
        self.gpu.setObjectName("gpu")
        set_tip(self.gpu, "AWS trains on one, so more can be done in the same time")
        self.gpu.setChecked(True)
        self.leaving = _text("leaving")
        self.expected = _text("expected")
        self.payer = _text("payer")
        self.payer.setProperty("role", "muted")
        self.payer.setText(f"{account.words()}. The account behind it pays.")
        self.trouble = _text("trouble")
        self.trouble.setProperty("role", "error")
        self.start = QPushButton("Send and start")
        self.start.setObjectName("start")
        self.start.setProperty("main", True)
        self.start.setDefault(True)
        self.start.clicked.connect(lambda _=False: self.accept())
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(lambda _=False: self.reject())
        self._lay_out(cancel)
        self.steps.currentIndexChanged.connect(self._work_out)
        self.photos.currentIndexChanged.connect(self._work_out)
        self.gpu.toggled.connect(self._work_out)
        self.machines.changed.connect(self._work_out)
        halted = self._halted = threading.Event()
        self._wait()
        self._background.start(
            "usual",
            lambda: account.quick_api(halted).health().machines,
            self._take_machines,
            lambda _: self._work_out(),
        )
        fit(self, _WIDTH, self.sizeHint().height())
        self.steps.setFocus()

    def _lay_out(self, cancel: QPushButton) -> None:
        self._form = form = QFormLayout()
        form.setSpacing(theme.spacing)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        add_row(form, "AWS does", self.steps)
        add_row(form, "Photos", self.photos)
        for name, row in self.machines.rows():
            add_row(form, name, row)
        add_row(form, "Mail at the end to", self.email)
        add_row(form, "", self.gpu)
        line = QFrame()
        line.setProperty("role", "line")
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.start)
        buttons.addWidget(cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing + 4)
        layout.addLayout(form)
        layout.addWidget(line)
        for head, body in (("Leaves this computer", self.leaving), ("Takes", self.expected)):
            label = Label(head)
            label.setProperty("role", "heading")
            column = QVBoxLayout()
            column.setSpacing(theme.spacing // 2)
            column.addWidget(label)
            column.addWidget(body)
            layout.addLayout(column)
        layout.addWidget(self.payer)
        layout.addWidget(self.trouble)
        layout.addStretch(1)
        layout.addLayout(buttons)
        self.trouble.hide()

    def wish(self) -> Wish:
        """Return what is asked for now."""
        first, last = self.steps.currentData()
        return replace(
            self._usual,
            first=first,
            last=last,
            photos=self.photos.currentData(),
            email=self.email.text().strip(),
            bytes_a_second=self._account.preferences.bytes_a_second,
            instances=self.machines.instances(),
            spot=self.machines.spare(),
        )

    def accept(self) -> None:
        """Take the offer, unless the mail address is none."""
        trouble = mail.trouble(self.email.text())
        if trouble:
            self._say(trouble)
            self.email.setFocus()
            return
        if self.offer is None:
            return
        self.offer = replace(self.offer, wish=self.wish())
        usual = self._account.preferences
        if usual.email != self.offer.wish.email:
            preferences.save(replace(usual, email=self.offer.wish.email))
        super().accept()

    def done(self, result: int) -> None:
        """Drop what is still being worked out."""
        self._halted.set()
        for name in ("usual", "offer"):
            self._background.forget(name)
        super().done(result)

    def _take_machines(self, machines: Mapping[Step, str]) -> None:
        self.machines.set_usual(machines)
        self._work_out()

    def _wait(self) -> None:
        """Show the fields of what is asked for, and that the rest is not known yet."""
        first, last = self.steps.currentData()
        self._form.setRowVisible(self.photos, first == "sfm")
        for step, row in self.machines.by_step():
            self._form.setRowVisible(row, step in following(first, last))
        self.offer = None
        self.start.setEnabled(False)
        self._say("")
        for label in (self.leaving, self.expected):
            label.setText("Working it out…")

    def _work_out(self) -> None:
        wish, keep, folder, stages = (
            self.wish(),
            not self.gpu.isChecked(),
            self._folder,
            self._stages,
        )
        usual = self.machines.usual
        self._wait()

        def find() -> tuple[Offer, bool]:
            project = Project.open(folder)
            made = offer.make(project, wish, stages, keep_settings=keep, usual=usual)
            choice = made.gpu_values or (
                keep
                and offer.make(project, wish, stages, keep_settings=False, usual=usual).gpu_values
            )
            return made, choice

        self._background.start("offer", words.in_window(find), self._take, self._failed)

    def _take(self, found: tuple[Offer, bool]) -> None:
        self.offer, choice = found
        self._form.setRowVisible(self.gpu, choice)
        self.leaving.setText(self.offer.leaving.sentence)
        self.expected.setText(f"{self.offer.expected.words()} {prices.PAGE}")
        self.start.setEnabled(True)
        grow(self)

    def _failed(self, sentence: str) -> None:
        for label in (self.leaving, self.expected):
            label.setText("Not known")
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))
        grow(self)


def _spans(project: Project) -> list[tuple[Step, Step]]:
    """Return the runs of steps that the project has the inputs for, the longest first."""
    return [
        (first, last)
        for place, first in enumerate(STEPS)
        for last in reversed(STEPS[place:])
        if all(project.published(stage) is not None for stage in _NEEDS[first])
    ]


def _text(name: str) -> Label:
    label = Label()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
