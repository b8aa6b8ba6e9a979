"""From preset and saved differences to the options of a stage, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from spaceport_app.events import JsonValue
from spaceport_app.options import describe, validate
from spaceport_app.pipeline.presets import values
from spaceport_app.pipeline.stage import Registry, Stage
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings


def resolve(stage: Stage, settings: Settings) -> Any:
    """Return the options of a stage: defaults, then the preset, then what a person changed.

    Raises
    ------
    ProjectError
        ``bad_settings`` for a preset, name or value that is not known.
    """
    changed = settings.options.get(stage.name, {})
    usual = base(stage, settings)
    try:
        return apply(stage, usual, changed)
    except ProjectError as error:
        raise _bad_settings(error) from error


def resolve_all(stages: Registry, settings: Settings) -> dict[str, Any]:
    """Return the options of every stage by its name."""
    return {stage.name: resolve(stage, settings) for stage in stages}


def base(stage: Stage, settings: Settings) -> Any:
    """Return the options of a stage as the preset has them.

    Raises
    ------
    ProjectError
        ``bad_settings`` for a preset that is not known.
    """
    try:
        preset = values(settings.preset, settings.device, stage.name)
    except ProjectError as error:
        raise _bad_settings(error) from error
    return apply(stage, stage.options_class()(), preset)


def apply(stage: Stage, options: Any, changed: Mapping[str, JsonValue]) -> Any:
    """Return `options` with `changed` applied and checked.

    Raises
    ------
    ProjectError
        ``bad_option``.
    """
    known = describe(type(options))
    for name, value in changed.items():
        if name not in known:
            raise ProjectError(
                "bad_option",
                f"The {stage.name} stage has no option called {name}.",
                f"It has these: {', '.join(known)}.",
            )
        current = getattr(options, name)
        if not _fits(value, current):
            raise _bad_value(f"{known[name].label} cannot be {value!r}.")
        # Tuples and floats come back from JSON as lists and whole numbers.
        exact: Any = value
        if isinstance(current, tuple | float):
            exact = type(current)(exact)
        options = replace(options, **{name: exact})
    try:
        validate(options)
    except ValueError as error:
        raise _bad_value(str(error)) from error
    return options


def as_json(options: Any) -> dict[str, JsonValue]:
    """Return all fields of an options instance as JSON values."""
    values_by_name: dict[str, JsonValue] = {}
    for field in fields(options):
        value = getattr(options, field.name)
        values_by_name[field.name] = list(value) if isinstance(value, tuple) else value
    return values_by_name


def differing(options: Any, usual: Any) -> dict[str, JsonValue]:
    """Return the fields in which `options` differs from `usual`: all that is saved."""
    mine, theirs = as_json(options), as_json(usual)
    return {name: value for name, value in mine.items() if value != theirs[name]}


def with_options(
    stages: Registry, settings: Settings, changed: Mapping[str, Mapping[str, JsonValue]]
) -> Settings:
    """Return settings with changed options, of which only true differences are kept.

    Raises
    ------
    ProjectError
        ``bad_option``, or ``bad_settings`` for what was there before.
    """
    kept: dict[str, dict[str, JsonValue]] = {}
    for stage in stages:
        both = {**settings.options.get(stage.name, {}), **changed.get(stage.name, {})}
        usual = base(stage, settings)
        try:
            options = apply(stage, usual, both)
        except ProjectError:
            # Told as it is only where what was there before can be used.
            resolve(stage, settings)
            raise
        difference = differing(options, usual)
        if difference:
            kept[stage.name] = difference
    return replace(settings, options=kept)


def _fits(value: JsonValue, current: object) -> bool:
    if isinstance(current, bool):
        return isinstance(value, bool)
    if isinstance(current, int):
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(current, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(current, tuple):
        return isinstance(value, list | tuple)
    return isinstance(value, str)


def _bad_settings(error: ProjectError) -> ProjectError:
    return ProjectError(
        "bad_settings",
        f"The settings of the project cannot be used: {error.message}",
        "Choose a preset again, with --preset on the command line, which replaces them.",
    )


def _bad_value(message: str) -> ProjectError:
    return ProjectError("bad_option", message, "Give another value, or leave the option away.")
