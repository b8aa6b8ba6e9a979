"""What setting the engine up would mean on this computer: which, how much, where to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spaceport_app import installed_engine, resources
from spaceport_app.engine_setup import gpu, places
from spaceport_app.engine_setup.gpu import DRIVERS, Cards, Version
from spaceport_app.engine_setup.recipes import Package, Recipe, this_system
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue
from spaceport_app.quantities import size

_UNPACKED = 2.0
"""Bytes on disk a byte of a wheel where nobody has measured; 1.6 of those that were."""
_SPARE = 500 << 20
"""Room for the tools' own files, and so that the disk is not full afterwards."""


@dataclass(frozen=True)
class Plan:
    """An engine for this computer, and what it takes.

    Parameters
    ----------
    recipe : Recipe
    cards : Cards or None
        The cards that it is for; None for an engine that needs none.
    home : Path
        Where engines lie.
    download_bytes : int
        What is still to fetch, as far as it is known before.
    fetched_bytes : int
        What an earlier try has left.
    needed_bytes : int
        Room on disk for all that is still to come.
    free_bytes : int
    """

    recipe: Recipe
    cards: Cards | None
    home: Path
    download_bytes: int
    fetched_bytes: int
    needed_bytes: int
    free_bytes: int

    @property
    def unverified(self) -> tuple[Package, ...]:
        """Packages of which nobody publishes a checksum."""
        return tuple(one for one in self.recipe.packages if one.sha256 is None)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Who gives the packages out."""
        return tuple(dict.fromkeys(one.host for one in self.recipe.packages))

    def as_json(self) -> dict[str, JsonValue]:
        """Return the plan for scripts."""
        return {
            "engine": self.recipe.name,
            "versions": dict(self.recipe.versions),
            "cards": [card.name for card in self.cards.cards] if self.cards else [],
            "driver": self.cards.driver_words if self.cards else None,
            "folder": str(self.home),
            "download_bytes": self.download_bytes,
            "fetched_bytes": self.fetched_bytes,
            "needed_bytes": self.needed_bytes,
            "free_bytes": self.free_bytes,
            "packages": [
                {
                    "name": one.name,
                    "version": one.version,
                    "url": one.url,
                    "bytes": one.bytes,
                    "sha256": one.sha256,
                }
                for one in self.recipe.packages
            ],
            "unverified": [one.name for one in self.unverified],
        }


def make(recipes: Sequence[Recipe], home: Path) -> Plan:
    """Return the best plan for this computer: the first recipe of the table that fits.

    Raises
    ------
    StageError
        ``no_gpu``, ``driver_broken``, ``driver_too_old``, ``card_too_old``,
        ``no_engine_here`` where no recipe is for this system, or ``disk_too_small``.
    """
    here = [one for one in recipes if one.system == this_system()]
    fitting = [one for one in here if one.python == installed_engine.python_tag()]
    free_of_cards = next((one for one in fitting if one.device == "cpu"), None)
    # Whoever has no card shall hear that first: nothing else would help.
    cards = gpu.find() if free_of_cards is None else None
    if not fitting:
        raise _nothing_here(here)
    recipe = free_of_cards if cards is None else choose(fitting, cards)
    assert recipe is not None
    return _of(recipe, cards, home)


def choose(recipes: Sequence[Recipe], cards: Cards) -> Recipe:
    """Return the first recipe that fits driver and card; at least one recipe is given.

    Raises
    ------
    StageError
        ``driver_too_old`` or ``card_too_old``.
    """
    driven = [one for one in recipes if cards.driver >= one.least_driver]
    if not driven:
        least = min(one.least_driver for one in recipes)
        raise StageError(
            "driver_too_old",
            f"The NVIDIA driver {cards.driver_words} is too old: the GPU engine needs "
            f"{_words(least)} or newer.",
            f"Install the newest driver for your card from {DRIVERS}, restart, and try again.",
        )
    card = cards.cards[0]
    # A driver that does not tell the capability is no reason to refuse: the self-test decides.
    able = [one for one in driven if not card.capability or _able(card.capability, one)]
    if able:
        return able[0]
    better = [one for one in recipes if _able(card.capability, one)]
    if better:
        raise StageError(
            "driver_too_old",
            f"For the {card.name} the GPU engine needs driver "
            f"{_words(min(one.least_driver for one in better))} or newer, and this is "
            f"{cards.driver_words}.",
            f"Install the newest driver for your card from {DRIVERS}, restart, and try again.",
        )
    raise StageError(
        "card_too_old",
        f"The {card.name} is too old for the GPU engine (compute capability "
        f"{_words(card.capability)}, and it needs {_words(recipes[0].least_capability)}).",
        "Spaceport trains on the processor instead.",
    )


def _able(capability: Version, recipe: Recipe) -> bool:
    return capability >= recipe.least_capability


def _nothing_here(here: Sequence[Recipe]) -> StageError:
    if here:
        made = ", ".join(sorted({one.python for one in here}))
        why = f"it is made for Python {made}, and this is {installed_engine.python_tag()}"
    else:
        why = f"it is not made for {this_system()}"
    return StageError(
        "no_engine_here",
        f"There is no ready GPU engine for this Spaceport: {why}.",
        "Use Spaceport's own installer, or install torch and gsplat by hand; "
        "until then Spaceport trains on the processor.",
    )


def _of(recipe: Recipe, cards: Cards | None, home: Path) -> Plan:
    there = places.fetched(home, recipe.packages)
    total = sum(one.bytes or 0 for one in recipe.packages)
    unpacked = recipe.installed_bytes or round(_UNPACKED * total)
    download = max(0, total - there)
    free = resources.free_disk_bytes(home)
    needed = download + unpacked + _SPARE
    if needed > free:
        raise StageError(
            "disk_too_small",
            f"The GPU engine needs {size(needed)} of disk, and {size(free)} are free at {home}.",
            "Free some space, or set the environment variable "
            f"{installed_engine.FOLDER_VARIABLE} to a folder on another disk.",
        )
    return Plan(recipe, cards, home, download, there, needed, free)


def _words(numbers: Version) -> str:
    return ".".join(str(number) for number in numbers)
