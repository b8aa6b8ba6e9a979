"""Answers that are not as they should be are not understood, and nothing worse."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from spaceport_app.cloud import wire
from spaceport_app.cloud.client import answers, api

LOOK: dict[str, Any] = {
    "job": "0" * 26,
    "name": "Meadow",
    "state": "running",
    "settings": {"preset": "preview"},
    "step": "sfm",
    "steps": {"sfm": {"state": "running", "instance": "ml", "started": "", "ended": None}},
    "events": [
        {
            "number": 1,
            "stage": "sfm",
            "event": {"event": "progress", "step": "a", "done": 1, "total": 2, "fraction": 0.5},
        },
        {"number": 2, "stage": "sfm", "event": {"event": "metric", "values": {"loss": 0.1}}},
    ],
    "reason": {"code": "a", "message": "b", "remedy": "c"},
    "costUsd": {"spent": 0.5},
    "created": "2026-11-23T10:00:00Z",
    "expires": "2026-12-23T10:00:00Z",
}
PART = {"file": 0, "part": 1, "bytes": 4, "sha256": "x"}
FILE = {"path": "sfm/a", "bytes": 4, "sha256": "0", "url": "https://x", "step": "sfm"}
READERS: list[tuple[Callable[[Any], Any], dict[str, Any]]] = [
    (answers.look, LOOK),
    (answers.signed, {**PART, "url": "u", "headers": {"a": "b"}, "expires": LOOK["expires"]}),
    (answers.arrived, PART),
    (answers.artifacts, {"files": [FILE], "stages": {"sfm": {"published": {}}}}),
    (answers.listed, LOOK),
    (api._created, {"job": "0" * 26, "partBytes": 8}),
    (api._taken, {"taken": [1], "next": 2}),
    (api._incomplete, {"missing": [1, 2]}),
]
ODD: list[Any] = [
    None,
    True,
    -1,
    2**60,
    10**300,
    0.5,
    1e300,
    "",
    "x",
    "\ud800",
    [],
    {},
    [[]],
    {"a": 1},
]
NOT_UNDERSTOOD = (ValueError, KeyError, TypeError, AttributeError)


@pytest.mark.parametrize("reader", range(len(READERS)))
def test_odd_answers_are_not_understood(reader: int) -> None:
    read, good = READERS[reader]
    read(good)
    chance = random.Random(reader)
    for _ in range(150):
        made: Any = copy.deepcopy(good)
        holder, key = chance.choice(_places(made))
        holder[key] = chance.choice(ODD)
        try:
            read(wire.read(json.dumps(made)))
        except NOT_UNDERSTOOD:
            continue


def test_numbers_beyond_any_float_are_not_understood() -> None:
    for word in ("1e999", "1" + "0" * 400):
        text = json.dumps(LOOK).replace('"spent": 0.5', f'"spent": {word}')
        with pytest.raises(ValueError):
            answers.look(wire.read(text))
    # Whoever reads without that door gets an event of a kind that is not known.
    event = {"event": "progress", "step": "a", "done": 10**400, "total": 1, "fraction": 0}
    found = answers.look({**LOOK, "events": [{"number": 1, "stage": "a", "event": event}]})
    assert found.events[0].event is None
    for value in (10**400, float("inf"), True, "4", 4.0, -1):
        with pytest.raises(ValueError):
            answers.arrived({**PART, "bytes": value})


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23T10:00:00", "0001-01-01T00:00:00"])
def test_a_moment_has_a_zone(text: str) -> None:
    with pytest.raises(ValueError):
        answers.moment(text)


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for key in list(value.keys() if isinstance(value, dict) else range(len(value))):
        found.append((value, key))
        if isinstance(value[key], dict | list):
            found += _places(value[key])
    return found
