"""Matches and two-view geometries of given pairs, into the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pycolmap

from spaceport_app.sfm.database import watching
from spaceport_app.sfm.pairs import Pair
from spaceport_app.sfm.working_copies import WorkingCopy

# Small blocks lose little work to a kill; the cost of a block is next to nothing.
_BLOCK_PAIRS = 100


def match(
    database: Path,
    copies: Sequence[WorkingCopy],
    pairs: Sequence[Pair],
    threads: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> int:
    """Match `pairs` (positions in `copies`); pairs that are in the database stay as they are.

    Returns
    -------
    int
        Pairs that are geometrically verified.
    """
    listing = database.with_name("pairs.txt")
    lines = [f"{copies[a].name} {copies[b].name}" for a, b in pairs]
    listing.write_text("\n".join(lines) + "\n", encoding="ascii")
    matching = pycolmap.FeatureMatchingOptions()
    matching.use_gpu = False
    matching.num_threads = threads
    verification = pycolmap.TwoViewGeometryOptions()
    verification.ransac.random_seed = seed
    pairing = pycolmap.ImportedPairingOptions()
    pairing.match_list_path = listing
    pairing.block_size = _BLOCK_PAIRS
    progress(0, len(pairs))
    pycolmap.set_random_seed(seed)
    with watching(
        database,
        lambda store, pair: bool(store.exists_two_view_geometry(pair[0] + 1, pair[1] + 1)),
        pairs,
        lambda done: progress(done, len(pairs)),
    ):
        pycolmap.match_image_pairs(
            database,
            matching_options=matching,
            pairing_options=pairing,
            verification_options=verification,
            device=pycolmap.Device.cpu,
        )
    return len(verified(database))


def verified(database: Path) -> dict[int, int]:
    """Return the inlier matches of each geometrically verified pair, by COLMAP's pair id."""
    with closing(pycolmap.Database.open(database)) as store:
        found, inliers = store.read_two_view_geometry_num_inliers()
    return {int(pair): int(count) for pair, count in zip(found, inliers, strict=True) if count > 0}
