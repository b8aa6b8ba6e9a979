"""Single linkage, compiled: at which length of links each point belongs to something large."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.engines.cpu.compiled import serial

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]


@serial
def merge(first: I32, second: I32, lengths: F64, masses: F64, enough: float, found: F64) -> None:
    """Write into `found` (N,) when each point comes to belong to a component of enough mass.

    Links are taken one after the other and join the components of both ends (Kruskal 1956).

    Parameters
    ----------
    first, second : (M,)
        Ends of the links, which are in the order of growing length.
    lengths : (M,)
    masses : (N,)
        Not below 0; used up.
    enough : float
        Above 0.
    found : (N,)
        The length of the link by which the mass was reached; infinite where it never is.
    """
    count = masses.shape[0]
    parent = np.arange(count).astype(np.int32)
    following = np.full(count, -1, np.int32)
    last = np.arange(count).astype(np.int32)
    for i in range(count):
        found[i] = 0.0 if masses[i] >= enough else np.inf
    for link in range(first.shape[0]):
        a, b = int(first[link]), int(second[link])
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = int(parent[a])
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = int(parent[b])
        if a == b:
            continue
        reached_a, reached_b = masses[a] >= enough, masses[b] >= enough
        together = masses[a] + masses[b]
        if together >= enough:
            # Only what was still too small is walked through, so each point once.
            if not reached_a:
                i = a
                while i >= 0:
                    found[i] = lengths[link]
                    i = int(following[i])
            if not reached_b:
                i = b
                while i >= 0:
                    found[i] = lengths[link]
                    i = int(following[i])
            # The members of what is large enough are never asked for again.
            following[a] = -1
            last[a] = a
        else:
            following[last[a]] = b
            last[a] = last[b]
        parent[b] = a
        masses[a] = together
