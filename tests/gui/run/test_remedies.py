from __future__ import annotations

import pytest

from spaceport_app.events import Failed
from spaceport_app.gui.run import remedies
from spaceport_app.project.model import Settings


def failed(code: str) -> Failed:
    return Failed(code, "It failed.", "Run: spaceport stage import p.spaceport -o /x")


@pytest.mark.parametrize(
    "code", ["photo_missing", "photo_changed", "disk_too_small", "no_permission", "project_locked"]
)
def test_remedies_that_name_commands_are_put_in_other_words(code: str) -> None:
    sentence = remedies.find(failed(code), Settings()).sentence
    assert sentence and "spaceport stage" not in sentence and " -o" not in sentence


def test_little_memory_offers_a_lower_preset_as_long_as_there_is_one() -> None:
    high = remedies.find(failed("out_of_memory"), Settings("high"))
    assert (high.deed, high.button) == ("lower", "Use the standard preset")
    lowest = remedies.find(failed("out_of_memory"), Settings("preview"))
    assert (lowest.deed, lowest.button) == ("again", "Try again")


def test_an_unknown_failure_keeps_its_own_remedy() -> None:
    remedy = remedies.find(Failed("new_code", "It failed.", "Do this."), Settings())
    assert remedy == remedies.Remedy("Do this.", "again", "Try again")
