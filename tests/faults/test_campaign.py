"""Twenty disturbed runs of the campaign, the same each time; by hand there may be hundreds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import campaign
from .base import Session

SUITE = (("damage", 1),)
LONG = (("kill", 1),)
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
