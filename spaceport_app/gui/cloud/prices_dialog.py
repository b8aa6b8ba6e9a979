"""The prices from which the cost of a job is reckoned, to be changed by whoever pays others."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
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
from spaceport_app.gui.plain import Label, Link, set_tip
from spaceport_app.gui.run.options_form import NumberBox
from spaceport_app.gui.run.stage_row import small_label
from spaceport_app.gui.theme import numbers

_HEADS = (
    "Machine",
    "US dollars an hour",
    "Cores",
    "Card (A100 is 1)",
    "Starts in at least",
    "at most",
)


class _Row:
    """The fields of one machine of a step, the usual one or one to choose instead."""

    def __init__(self, step: Step, machine: Machine, *, usual: bool) -> None:
        words = STEP_WORDS[step] if usual else f"{STEP_WORDS[step]}, {machine.type}"
        self.step = step
        self._before = machine
        self.type = QLineEdit()
        self.type.setMinimumWidth(130)
        self.hour = _money(f"US dollars an hour: {words}")
        self.cores = QSpinBox()
        self.cores.setRange(1, 1024)
        self.card = _number("", 10.0)
        self.card.setMinimum(0.01)
        self.start = (_number("min", 240.0), _number("min", 240.0))
        for field, name in zip(
            (self.type, self.cores, self.card, *self.start),
            ("Machine", "Cores", "Speed of the card", "Starts in at least", "Starts in at most"),
            strict=True,
        ):
            field.setAccessibleName(f"{name}: {words}")
        numbers.set_up(self.cores)
        self.type.setText(machine.type)
        self.hour.setValue(machine.usd_an_hour)
        self.cores.setValue(machine.cores)
        self.card.setValue(machine.gpu_share)
        for start, seconds in zip(self.start, machine.start_s, strict=True):
            start.setValue(seconds / 60)

    def fields(self) -> tuple[QWidget | None, ...]:
        card = self.card if self.step == "3dgs" else None
        return (self.type, self.hour, self.cores, card, *self.start)

    def swapped(self) -> bool:
        low, high = (field.value() for field in self.start)
        return low > high

    def machine(self) -> Machine:
        before = self._before
        low, high = (field.value() * 60 for field in self.start)
        return replace(
            before,
            type=self.type.text().strip() or before.type,
            usd_an_hour=self.hour.value(),
            cores=self.cores.value(),
            start_s=(low, high),
            gpu_share=self.card.value() if self.step == "3dgs" else before.gpu_share,
        )


class PricesDialog(QDialog):
    """Changes the table of prices; ours can be had back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("AWS prices")
        self.setObjectName("prices")
        self.rows: dict[Step, list[_Row]] = {}
        """The machines of each step, the usual one first."""
        self.storage = _money("US dollars a GB and month kept")
        self.transfer = _money("US dollars a GB fetched")
        self.job = _money("US dollars for the rest of a job")
        self.spot = _number("%", 100.0)
        self.spot.setMinimum(1.0)
        self.spot.setAccessibleName("Spare capacity, part of the price")
        self.region = QLineEdit()
        self.region.setAccessibleName("Region")
        self.as_of = QLineEdit()
        self.as_of.setAccessibleName("As of")
        self.message = small_label("error")
        self.message.setObjectName("message")
        self.reset_button = QPushButton("Use ours")
        self.reset_button.setObjectName("reset")
        set_tip(self.reset_button, "Back to the prices that come with Spaceport")
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
            "Spaceport fetches no prices, and those it comes with were written down from memory: "
            "check them. The cost of a job is reckoned from them and from how long each machine "
            "should take; a bill may differ.",
        )
        self.noted = small_label("muted")
        self.noted.setObjectName("noted")
        page = Link(prices.PAGE)
        page.setObjectName("page")
        page.setAccessibleName("Where AWS tells its prices")
        page.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._table = QGridLayout()
        self._table.setHorizontalSpacing(theme.spacing)
        self._table.setVerticalSpacing(theme.spacing // 2)
        form = QGridLayout()
        form.setHorizontalSpacing(theme.spacing)
        form.setVerticalSpacing(theme.spacing // 2)
        fields = (
            ("Region", self.region),
            ("A GB kept for a month, US dollars", self.storage),
            ("As of", self.as_of),
            ("A GB fetched, US dollars", self.transfer),
            ("Spare capacity, part of the price", self.spot),
            ("The rest of a job, US dollars", self.job),
        )
        for number, (words, field) in enumerate(fields):
            form.addWidget(Label(words), number // 2, 2 * (number % 2))
            form.addWidget(field, number // 2, 2 * (number % 2) + 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.reset_button)
        buttons.addStretch(1)
        buttons.addWidget(self.save_button)
        buttons.addWidget(cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing + 4)
        layout.addWidget(about)
        layout.addWidget(self.noted)
        layout.addWidget(page)
        layout.addLayout(self._table)
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
        self.region.textChanged.connect(self._note)
        self.as_of.textChanged.connect(self._note)
        fit(self, 760, self.sizeHint().height())

    def table(self) -> Prices:
        """Return the table as it is entered."""
        before = self._before
        machines = {step: [row.machine() for row in rows] for step, rows in self.rows.items()}
        return replace(
            before,
            machines={step: found[0] for step, found in machines.items()},
            alternatives={step: tuple(found[1:]) for step, found in machines.items()},
            spot_share=self.spot.value() / 100,
            storage_usd_a_gb_month=self.storage.value(),
            transfer_out_usd_a_gb=self.transfer.value(),
            usd_a_job=self.job.value(),
            region=self.region.text().strip() or before.region,
            as_of=self.as_of.text().strip() or before.as_of,
        )

    def accept(self) -> None:
        """Save the table, or say what is wrong with it."""
        every = (row for rows in self.rows.values() for row in rows)
        wrong = next((row for row in every if row.swapped()), None)
        if wrong is not None:
            self._say(f"The times until {wrong.type.text()} starts are swapped.")
            wrong.start[0].setFocus()
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
        self._show_machines(table)
        self.spot.setValue(table.spot_share * 100)
        self.storage.setValue(table.storage_usd_a_gb_month)
        self.transfer.setValue(table.transfer_out_usd_a_gb)
        self.job.setValue(table.usd_a_job)
        self.region.setText(table.region)
        self.as_of.setText(table.as_of)
        self._note()
        self._say("")

    def _show_machines(self, table: Prices) -> None:
        while (item := self._table.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for column, words in enumerate(_HEADS, 1):
            head = Label(words)
            head.setProperty("role", "small")
            self._table.addWidget(head, 0, column)
        self.rows = {}
        line = 1
        for step in STEPS:
            words = STEP_WORDS[step]
            self._table.addWidget(Label(words[0].upper() + words[1:]), line, 0)
            self.rows[step] = []
            for place, machine in enumerate(table.offered(step)):
                row = _Row(step, machine, usual=place == 0)
                self.rows[step].append(row)
                for column, field in enumerate(row.fields(), 1):
                    if field is not None:
                        self._table.addWidget(field, line, column)
                line += 1

    def _note(self) -> None:
        where, when = self.region.text().strip(), self.as_of.text().strip()
        self.noted.setText(f"All prices: {where}, as of {when}. AWS tells its own here:")

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
