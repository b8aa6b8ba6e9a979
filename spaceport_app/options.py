"""Fields of the options dataclasses, described once for flags, forms and saved settings."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Describe:
    """What a person is told about an option.

    Parameters
    ----------
    label : str
        Short name in sentence case: ``"Largest number of Gaussians"``.
    help : str
        One sentence for the tooltip and ``--help``.
    unit : str
        Unit of the number, or empty.
    minimum, maximum : float or None
        Inclusive limits of a number.
    choices : tuple of str
        Allowed words, for text options.
    several : bool
        Whether the text is one or more of these words, joined by commas.
    """

    label: str
    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    several: bool = False


def option(default: Any, label: str, help: str, **limits: Any) -> Any:
    """Return a dataclass field with a default and its description."""
    return field(default=default, metadata={"describe": Describe(label, help, **limits)})


def describe(options: type) -> dict[str, Describe]:
    """Return the descriptions of an options dataclass by field name."""
    return {f.name: f.metadata["describe"] for f in fields(options)}


def validate(options: Any) -> None:
    """Check every field of an options instance against its description.

    Raises
    ------
    ValueError
        With one sentence naming the option and its allowed range.
    """
    for f in fields(options):
        about: Describe = f.metadata["describe"]
        value = getattr(options, f.name)
        if about.several:
            words = [word.strip() for word in value.split(",") if word.strip()]
            if not words or not set(words) <= set(about.choices):
                raise ValueError(f"{about.label} must be among {', '.join(about.choices)}.")
            continue
        if about.choices and value not in about.choices:
            raise ValueError(f"{about.label} must be one of {', '.join(about.choices)}.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if about.minimum is not None and not value >= about.minimum:
            raise ValueError(f"{about.label} must be at least {about.minimum:g}.")
        if about.maximum is not None and not value <= about.maximum:
            raise ValueError(f"{about.label} must be at most {about.maximum:g}.")
