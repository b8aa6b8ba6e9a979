"""The environment of a stage's process: threads and places for compiled code."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from spaceport_app import resources


def for_child(current: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a stage; what the user has set stays as it is.

    All thread pools get the cores that this process may use. Waiting threads sleep instead
    of spinning: torch and Numba share the same cores.
    """
    count = str(resources.cores())
    usual = {
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "NUMBA_NUM_THREADS": count,
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONUTF8": "1",
    }
    cache = numba_cache()
    if cache is not None:
        usual["NUMBA_CACHE_DIR"] = str(cache)
    return {**usual, **current}


def numba_cache() -> Path | None:
    """Return where Numba may keep compiled code; None if beside its sources, as by default."""
    package = importlib.util.find_spec("spaceport_app")
    places = list(package.submodule_search_locations or ()) if package else []
    if places and os.access(places[0], os.W_OK):
        return None
    cache = Path(platformdirs.user_cache_dir("spaceport", appauthor=False)) / "numba"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        # A folder of this user alone: others must not slip compiled code in.
        return Path(tempfile.mkdtemp(prefix="spaceport-numba-"))
    return cache
