"""The prices from which the cost of a job is reckoned, to be changed by whoever pays others."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.cloud.client import prices
from spaceport_app.cloud.client.prices import Machine, Prices
from spaceport_app.cloud.layout import STEPS, Step
from spaceport_app.errors import StageError
from spaceport_app.gui import theme
from spaceport_app.gui.cloud.words import STEP_WORDS
from spaceport_app.gui.dialogs import fit, grow
from spaceport_app.gui.run.options_form import NumberBox
from spaceport_app.gui.run.stage_row import small_label
from spaceport_app.gui.theme import numbers

_HEADS = ("Machine", "US dollars an hour", "Cores", "Starts in at least", "at most")


class _Row:
    """The fields of one machine."""

    def __init__(self, step: Step) -> None:
        words = STEP_WORDS[step]
        self.type = QLineEdit()
        self.type.setMinimumWidth(130)
        self.hour = _money(f"US dollars an hour: {words}")
        self.cores = QSpinBox()
        self.cores.setRange(1, 1024)
        self.start = (_number("min", 240.0), _number("min", 240.0))
        for field, name in zip(
            (self.type, self.cores, *self.start),
            ("Machine", "Cores", "Starts in at least", "Starts in at most"),
            strict=True,
        ):
            field.setAccessibleName(f"{name}: {words}")
        numbers.set_up(self.cores)

    def fields(self) -> tuple[QWidget, ...]:
        return (self.type, self.hour, self.cores, *self.start)

    def show(self, machine: Machine) -> None:
        self.type.setText(machine.type)
        self.hour.setValue(machine.usd_an_hour)
        self.cores.setValue(machine.cores)
        for field, seconds in zip(self.start, machine.start_s, strict=True):
            field.setValue(seconds / 60)

    def swapped(self) -> bool:
        low, high = (field.value() for field in self.start)
        return low > high

    def machine(self, before: Machine) -> Machine:
        low, high = (field.value() * 60 for field in self.start)
        return replace(
            before,
            type=self.type.text().strip() or before.type,
            usd_an_hour=self.hour.value(),
            cores=self.cores.value(),
            start_s=(low, high),
        )


class PricesDialog(QDialog):
    """Changes the table of prices; ours can be had back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("AWS prices")
        self.setObjectName("prices")
        self.rows = {step: _Row(step) for step in STEPS}
        self.storage = _money("US dollars a GB and month kept")
        self.transfer = _money("US dollars a GB fetched")
        self.job = _money("US dollars for the rest of a job")
        self.share = _number("", 10.0)
        self.share.setMinimum(0.01)
        self.share.setAccessibleName("Speed of the training card, where an A100 is 1")
        self.region = QLineEdit()
        self.region.setAccessibleName("Region")
        self.as_of = QLineEdit()
        self.as_of.setAccessibleName("As of")
        self.message = small_label("error")
        self.message.setObjectName("message")
        self.reset_button = QPushButton("Use ours")
        self.reset_button.setObjectName("reset")
        self.reset_button.setToolTip("Back to the prices that come with Spaceport")
        self.save_button = QPushButton("Save")
        self.save_button.setObjectName("save")
        self.save_button.setProperty("main", True)
        cancel = QPushButton("Cancel")
        for button in (self.reset_button, cancel):
            button.setAutoDefault(False)
        self.save_button.setDefault(True)
        self.reset_button.clicked.connect(lambda _=False: self._show(prices.ours()))
        self.save_button.clicked.connect(lambda _=False: self.accept())
        cancel.clicked.connect(lambda _=False: self.reject())

        about = small_label(
            "muted",
            "Spaceport fetches no prices. The cost of a job is reckoned from these and from how "
            "long each machine should take; a bill may differ.",
        )
        table = QGridLayout()
        table.setHorizontalSpacing(theme.spacing)
        table.setVerticalSpacing(theme.spacing)
        for column, words in enumerate(_HEADS, 1):
            head = QLabel(words)
            head.setProperty("role", "small")
            table.addWidget(head, 0, column)
        for number, (step, row) in enumerate(self.rows.items(), 1):
            words = STEP_WORDS[step]
            table.addWidget(QLabel(words[0].upper() + words[1:]), number, 0)
            for column, field in enumerate(row.fields(), 1):
                table.addWidget(field, number, column)
        form = QFormLayout()
        form.setSpacing(theme.spacing)
        form.addRow("Speed of the training card (A100 is 1)", self.share)
        form.addRow("A GB kept for a month, US dollars", self.storage)
        form.addRow("A GB fetched, US dollars", self.transfer)
        form.addRow("The rest of a job, US dollars", self.job)
        form.addRow("Region", self.region)
        form.addRow("As of", self.as_of)
        buttons = QHBoxLayout()
        buttons.addWidget(self.reset_button)
        buttons.addStretch(1)
        buttons.addWidget(self.save_button)
        buttons.addWidget(cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing + 4)
        layout.addWidget(about)
        layout.addLayout(table)
        layout.addLayout(form)
        layout.addWidget(self.message)
        layout.addStretch(1)
        layout.addLayout(buttons)
        self.message.hide()
        self._before = prices.ours()
        try:
            self._show(prices.read())
        except StageError as error:
            self._show(prices.ours())
            self._say(f"{error.message} These are the ones that come with Spaceport.")
        fit(self, 660, self.sizeHint().height())

    def table(self) -> Prices:
        """Return the table as it is entered."""
        before = self._before
        machines = {step: row.machine(before.machines[step]) for step, row in self.rows.items()}
        machines["3dgs"] = replace(machines["3dgs"], gpu_share=self.share.value())
        return replace(
            before,
            machines=machines,
            storage_usd_a_gb_month=self.storage.value(),
            transfer_out_usd_a_gb=self.transfer.value(),
            usd_a_job=self.job.value(),
            region=self.region.text().strip() or before.region,
            as_of=self.as_of.text().strip() or before.as_of,
        )

    def accept(self) -> None:
        """Save the table, or say what is wrong with it."""
        wrong = next(
            (s for s, r in self.rows.items() if r.start[0].value() > r.start[1].value()), None
        )
        if wrong is not None:
            self._say(f"The times until the machine of {STEP_WORDS[wrong]} starts are swapped.")
            self.rows[wrong].start[0].setFocus()
            return
        try:
            prices.write(self.table())
        except (OSError, StageError) as error:
            words = (
                str(error) if isinstance(error, StageError) else "The settings cannot be written."
            )
            self._say(words)
            return
        super().accept()

    def _show(self, table: Prices) -> None:
        self._before = table
        for step, row in self.rows.items():
            row.show(table.machines[step])
        self.share.setValue(table.machines["3dgs"].gpu_share)
        self.storage.setValue(table.storage_usd_a_gb_month)
        self.transfer.setValue(table.transfer_out_usd_a_gb)
        self.job.setValue(table.usd_a_job)
        self.region.setText(table.region)
        self.as_of.setText(table.as_of)
        self._say("")

    def _say(self, words: str) -> None:
        self.message.setText(words)
        self.message.setVisible(bool(words))
        grow(self)


def _money(name: str) -> NumberBox:
    box = _number("", 100_000.0)
    box.setAccessibleName(name)
    return box


def _number(suffix: str, most: float) -> NumberBox:
    box = NumberBox()
    box.setRange(0.0, most)
    box.setSuffix(f" {suffix}" if suffix else "")
    numbers.set_up(box)
    return box
