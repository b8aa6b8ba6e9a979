"""The campaign by hand: ``python -m tests.faults --seed 1 --cases 200``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import campaign
from .base import Session
from .kinds import KINDS
from .verdict import table


def main() -> int:
    """Do what the command line asks for; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="draws the cases")
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--kind", choices=sorted(KINDS), help="only this kind")
    parser.add_argument("--case", action="append", metavar="KIND:SEED", help="repeat one case")
    parser.add_argument("--folder", type=Path, help="an empty folder to work in; it is kept")
    asked = parser.parse_args()
    if asked.case:
        cases = [(kind, int(seed)) for kind, _, seed in (one.rpartition(":") for one in asked.case)]
    else:
        cases = campaign.drawn(asked.seed, asked.cases, asked.kind)
    session = Session.made(asked.folder)
    verdicts = []
    try:
        for verdict in campaign.all_tried(session, cases):
            verdicts.append(verdict)
            print(verdict.line(), flush=True)
    finally:
        if asked.folder is None:
            session.close()
    print()
    print(table(verdicts))
    return 0 if all(verdict.good for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
