"""How things stand with the GPU engine on this computer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spaceport_app import installed_engine
from spaceport_app.engine_setup import gpu, places
from spaceport_app.engine_setup.gpu import Cards
from spaceport_app.engine_setup.installing import bytes_of
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue
from spaceport_app.installed_engine import InstalledEngine


@dataclass(frozen=True)
class Status:
    """What is there.

    Parameters
    ----------
    home : Path
        Where engines lie.
    active, previous : InstalledEngine or None
        The one in use, None for the program's own, and the one to go back to.
    left_bytes : int
        What a setup that was stopped has left.
    cards : Cards or None
    trouble : StageError or None
        Why there are no cards.
    """

    home: Path
    active: InstalledEngine | None
    previous: InstalledEngine | None
    left_bytes: int
    cards: Cards | None
    trouble: StageError | None

    def as_json(self) -> dict[str, JsonValue]:
        """Return it for scripts."""
        cards = self.cards.cards if self.cards else ()
        return {
            "folder": str(self.home),
            "active": _engine(self.active),
            "previous": _engine(self.previous),
            "left_bytes": self.left_bytes,
            "cards": [{"name": one.name, "memory_bytes": one.memory_bytes} for one in cards],
            "driver": self.cards.driver_words if self.cards else None,
            "trouble": self.trouble.message if self.trouble else None,
        }


def look(home: Path) -> Status:
    """Return how things stand; asks the driver, which may take some seconds."""
    record: Mapping[str, str] = installed_engine.record(home)
    active, previous = (
        installed_engine.look(home / record[key]) if key in record else None
        for key in ("active", "previous")
    )
    cards, trouble = None, None
    try:
        cards = gpu.find()
    except StageError as error:
        trouble = error
    downloads = places.downloads(home)
    left = bytes_of(downloads) if downloads.exists() else 0
    return Status(home, active, previous, left, cards, trouble)


def _engine(engine: InstalledEngine | None) -> JsonValue:
    if engine is None:
        return None
    return {
        "name": engine.name,
        "folder": str(engine.folder),
        "versions": dict(engine.versions),
        "installed_bytes": engine.installed_bytes,
        "trouble": engine.trouble,
    }
