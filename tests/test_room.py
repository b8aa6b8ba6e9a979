from __future__ import annotations

import pytest

from spaceport_app import resources, room
from spaceport_app.errors import StageError


def test_what_fits_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 2_000_000_000)
    room.require(2_000_000_000, "The scene")


def test_what_does_not_fit_is_told_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 2_000_000_000)
    with pytest.raises(StageError) as caught:
        room.require(20_280_000_000, "The scene")
    assert caught.value.code == "not_enough_memory"
    assert caught.value.message == "The scene takes 20.3 GB of memory, and 2.0 GB are free."
    assert caught.value.remedy.endswith(".")


def test_little_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 0)
    room.require(1_000_000, "The scene")
