"""``spaceport open``, up to the window itself."""

from __future__ import annotations

import sys

import pytest

from .doors import Spaceport


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others have a display")
@pytest.mark.parametrize("words", [[], ["open"], ["open", "--sample"]])
def test_without_a_display_there_is_a_sentence(real_spaceport: Spaceport, words: list[str]) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        real_spaceport.environment.pop(name, None)
    ended = real_spaceport(*words)
    assert ended.code == 1
    assert ended.err.startswith("There is no display here")
    assert "spaceport --help" in ended.err


def test_a_path_that_is_not_there_is_wrong_use(real_spaceport: Spaceport) -> None:
    ended = real_spaceport("open", "nowhere.spaceport")
    assert ended.code == 2
    assert "There is no nowhere.spaceport." in ended.err


def test_the_sample_opens_alone(real_spaceport: Spaceport) -> None:
    ended = real_spaceport("open", "--sample", ".")
    assert ended.code == 2
    assert "opens alone" in ended.err
