"""Cases drawn by a seed and done one after the other."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Iterator

from .base import BrokenError, Session
from .kinds import KINDS
from .scene import NotHereError, Scene
from .verdict import Verdict


def drawn(seed: int, count: int, only: str | None = None) -> list[tuple[str, int]]:
    """Return kind and seed of `count` cases, shared out among all kinds by their shares."""
    chance = random.Random(seed)
    kinds = {only: KINDS[only]} if only else KINDS
    whole = sum(kind.share for kind in kinds.values())
    owed = {name: count * kind.share / whole for name, kind in kinds.items()}
    found: list[tuple[str, int]] = []
    while len(found) < count:
        name = max(owed, key=lambda one: owed[one])
        owed[name] -= 1.0
        found.append((name, chance.randrange(1_000_000)))
    return found


def tried(session: Session, kind: str, seed: int) -> Verdict:
    """Do one case."""
    session.lay("finished")
    scene = Scene(session, kind, seed)
    try:
        KINDS[kind].case(scene)
    except NotHereError as reason:
        scene.verdict.skipped = str(reason)
    except (BrokenError, KeyboardInterrupt):
        raise
    except Exception:
        # The driver's own trouble must not be taken for a good end.
        scene.fault("untyped", f"the case itself broke: {traceback.format_exc()[-600:]}")
    return scene.close()


def all_tried(session: Session, cases: list[tuple[str, int]]) -> Iterator[Verdict]:
    """Do cases one after the other."""
    for kind, seed in cases:
        yield tried(session, kind, seed)
        time.sleep(0)
