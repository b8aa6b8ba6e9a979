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


def test_each_finish_has_a_report_of_its_own() -> None:
    assert events.Finished().report is not events.Finished().report
