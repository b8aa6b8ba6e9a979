"""The end of a log, however long it is."""

from __future__ import annotations

from pathlib import Path

_MOST_BYTES = 48 * 1024


def read(path: Path, most_bytes: int = _MOST_BYTES) -> str:
    """Return the last whole lines of a log; empty where there is none."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            begin = max(0, end - most_bytes)
            file.seek(begin)
            data = file.read()
    except OSError:
        return ""
    text = data.decode("utf-8", "replace")
    if begin > 0:
        text = text.partition("\n")[2]
    return text.rstrip()
