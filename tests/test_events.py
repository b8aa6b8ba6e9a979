"""Events are plain values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from spaceport_app import events


def test_events_compare_by_value_and_cannot_change() -> None:
    one = events.Progress("Finding features in 18 photos", 3, 18, 0.1)
    assert one == events.Progress("Finding features in 18 photos", 3, 18, 0.1)
    with pytest.raises(FrozenInstanceError):
        one.done = 4  # type: ignore[misc]


def test_a_part_of_a_stage_fills_its_part_of_the_bar() -> None:
    told: list[events.Event] = []
    report = events.part(told.append, 0.5, 0.75)
    notice = events.Notice("dark", "It is dark.")
    for event in (events.Progress("Work", 1, 4, 0.25), notice, events.Progress("Work", 4, 4, 1.0)):
        report(event)
    assert told == [
        events.Progress("Work", 1, 4, 0.5625),
        notice,
        events.Progress("Work", 4, 4, 0.75),
    ]


def test_each_finish_has_a_report_of_its_own() -> None:
    assert events.Finished().report is not events.Finished().report
