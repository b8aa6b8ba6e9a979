"""Whether something may be a mail address; only its mailbox knows for sure."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def trouble(text: str) -> str:
    """Return what is wrong with a mail address; nothing if it may be one, or is empty."""
    plain = text.strip()
    if not plain or _ADDRESS.fullmatch(plain):
        return ""
    return f"{plain} is no mail address. Write it as name@example.org, or leave it empty."
