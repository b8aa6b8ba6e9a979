from __future__ import annotations

import logging
import sys
import unicodedata

import pytest

from spaceport_app import visible

ACTING = {
    "\x1b[31m": "\\x1b[31m",
    "\x9b2J": "\\x9b2J",
    "\x1b]52;c;cm0gLXJm\x07": "\\x1b]52;c;cm0gLXJm\\x07",
    "\r": "\\x0d",
    "\b": "\\x08",
    "\x7f": "\\x7f",
    "\u202e": "\\u202e",
    "\u2066": "\\u2066",
    "\u2028": "\\u2028",
    "\x85": "\\x85",
    "\udcff": "\\udcff",
    "\u200b": "\\u200b",
    "\ufeff": "\\ufeff",
    "\U000e0041": "\\U000e0041",
}


@pytest.mark.parametrize(("acting", "shown"), ACTING.items(), ids=map(ascii, ACTING))
def test_what_acts_is_escaped(acting: str, shown: str) -> None:
    assert visible.line(f"DJI{acting}.jpg") == f"DJI{shown}.jpg"
    assert visible.lines(f"DJI{acting}.jpg") == f"DJI{shown}.jpg"


def test_no_control_or_format_character_is_left() -> None:
    kept = [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and visible.line(char) == char
    ]
    # Joiners, and signs before Arabic and Indian numbers and Egyptian signs, which are seen.
    assert [char for char in kept if unicodedata.category(char) != "Cf"] == []
    assert {"\u200c", "\u200d"} <= set(kept)
    names = [unicodedata.name(char) for char in kept]
    signs = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "JOINER")
    assert [name for name in names if not any(sign in name for sign in signs)] == []


@pytest.mark.parametrize("text", ["Flug über Öland", "東京", "👩‍🚀.png", "a\\x1b", "[red]x[/]", ""])
def test_what_is_harmless_stays(text: str) -> None:
    assert visible.line(text) == visible.lines(text) == text


def test_line_breaks() -> None:
    assert visible.line("a\nb\tc") == "a\\x0ab\\x09c"
    assert visible.lines("a\r\nb\tc") == "a\nb    c"


@pytest.mark.parametrize("most", [10, 11, 50])
def test_shortened(most: int) -> None:
    short = visible.shortened("abcdefgh" * 100, most)
    assert len(short) == most and " … " in short and short.endswith("h")
    assert visible.shortened("abc", 3) == "abc"


def test_log_lines_show_names_and_keep_tracebacks_readable() -> None:
    try:
        raise ValueError("bad \x1b[31m")
    except ValueError:
        told = sys.exc_info()
    record = logging.LogRecord("x", logging.WARNING, "", 1, "no %s", ("a\x1b]0;\nb",), told)
    text = visible.VisibleFormatter().format(record)
    assert text.startswith("no a\\x1b]0;\\x0ab\nTraceback")
    assert "\x1b" not in text and "bad \\x1b[31m" in text and text.count("\n") > 2
