"""Options describe themselves once, and refuse what is out of range."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from spaceport_app.options import describe, option, validate


@dataclass(frozen=True)
class Example:
    size: int = option(1600, "Largest photo side", "Larger photos shrink.", unit="px", minimum=64)
    rate: float = option(0.5, "Learning rate", "How far a step goes.", minimum=0, maximum=1)
    order: str = option("hilbert", "Order", "How rows follow.", choices=("hilbert", "morton"))
    antialiased: bool = option(True, "Antialiased", "Keeps far things calm.", minimum=5)


def test_descriptions_follow_the_fields() -> None:
    about = describe(Example)
    assert list(about) == ["size", "rate", "order", "antialiased"]
    assert (about["size"].label, about["size"].unit, about["size"].minimum) == (
        "Largest photo side",
        "px",
        64,
    )
    assert about["order"].choices == ("hilbert", "morton")


def test_defaults_and_limits_themselves_are_fine() -> None:
    validate(Example())
    validate(replace(Example(), rate=0.0))
    validate(replace(Example(), rate=1.0, size=64))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": 63}, "Largest photo side must be at least 64."),
        ({"rate": 1.01}, "Learning rate must be at most 1."),
        ({"rate": float("nan")}, "Learning rate must be at least 0."),
        ({"order": "random"}, "Order must be one of hilbert, morton."),
    ],
)
def test_out_of_range_is_one_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        validate(replace(Example(), **change))  # type: ignore[arg-type]
    assert str(caught.value) == sentence
