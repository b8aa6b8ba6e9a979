"""The words of a mail: a project may be called anything, and the mail stays ours."""

from __future__ import annotations

import unicodedata

import pytest

from spaceport_app.cloud.backend.mail import letter

ODD = [
    "a\r\nBcc: x@example.org",
    "a\u2028b\u2029c",
    "\u202egro.elpmaxe",
    "x" * 10_000,
    "\ud800half",
    "a\x00\x1b[31mb",
    "a\u200b\u200bb",
]


@pytest.mark.parametrize("name", ODD)
def test_a_name_is_a_short_part_of_one_line(name: str) -> None:
    for made in (letter.finished(name, "", 7), letter.failed(name, name), letter.stopped(name)):
        made.text.encode()
        made.subject.encode()
        assert "\n" not in made.subject and len(made.subject) < 140
        first = made.text.splitlines()[0]
        assert len(first) < 120
        others = made.subject + made.text.replace("\n", "")
        assert not any(unicodedata.category(c)[0] == "C" for c in others)
        assert not any(unicodedata.category(c) in ("Zl", "Zp") for c in others)
    assert len(letter.failed("Meadow", name).text) < 2_300


@pytest.mark.parametrize("name", ["", "\x00", " \n "])
def test_a_name_of_nothing_is_no_name(name: str) -> None:
    assert letter.stopped(name).text.startswith("Your project was stopped.")


def test_usual_names_stay_as_they_are() -> None:
    assert letter.finished("Öland – Süd 2026", "https://x", 7).text.startswith(
        "Öland – Süd 2026 is finished."
    )
