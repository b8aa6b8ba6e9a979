"""Floaters: Gaussians, and small groups of them, that hang in the air away from all surfaces.

Gaussians are linked to their neighbours; how long a link is counts in their own sizes, since
large Gaussians of a coarse background stand as far apart as they reach. The isolation of a
Gaussian is the shortest length of links that connects it to something substantial: single
linkage clustering (Sneath 1957) of the graph of nearest neighbours, with the sum of opacities
for the size of a cluster. So a lone Gaussian and one of a group of twenty are found alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.model import Splats

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NEIGHBOURS = 16
ENOUGH = 64.0
"""Sum of the opacities of what is no floater any more, in large scenes."""
_LARGEST_LIMIT = 9.0
_SMALL_SCENE = 0.05
"""Part of the whole sum that is enough in scenes so small that it is less."""


def isolation(splats: Splats) -> Floats:
    """Return how far each Gaussian is from anything substantial, (N,), 1 to infinity.

    A link between two Gaussians is as long as the distance of their centres divided by the sum
    of both middle standard deviations: at 3 they have faded where they touch. Lengths under 1,
    where they merge, count as 1. The result does not depend on place, heading or scale of the
    frame. A Gaussian with numbers that are none is infinitely far.
    """
    # SciPy and Numba take their time to import.
    from spaceport_app.splats.edits.linkage import merge

    found = np.full(len(splats), np.inf)
    good = np.flatnonzero(splats.finite)
    if len(good) < 2:
        found[good] = 1.0
        return found
    first, second, lengths = links(splats.take(good))
    # Most links are short, and need no order among each other.
    apart = np.flatnonzero(lengths > 1.0)
    apart = apart[np.argsort(lengths[apart], kind="stable")]
    order = np.concatenate([np.flatnonzero(lengths <= 1.0), apart])
    masses = splats.opacities[good]
    among_good = np.empty(len(good))
    lengths = np.maximum(lengths[order], 1.0)
    merge(first[order], second[order], lengths, masses.copy(), enough(masses), among_good)
    found[good] = np.maximum(among_good, 1.0)
    return found


def enough(opacities: Floats) -> float:
    """Return which sum of opacities makes a group of Gaussians substantial."""
    return max(min(ENOUGH, _SMALL_SCENE * float(opacities.sum())), 1e-9)


def links(
    splats: Splats,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Floats]:
    """Return both ends and the length of the links between Gaussians and their neighbours.

    Two that are each other's neighbours have one link or two.
    """
    from scipy.spatial import cKDTree

    means = splats.means.astype(np.float64)
    sizes = np.exp(np.median(splats.log_scales.astype(np.float64), axis=1))
    near = min(NEIGHBOURS, len(means) - 1) + 1
    distances, neighbours = cKDTree(means).query(means, near, workers=-1)
    first = np.repeat(np.arange(len(means), dtype=np.int32), near)
    second = neighbours.astype(np.int32).ravel()
    # Where many stand at one place, a Gaussian may not be its own first neighbour.
    proper = first != second
    first, second = first[proper], second[proper]
    lengths = np.asarray(distances, np.float64).ravel()[proper]
    lengths /= np.maximum(sizes[first] + sizes[second], 1e-30)
    return first, second, lengths


def limit(strength: int) -> float:
    """Return the isolation above which Gaussians are removed, for a strength of 1 to 100."""
    return float(_LARGEST_LIMIT ** (1.0 - strength / 100.0))


def floating(isolation: Floats, strength: int) -> Mask:
    """Tell which Gaussians are removed, (N,): the stronger, the more, never fewer."""
    return isolation > limit(strength)
