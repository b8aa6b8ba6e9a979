"""What a mail says at the end of a job."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Letter:
    """Subject and text of a mail."""

    subject: str
    text: str


def finished(project: str, link: str, days: int) -> Letter:
    """Return what is said of a job that is done; `link` is empty if it made no file to fetch."""
    lines = [f"{project} is finished."]
    if link:
        lines += ["", f"Download it within {days} days:", link]
    lines += ["", "Spaceport on your computer finds it too: open the project there."]
    return Letter(_subject(f"{project} is finished"), _text(lines))


def failed(project: str, reason: str) -> Letter:
    """Return what is said of a job that did not work."""
    lines = [
        f"{project} could not be finished.",
        "",
        reason or "AWS gives no reason.",
        "",
        "What was made until then can be fetched with Spaceport on your computer.",
    ]
    return Letter(_subject(f"{project} could not be finished"), _text(lines))


def stopped(project: str) -> Letter:
    """Return what is said of a job that somebody has stopped."""
    lines = [
        f"{project} was stopped.",
        "",
        "What was made until then can be fetched with Spaceport on your computer.",
    ]
    return Letter(_subject(f"{project} was stopped"), _text(lines))


def _subject(text: str) -> str:
    # A subject is one line: a name with a line break in it must not begin another header.
    return " ".join(f"Spaceport: {text}".split())[:200]


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
