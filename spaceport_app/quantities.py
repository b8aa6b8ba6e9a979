"""Numbers as a person reads them: counts, bytes, times."""

from __future__ import annotations


def count(number: float) -> str:
    """Return a whole number with thousands separated: ``12,345``."""
    return f"{number:,.0f}"


def size(number: float) -> str:
    """Return bytes in the unit that a person reads: ``1.2 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        # Never "1000.0 MB": what rounds up to the next unit is told in it.
        if number < (1000 if unit == "bytes" else 999.95) or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError


def duration(seconds: float) -> str:
    """Return seconds as ``8 s``, ``2:05 min`` or ``1:02:03 h``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d} h"
