"""The presets: one table of the options in which each differs from the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spaceport_app.events import JsonValue
from spaceport_app.project.errors import ProjectError

Options = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Preset:
    """One preset: a name, what it is for, and its options by device and stage."""

    name: str
    purpose: str
    options: Mapping[str, Mapping[str, Options]]


PRESETS: tuple[Preset, ...] = (
    Preset(
        "preview",
        "A first look in minutes: is the flight complete, is it sharp?",
        {"cpu": {}, "cuda": {}},
    ),
    Preset("standard", "The usual result to share on the web.", {"cpu": {}, "cuda": {}}),
    Preset(
        "high", "The finest result, for patience and a strong computer.", {"cpu": {}, "cuda": {}}
    ),
)
NAMES = tuple(preset.name for preset in PRESETS)
DEVICES = ("cpu", "cuda")


def find(name: str) -> Preset:
    """Return the preset called `name`.

    Raises
    ------
    ProjectError
        ``unknown_preset``.
    """
    for preset in PRESETS:
        if preset.name == name:
            return preset
    raise ProjectError(
        "unknown_preset", f"There is no preset called {name}.", f"Name one: {', '.join(NAMES)}."
    )


def values(name: str, device: str, stage: str) -> Options:
    """Return what a preset sets for one stage on one device."""
    return find(name).options.get(device, {}).get(stage, {})
