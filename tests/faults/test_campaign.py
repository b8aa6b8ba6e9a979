"""Twenty disturbed runs of the campaign, the same each time; by hand there may be hundreds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import campaign
from .base import Session

SUITE = (
    ("damage", 840775),
    ("damage", 729633),
    ("damage", 596853),
    ("kill at a file", 408744),
    ("kill at a file", 239874),
    ("kill at a file", 26681),
    ("kill at a file", 984787),
    ("file error", 332849),
    ("file error", 681098),
    ("file error", 804423),
    ("damage of the project", 227120),
    ("damage of the project", 118705),
    ("forbidden", 800798),
    ("forbidden", 167357),
    ("read-only", 138664),
    ("files inside", 647942),
    ("files around", 960857),
    ("files around", 12),
    ("dates", 11),
    ("network", 12),
)
LONG = (
    ("kill", 32075),
    ("signal", 293058),
    ("kill at a file", 467022),
    ("file error", 398055),
    ("damage on the way", 553259),
    ("small disk", 132853),
    ("full disk", 232460),
    ("little memory", 1861),
    ("few files", 1),
    ("clock", 1),
    ("two at once", 190920),
    ("made twice", 1),
    ("killed window", 1),
    ("window on damage", 1),
)
"""One of each kind whose cases begin from photos, and so take a whole run or two."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and limits of Linux")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    made = Session.made(Path(tmp_path_factory.mktemp("faults")) / "session")
    yield made
    made.close()


def _holds(session: Session, kind: str, seed: int) -> None:
    verdict = campaign.tried(session, kind, seed)
    if verdict.skipped:
        pytest.skip(f"NOT TESTED: {verdict.skipped}")
    assert verdict.good, f"{verdict.line()}\n    python -m tests.faults --case '{kind}:{seed}'"


@pytest.mark.parametrize(("kind", "seed"), SUITE)
def test_a_disturbed_run(session: Session, kind: str, seed: int) -> None:
    _holds(session, kind, seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "seed"), LONG)
def test_a_disturbed_run_from_photos(session: Session, kind: str, seed: int) -> None:
    _holds(session, kind, seed)
