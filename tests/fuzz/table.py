"""What came of all readers, as a table of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from .cage import Found

_HEAD = ("reader", "tried", "refused", "accepted", "faults", "slowest case")


def table(found: Sequence[Found]) -> str:
    """Return one row a reader, and their sum."""
    rows = [
        (one.reader, one.tried, one.refused, one.accepted, one.faulty, f"{one.slowest_s:.1f} s")
        for one in found
    ]
    together = [sum(getattr(one, name) for one in found) for name in ("tried", "refused")]
    together += [sum(one.accepted for one in found), sum(one.faulty for one in found)]
    slowest = max((one.slowest_s for one in found), default=0.0)
    rows.append(("all", *together, f"{slowest:.1f} s"))  # type: ignore[arg-type]
    lines = [_HEAD, ("---", *["---:"] * (len(_HEAD) - 1)), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
