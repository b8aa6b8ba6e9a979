"""All kinds of cases: a function each that disturbs a run, by name and share of a campaign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..scene import Scene
from . import clock, damage, disk, kill, limits, network, own, trip, two, window

Case: TypeAlias = Callable[[Scene], None]


@dataclass(frozen=True)
class Kind:
    """One kind of fault: what does it, and how many of a hundred cases are of it."""

    case: Case
    share: float


KINDS: Mapping[str, Kind] = {
    "kill": Kind(kill.at_any_moment, 8),
    "signal": Kind(kill.asked_to_end, 4),
    "kill at a file": Kind(trip.killed, 12),
    "file error": Kind(trip.refused, 12),
    "damage": Kind(damage.of_results, 15),
    "damage of the project": Kind(damage.of_project_files, 6),
    "damage on the way": Kind(damage.of_scratch, 5),
    "small disk": Kind(disk.small, 3),
    "full disk": Kind(disk.fills, 5),
    "read-only": Kind(disk.read_only, 3),
    "forbidden": Kind(disk.forbidden, 5),
    "little memory": Kind(limits.memory, 3),
    "few files": Kind(limits.files, 2),
    "clock": Kind(clock.moved, 3),
    "dates": Kind(clock.dated, 3),
    "two at once": Kind(two.at_once, 4),
    "made twice": Kind(two.created_at_once, 2),
    "network": Kind(network.of_a_job, 5),
    "files inside": Kind(own.inside, 6),
    "files around": Kind(own.around, 4),
    "killed window": Kind(window.killed, 3),
    "window on damage": Kind(window.shows_damage, 4),
}
