"""What comes from somebody else is plain values, or it is refused."""

from __future__ import annotations

import pytest

from spaceport_app.cloud import wire


@pytest.mark.parametrize(
    "text",
    [
        "1e999",
        "-1e999",
        '{"a": [1e400]}',
        "1" + "0" * 309,
        "-1" + "0" * 400,
        "1" * 5_000,
        "NaN",
        "Infinity",
        "[" * 100_000,
        "[" * 66 + "]" * 66,
        '{"a":' * 900 + "1" + "}" * 900,
        "",
        "{",
        "\x00",
        b"\xff\xfe{",
        b'"\xed\xa0\x80"',
    ],
)
def test_what_later_work_cannot_hold_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        wire.read(text)


def test_what_people_send_is_read() -> None:
    assert wire.read('{"a": [1, 2.5, -3e10, true, null, "ü"]}') == {
        "a": [1, 2.5, -3e10, True, None, "ü"]
    }
    assert wire.read("[" * 60 + "]" * 60)
    assert wire.read("9" * 308) == int("9" * 308)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, -1, 2**53 + 1, 10**400, [], {}])
def test_a_whole_number_is_one(value: object) -> None:
    with pytest.raises(ValueError):
        wire.whole(value)


def test_half_characters_are_found_in_names_too() -> None:
    wire.check_unicode({"ü": ["a", {"b": "\U0001f600"}]})
    for value in ("\ud800", {"\udfff": 1}, [[{"a": "x\ud83d"}]]):
        with pytest.raises(ValueError):
            wire.check_unicode(value)
