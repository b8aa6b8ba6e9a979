"""What a mail says at the end of a job."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_MOST_NAME = 80
_MOST_REASON = 2_000


@dataclass(frozen=True)
class Letter:
    """Subject and text of a mail."""

    subject: str
    text: str


def finished(project: str, link: str, days: int) -> Letter:
    """Return what is said of a job that is done; `link` is empty if it made no file to fetch."""
    project = _named(project)
    lines = [f"{project} is finished."]
    if link:
        lines += ["", f"Download it within {days} days:", link]
    lines += ["", "Spaceport on your computer finds it too: open the project there."]
    return Letter(_subject(f"{project} is finished"), _text(lines))


def failed(project: str, reason: str) -> Letter:
    """Return what is said of a job that did not work."""
    project = _named(project)
    lines = [
        f"{project} could not be finished.",
        "",
        _plain(reason)[:_MOST_REASON] or "AWS gives no reason.",
        "",
        "What was made until then can be fetched with Spaceport on your computer.",
    ]
    return Letter(_subject(f"{project} could not be finished"), _text(lines))


def stopped(project: str) -> Letter:
    """Return what is said of a job that somebody has stopped."""
    project = _named(project)
    lines = [
        f"{project} was stopped.",
        "",
        "What was made until then can be fetched with Spaceport on your computer.",
    ]
    return Letter(_subject(f"{project} was stopped"), _text(lines))


def _named(project: str) -> str:
    """Return the name of a project as a part of a sentence, in one line, whatever it holds."""
    plain = _plain(project)
    return (plain if len(plain) <= _MOST_NAME else f"{plain[:_MOST_NAME]}…") or "Your project"


def _plain(text: str) -> str:
    """Return a text in one line, without what turns, hides or ends lines."""
    kept = (" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join("".join(kept).split())


def _subject(text: str) -> str:
    # A subject is one line: a name with a line break in it must not begin another header.
    return " ".join(f"Spaceport: {text}".split())[:200]


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
