"""The campaign by hand: ``python -m tests.faults --seed 1 --cases 200``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import campaign
from .base import Session
from .kinds import KINDS
from .verdict import Verdict, table


def main() -> int:
    """Do what the command line asks for; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="draws the cases")
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--kind", choices=sorted(KINDS), help="only this kind")
    parser.add_argument("--case", action="append", metavar="KIND:SEED", help="repeat one case")
    parser.add_argument("--folder", type=Path, help="an empty folder to work in; it is kept")
    parser.add_argument(
        "--results", type=Path, help="go on with what this file holds: cases that failed, and new"
    )
    asked = parser.parse_args()
    if asked.case:
        cases = [(kind, int(seed)) for kind, _, seed in (one.rpartition(":") for one in asked.case)]
    else:
        cases = campaign.drawn(asked.seed, asked.cases, asked.kind)
    known = _known(asked.results)
    session = Session.made(asked.folder)
    try:
        wanted = [case for case in cases if case not in known or not known[case].good]
        for verdict in campaign.all_tried(session, wanted):
            known[verdict.kind, verdict.seed] = verdict
            print(verdict.line(), flush=True)
            if asked.results:
                with asked.results.open("a", encoding="utf-8") as file:
                    file.write(verdict.as_json() + "\n")
    finally:
        if asked.folder is None:
            session.close()
    verdicts = [known[case] for case in cases]
    print()
    print(table(verdicts))
    return 0 if all(verdict.good for verdict in verdicts) else 1


def _known(results: Path | None) -> dict[tuple[str, int], Verdict]:
    if results is None or not results.exists():
        return {}
    lines = results.read_text(encoding="utf-8").splitlines()
    return {(one.kind, one.seed): one for one in map(Verdict.of_json, lines)}


if __name__ == "__main__":
    sys.exit(main())
