"""What a choice in the stage panel makes of a project's settings."""

from __future__ import annotations

from dataclasses import replace

from spaceport_app.pipeline.settings import with_options
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings


def with_preset(stages: Registry, settings: Settings, name: str) -> Settings:
    """Return the settings with another preset.

    What a person set stays, unless the new preset has that value anyway.
    """
    chosen = replace(settings, preset=name)
    try:
        return with_options(stages, chosen, {})
    except ProjectError:
        return replace(chosen, options={})


def with_cpu(stages: Registry, settings: Settings) -> Settings:
    """Return the settings with the values that suit this computer's processor."""
    chosen = replace(settings, device="cpu", options={})
    options = {name: dict(values) for name, values in settings.options.items()}
    options.get("train", {}).pop("engine", None)
    return with_options(stages, chosen, options)
