"""The attack by hand: ``python -m tests.fuzz --cases 2000``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cage import Found
    from .reader import Reader

_ENVIRONMENT = {
    # Cases are forked from this process, and a fork takes no other thread with it.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "QT_QPA_PLATFORM": "offscreen",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def main() -> int:
    """Do what the command line asks for; 1 if anything went wrong."""
    os.environ.update(_ENVIRONMENT)
    from . import cage
    from .readers import READERS, find
    from .table import table

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100, help="for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader", action="append", choices=[one.name for one in READERS])
    parser.add_argument("--jobs", type=int, default=1, help="readers at the same time")
    parser.add_argument("--kept", type=Path, default=Path("fuzz-found"), help="for bad inputs")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each reader")
    parser.add_argument("--repeat", type=Path, help="read this input with the one --reader")
    asked = parser.parse_args()
    readers = [find(name) for name in asked.reader] if asked.reader else list(READERS)
    if asked.repeat:
        return _repeat(readers[0], asked.repeat)
    with ThreadPoolExecutor(asked.jobs) as pool:
        found = []
        for one in pool.map(
            lambda reader: cage.attack(reader, asked.cases, asked.seed, asked.kept.absolute()),
            readers,
        ):
            found.append(one)
            if asked.json:
                print(json.dumps(asdict(one), default=str), flush=True)
            else:
                _tell(one)
    if not asked.json:
        print()
        print(table(found))
    return 1 if any(one.faults for one in found) else 0


def _tell(found: Found) -> None:
    counts = f"{found.tried} tried, {found.refused} refused, {found.accepted} accepted"
    print(f"{found.reader}: {counts}, {found.faulty} faults, {found.seconds:.1f} s", flush=True)
    for fault in found.faults.values():
        print(f"    {fault.count} x {fault.kind}: {fault.words}")
        print(
            f"    python -m tests.fuzz --reader {found.reader!r} --repeat {fault.example}",
            flush=True,
        )


def _repeat(reader: Reader, path: Path) -> int:
    from . import cage

    reader.samples(Path(tempfile.mkdtemp()))
    said = cage.repeated(reader, path.read_bytes())
    print(*said)
    return 0 if said[0] in ("accepted", "refused") else 1


if __name__ == "__main__":
    sys.exit(main())
