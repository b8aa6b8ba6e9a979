"""Which photos are worth matching with which.

With GPS, the nearest photos in place and in the ground they look at; without, all pairs of
small sets; of large sets neighbours in photo order and guesses from a cheap first matching
(`loops`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

Pair = tuple[int, int]
Floats = npt.NDArray[np.float64]

EXHAUSTIVE_UP_TO = 60
# A look-at point further than this many heights away says nothing about overlap.
_FARTHEST_LOOK = 3.0
# Below this share of the larger spread, the GPS positions are one place.
_SAME_PLACE_M = 0.5


def exhaustive(count: int) -> list[Pair]:
    """Return all pairs of `count` photos, smaller index first."""
    return [(a, b) for a in range(count) for b in range(a + 1, count)]


def is_spread(positions: Floats) -> bool:
    """Tell whether positions (N, 3) in metres, NaN where unknown, tell photos apart.

    True if at least half of the photos, and three, have a position and those differ.
    """
    known = positions[np.isfinite(positions[:, :2]).all(1), :2]
    if len(known) < max(3, len(positions) / 2):
        return False
    return bool(np.median(np.linalg.norm(known - np.median(known, 0), axis=1)) > _SAME_PLACE_M)


def look_at(positions: Floats, heights: Floats, yaws: Floats, pitches: Floats) -> Floats:
    """Return the ground points (N, 2), east and north, that the centres of the photos show.

    `heights` above ground in metres, `yaws` clockwise from north and `pitches` in degrees, all
    (N,), NaN where unknown: such a photo is taken to look straight down.
    """
    tilt = np.radians(90.0 + np.nan_to_num(pitches, nan=-90.0))
    reach = np.tan(np.clip(tilt, 0.0, math.atan(_FARTHEST_LOOK)))
    reach = reach * np.clip(np.nan_to_num(heights, nan=0.0), 0.0, None)
    heading = np.radians(np.nan_to_num(yaws, nan=0.0))
    ahead = np.stack([np.sin(heading), np.cos(heading)], axis=1)
    target: Floats = positions[:, :2] + ahead * reach[:, None]
    return target


def neighbours(positions: Floats, targets: Floats, count: int) -> list[Pair]:
    """Return pairs of photos that are near each other and look at the same ground.

    Parameters
    ----------
    positions : (N, 3)
        East, north, up in metres; NaN where unknown: those photos are matched with the
        `count` photos before and after them.
    targets : (N, 2)
        Ground points from `look_at`.
    count : int
        Neighbours a photo.

    Returns
    -------
    list of pairs
        Sorted, smaller index first. The pairs of photos that know their place are connected:
        a minimum spanning tree over the neighbour distances bridges the gaps between groups.
    """
    known = np.flatnonzero(np.isfinite(positions[:, :2]).all(1))
    pairs: set[Pair] = set()
    if len(known) > 1:
        # Height counts little: photos above each other overlap, and altitudes can be wrong.
        place = np.concatenate([positions[known, :2], targets[known]], axis=1)
        tree = cKDTree(place)
        _, nearest = tree.query(place, k=min(count + 1, len(known)))
        for row, others in enumerate(np.atleast_2d(nearest)):
            pairs |= {_ordered(int(known[row]), int(known[o])) for o in others if o != row}
        pairs |= {_ordered(int(known[a]), int(known[b])) for a, b in _bridges(place)}
    # Photos taken one after the other overlap even where GPS is wrong.
    pairs |= set(sequential(len(positions), 2, quadratic=False))
    unknown = set(range(len(positions))) - set(known.tolist())
    pairs |= {
        pair
        for pair in sequential(len(positions), count, quadratic=True)
        if pair[0] in unknown or pair[1] in unknown
    }
    return sorted(pairs)


def sequential(count: int, overlap: int, quadratic: bool = True) -> list[Pair]:
    """Return each photo with the `overlap` next ones and, if `quadratic`, those 2^k ahead."""
    steps = set(range(1, overlap + 1))
    if quadratic:
        steps |= {2**k for k in range(int(math.log2(max(count - 1, 1))) + 1)}
    return sorted((a, a + step) for step in steps for a in range(count - step))


def with_loops(count: int, overlap: int, similarity: Floats, guesses: int) -> list[Pair]:
    """Return sequential pairs and, for each photo, the `guesses` most similar ones.

    `similarity` (N, N) is symmetric; larger is more alike, 0 is nothing in common.
    """
    pairs = set(sequential(count, overlap))
    alike = similarity.copy()
    np.fill_diagonal(alike, 0.0)
    order = np.argsort(-alike, axis=1, kind="stable")[:, :guesses]
    for a in range(count):
        pairs |= {_ordered(a, int(b)) for b in order[a] if alike[a, b] > 0}
    return sorted(pairs)


def _ordered(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def _bridges(place: Floats) -> Sequence[Pair]:
    if len(place) > 3000:  # the dense distance matrix would not pay any more
        return []
    distances = np.linalg.norm(place[:, None] - place[None], axis=2) + 1e-3
    tree = minimum_spanning_tree(distances).tocoo()
    return [(int(a), int(b)) for a, b in zip(tree.row, tree.col, strict=True)]
