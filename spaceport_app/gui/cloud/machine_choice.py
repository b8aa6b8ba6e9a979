"""Which machines of AWS do a job, and whether training takes spare capacity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from PySide6.QtCore import QObject, QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from spaceport_app.cloud.client import prices
from spaceport_app.cloud.client.prices import Machine, Prices
from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.cloud.layout import STEPS, Step
from spaceport_app.errors import StageError
from spaceport_app.gui.cloud.words import STEP_WORDS
from spaceport_app.gui.plain import set_choice_tip, set_tip


class MachineChoice(QObject):
    """A list of the machines of each step with their prices, and the choice of spare capacity.

    Parameters
    ----------
    wish : Wish
        What is chosen first.
    """

    changed = Signal()

    def __init__(self, wish: Wish) -> None:
        super().__init__()
        self._spot = wish.spot
        try:
            table = prices.read()
        except StageError:
            # The damage is told where the cost is worked out.
            table = prices.ours()
        self._table = table
        self.usual: Mapping[Step, str] = {}
        """The machines that the service takes unless others are chosen, as far as one knows."""
        self.lists = {step: self._list(step) for step in STEPS}
        self.spot = QCheckBox("Train on spare capacity")
        self.spot.setObjectName("spot")
        self.spot.setChecked(bool(wish.spot))
        self.spot.toggled.connect(self._switched)
        self.set_usual({})
        for step, field in self.lists.items():
            field.setCurrentIndex(max(0, field.findData(wish.instances.get(step, ""))))
        self.lists["3dgs"].currentIndexChanged.connect(lambda _: self._price())

    def rows(self) -> Iterator[tuple[str, QWidget]]:
        """Yield the fields with the words before them."""
        for step, field in self.lists.items():
            yield f"Machine for {STEP_WORDS[step]}", field
            if step == "3dgs":
                yield "", self.spot

    def by_step(self) -> Iterator[tuple[Step, QWidget]]:
        """Yield the fields with the step that each is for."""
        yield from self.lists.items()
        yield "3dgs", self.spot

    def instances(self) -> dict[Step, str]:
        """Return the types that are not left to the service."""
        chosen = ((step, field.currentData()) for step, field in self.lists.items())
        return {step: type for step, type in chosen if type}

    def spare(self) -> bool | None:
        """Return what was chosen for spare capacity; None for what the service does usually."""
        return self._spot

    def set_usual(self, usual: Mapping[Step, str]) -> None:
        """List as the usual machine of each step the one that the service takes."""
        self.usual = usual
        self._table = table = self._table.with_usual(usual)
        for step, field in self.lists.items():
            first, *others = ((_words(machine), machine.type) for machine in table.offered(step))
            taken = usual.get(step, first[1])
            if taken == first[1]:
                items = [(f"{first[0]}, usual", ""), *others]
            else:
                items = [(f"{taken}, usual, its price is not in the table", ""), first, *others]
            chosen = field.currentData()
            with QSignalBlocker(field):
                field.clear()
                for place, (words, type) in enumerate(items):
                    field.addItem(words, type)
                    set_choice_tip(field, place, _source(table))
                field.setCurrentIndex(max(0, field.findData(chosen)))
        self._price()

    def _list(self, step: Step) -> QComboBox:
        field = QComboBox()
        field.setObjectName(f"machine-{step}")
        field.setAccessibleName(f"Machine for {STEP_WORDS[step]}")
        set_tip(
            field,
            "The first is the usual one of the service, which refuses what it does not allow. "
            f"{_source(self._table)}",
        )
        field.currentIndexChanged.connect(lambda _: self.changed.emit())
        return field

    def _price(self) -> None:
        table = self._table
        type = self.lists["3dgs"].currentData() or self.usual.get("3dgs", "")
        hours = [m.usd_an_hour for m in table.offered("3dgs") if type in ("", m.type)]
        cost = "Cheaper."
        if hours:
            low = hours[0] * table.spot_share
            cost = f"About {low:.2f} instead of {hours[0]:.2f} US dollars an hour."
        set_tip(
            self.spot,
            f"{cost} AWS may interrupt it at any time; the training then waits until there is room "
            "again and goes on from its last saved state, so it may end hours later. "
            f"{_source(table)}",
        )

    def _switched(self, on: bool) -> None:
        self._spot = on
        self.changed.emit()


def _words(machine: Machine) -> str:
    return f"{machine.type}, {machine.cores} cores, {machine.usd_an_hour:.2f} USD an hour"


def _source(table: Prices) -> str:
    return f"Prices noted for {table.source()}; check them at {prices.PAGE}"
