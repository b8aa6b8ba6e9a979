"""What a choice in the stage panel makes of a project's settings."""

from __future__ import annotations

from dataclasses import replace

from spaceport_app.pipeline import presets
from spaceport_app.pipeline.settings import with_options
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings

_MINUTES = "finish_in_min"


def with_preset(stages: Registry, settings: Settings, name: str) -> Settings:
    """Return the settings with another preset.

    What a person set stays, unless the new preset has that value anyway.
    """
    options = {stage: dict(values) for stage, values in settings.options.items()}
    # The time belongs to the preset that asks for one.
    options.get("train", {}).pop(_MINUTES, None)
    chosen = replace(settings, preset=name, options=options)
    try:
        return with_options(stages, chosen, {})
    except ProjectError:
        return replace(chosen, options={})


def with_minutes(stages: Registry, settings: Settings, minutes: float) -> Settings:
    """Return the settings with another time for the whole run."""
    return with_options(stages, settings, {"train": {_MINUTES: minutes}})


def minutes(settings: Settings) -> float:
    """Return the time that the settings give a whole run; 0 if none."""
    if settings.preset not in presets.NAMES:
        return 0.0
    usual = presets.values(settings.preset, settings.device, "train").get(_MINUTES, 0.0)
    found = settings.options.get("train", {}).get(_MINUTES, usual)
    return float(found) if isinstance(found, int | float) else 0.0


def number_changed(settings: Settings) -> int:
    """Return how many options differ from the preset, beside the time."""
    changed = sum(len(values) for values in settings.options.values())
    return changed - (_MINUTES in settings.options.get("train", {}))


def with_cpu(stages: Registry, settings: Settings) -> Settings:
    """Return the settings with the values that suit this computer's processor."""
    chosen = replace(settings, device="cpu", options={})
    options = {name: dict(values) for name, values in settings.options.items()}
    options.get("train", {}).pop("engine", None)
    return with_options(stages, chosen, options)
