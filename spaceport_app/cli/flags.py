"""Command line flags made from the options dataclasses of the stages."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Annotated, Any, Optional

import typer

from spaceport_app.cli.output import usage
from spaceport_app.events import JsonValue
from spaceport_app.options import Describe, describe
from spaceport_app.pipeline.stage import Registry

# On and off instead of a second flag for "no": twice the names would not fit into --help.
_SWITCH = {"on": True, "off": False}


def with_stage_flags(command: Callable[..., Any], stages: Registry) -> Callable[..., Any]:
    """Return a command, whose last parameter is ``**flags``, with one flag an option of each stage.

    The flag of field ``max_gaussians`` of the train stage is ``--train-max-gaussians``; one
    that is not given reaches the command as None. Switches take ``on`` or ``off``.
    """
    signature = inspect.signature(command, eval_str=True)
    parameters = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    for stage in stages:
        options = stage.options_class()
        about = describe(options)
        usual = options()
        for field in fields(options):
            parameters.append(
                inspect.Parameter(
                    _parameter(stage.name, field.name),
                    inspect.Parameter.KEYWORD_ONLY,
                    default=None,
                    annotation=_annotation(
                        stage.name,
                        stage.label,
                        field.name,
                        getattr(usual, field.name),
                        about[field.name],
                    ),
                )
            )

    # A function of its own each time: the command itself stays as it was written.
    @wraps(command)
    def flagged(*arguments: Any, **flags: Any) -> Any:
        return command(*arguments, **flags)

    flagged.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    flagged.__annotations__ = {p.name: p.annotation for p in parameters}
    return flagged


def chosen(flags: Mapping[str, Any], stages: Registry) -> dict[str, dict[str, JsonValue]]:
    """Return the options that were given, by stage and field.

    Raises
    ------
    ProjectError
        ``bad_option`` for a switch that is neither on nor off.
    """
    found: dict[str, dict[str, JsonValue]] = {}
    for stage in stages:
        for field in fields(stage.options_class()):
            value = flags.get(_parameter(stage.name, field.name))
            if value is not None and isinstance(field.default, bool):
                if value not in _SWITCH:
                    flag = f"--{stage.name}-{field.name}".replace("_", "-")
                    raise usage(f"{flag} is either on or off, not {value}.")
                value = _SWITCH[value]
            if value is not None:
                found.setdefault(stage.name, {})[field.name] = value
    return found


def _parameter(stage: str, field: str) -> str:
    return f"{stage}_{field}"


def _annotation(stage: str, label: str, field: str, value: object, about: Describe) -> Any:
    flag = f"--{stage}-{field}".replace("_", "-")
    kind: Any = type(value)
    choices = about.choices
    if isinstance(value, bool):
        kind, choices = str, tuple(_SWITCH)
    elif isinstance(value, tuple):
        kind = list[str]
    return Annotated[
        Optional[kind],  # noqa: UP045 - built at run time
        typer.Option(
            flag,
            help=f"{about.label}. {about.help}{_limits(about)}",
            rich_help_panel=f"{label} ({stage})",
            show_default=False,
            metavar="|".join(choices) if choices and kind is str else None,
        ),
    ]


def _limits(about: Describe) -> str:
    low, high = about.minimum, about.maximum
    unit = f" {about.unit}" if about.unit else ""
    if low is not None and high is not None:
        return f" ({low:g} to {high:g}{unit})"
    if low is not None:
        return f" (at least {low:g}{unit})"
    if high is not None:
        return f" (at most {high:g}{unit})"
    return f" ({about.unit})" if unit else ""
