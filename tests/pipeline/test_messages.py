from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from mutated import mutations

from spaceport_app.events import (
    Event,
    Failed,
    Finished,
    Metric,
    Notice,
    Preview,
    Progress,
    Snapshot,
    Stopped,
)
from spaceport_app.pipeline import messages

EVENTS: list[Event] = [
    Progress("Finding features in 18 photos", 3, 18, 0.1),
    Metric({"iteration": 500.0, "psnr_db": 24.5}),
    Preview(Path("/tmp/ä b.jpg")),
    Snapshot(Path("/tmp/ö/splats.ply"), 900.0, 1800.0),
    Stopped("step 900 of 1,800"),
    Notice("left_out", "It is blurred.", "Ö.jpg"),
    Finished({"points": 3, "left_out": {"a": None}, "list": [1, 2.5, True]}),
    Failed("no_overlap", "They don't overlap.", "Fly again."),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_from_its_line(event: Event) -> None:
    line = messages.encode(event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert messages.decode(line) == event


def test_numbers_that_json_lacks_become_null() -> None:
    line = messages.encode(Metric({"psnr_db": math.inf, "loss": math.nan}))
    assert json.loads(line)["values"] == {"psnr_db": None, "loss": None}
    again = messages.decode(line)
    assert isinstance(again, Metric)
    assert math.isnan(again.values["loss"])


def test_numpy_values_become_plain() -> None:
    value = {"a": np.float32(0.5), "b": np.arange(3), "c": np.int64(2), "d": (Path("x"),)}
    assert json.loads(messages.dumps(value)) == {"a": 0.5, "b": [0, 1, 2], "c": 2, "d": ["x"]}


def test_a_line_feed_inside_a_text_stays_inside() -> None:
    notice = Notice("a", "one\ntwo\u2028three")
    assert messages.decode(messages.encode(notice)) == notice


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", "3", '{"event": "progress"}', '{"event": "dance"}', '{"event":"progress","st'],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="event"):
        messages.decode(line)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_with_anything_wrong_in_it_is_read_or_refused(event: Event) -> None:
    for words, text in mutations(messages.as_json(event)):
        try:
            again = messages.decode(text)
        except ValueError as error:
            assert "event" in str(error), words
        else:
            assert isinstance(again, type(event)), words
            assert not isinstance(again, Progress) or 0.0 <= again.fraction <= 1.0, words
