"""Text of somebody else, made safe to show: what acts on a screen becomes a visible escape.

Names of files, EXIF text and the words of answers come from anywhere. A terminal obeys escape
sequences in them, a label or a log line is turned around by the marks of writing direction, and
a line break makes one name look like two lines.
"""

from __future__ import annotations

import logging
import re

# C0, DEL and C1; what is invisible, or changes the direction of writing or the line. The joiners
# U+200C and U+200D stay: scripts and emoji are written with them.
_ACTING = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ufeff\ufff9-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e007f"
)
_LINE = re.compile(f"[{_ACTING}]")
_LINES = re.compile(f"(?!\n)[{_ACTING}]")


def line(text: str) -> str:
    r"""Return `text` as one line in which nothing acts: ESC is shown as ``\x1b``."""
    return text if text.isprintable() else _LINE.sub(_escape, text)


def lines(text: str) -> str:
    """Return `text` with its line breaks kept, and nothing else that acts."""
    if text.isprintable():
        return text
    return _LINES.sub(_escape, text.replace("\r\n", "\n").replace("\t", "    "))


def shortened(text: str, most: int) -> str:
    """Return `text` with its middle left out where it is longer than `most` characters."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 3].rstrip()} … {text[-end:].lstrip()}"


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


class VisibleFormatter(logging.Formatter):
    """Formats log lines for a terminal, names in them made visible."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line."""
        return line(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802
        """Return the traceback."""
        return lines(super().formatException(ei))  # type: ignore[arg-type]
