"""What came of one case, and the table of many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

LOST = "lost"
"""A file of the person, or a finished stage, is gone."""
OUTSIDE = "out of folder"
"""Something was written, changed or removed where nothing of the project lies."""
HANG = "hang"
UNTYPED = "untyped"
"""A traceback, words of a programmer, or an explanation that is not true."""
WRONG = "wrong result"
"""The bundle is not valid, or not the one of the undisturbed run."""
LEFT = "left behind"
"""A process, or a file that stands for unfinished work, is still there."""
CATEGORIES = (LOST, OUTSIDE, HANG, UNTYPED, WRONG, LEFT)


@dataclass(frozen=True)
class Fault:
    """One thing that should not have happened."""

    category: str
    words: str


@dataclass
class Verdict:
    """The end of a case.

    Parameters
    ----------
    kind, seed
        What repeats it.
    did : str
        What was done to the run, in words.
    faults : list of Fault
        Empty if all is well.
    told : list of str
        Codes with which Spaceport refused on the way, each true.
    skipped : str
        Why it could not be tried here.
    """

    kind: str
    seed: int
    did: str = ""
    faults: list[Fault] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    skipped: str = ""
    seconds: float = 0.0

    def as_json(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def of_json(line: str) -> Verdict:
        """Read what `as_json` has written."""
        raw = json.loads(line)
        return Verdict(**{**raw, "faults": [Fault(**fault) for fault in raw["faults"]]})

    @property
    def good(self) -> bool:
        """Whether nothing happened that should not."""
        return not self.faults

    def line(self) -> str:
        """Return it on one line, with what repeats it."""
        if self.skipped:
            state = f"not tried: {self.skipped}"
        elif self.faults:
            state = "; ".join(f"{fault.category.upper()}: {fault.words}" for fault in self.faults)
        else:
            state = f"said truly ({', '.join(self.told)})" if self.told else "survived"
        return f"{self.kind}:{self.seed} {self.seconds:.0f} s, {self.did}: {state}"


_COLUMNS = ("tried", "survived", "said truly", "lost", "out of folder", "hangs", "untyped errors")
_MORE = ("wrong result", "left behind")


def table(verdicts: Iterable[Verdict]) -> str:
    """Return the verdicts counted by kind, as a table of Markdown.

    "Survived" went on to the end by itself; "said truly" refused first, with a reason that is
    true, and came to the end once that was mended.
    """
    by_kind: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_kind.setdefault(verdict.kind, []).append(verdict)
    rows = [_row(kind, found) for kind, found in by_kind.items()]
    rows.append(_row("all", [one for found in by_kind.values() for one in found]))
    head = ("kind", *_COLUMNS, *_MORE)
    return "\n".join(
        [_cells(head), _cells(["---"] + ["---:"] * (len(head) - 1)), *map(_cells, rows)]
    )


def _row(kind: str, found: Sequence[Verdict]) -> list[str]:
    tried = [one for one in found if not one.skipped]
    good = [one for one in tried if one.good]
    counts = [len(tried), sum(not one.told for one in good), sum(bool(one.told) for one in good)]
    counts += [
        sum(any(fault.category == category for fault in one.faults) for one in tried)
        for category in CATEGORIES
    ]
    return [kind, *map(str, counts)]


def _cells(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"
