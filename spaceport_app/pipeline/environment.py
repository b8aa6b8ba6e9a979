"""The environment of a stage's process: threads, and code from nowhere but our own places."""

from __future__ import annotations

import importlib.util
import os
import site
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from spaceport_app import resources

_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def for_child(current: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a stage; what the user has set stays as it is.

    All thread pools get the cores that this process may use. Waiting threads sleep instead
    of spinning: torch and Numba share the same cores.

    Only one thing is not the user's choice: code is never loaded from the current folder, which
    may be somebody else's. An empty entry of a search path would mean just that.
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
    found = {**usual, **current, "PYTHONSAFEPATH": "1"}
    if not current.get("NUMBA_CACHE_DIR"):
        found["NUMBA_CACHE_DIR"] = str(cache or "")
    if sys.platform == "win32":
        # Programs are not started from there either.
        found["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"
    modules = [*_own_root(), *_entries(current.get("PYTHONPATH", ""))]
    if modules or "PYTHONPATH" in current:
        found["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(modules))
    for name in _LIBRARY_PATHS:
        if name in current:
            found[name] = os.pathsep.join(_entries(current[name]))
    return found


def neutral_folder() -> Path:
    """Return the folder in which processes of ours work: it holds nothing of anybody else.

    Numba reads its settings from the current folder, Windows takes programs and libraries from
    there first.
    """
    return Path(sys.executable).absolute().parent


def _own_root() -> list[str]:
    """Return the folder that holds this package, unless Python looks there anyway.

    ``python -m spaceport_app`` in a copy of the sources finds it in the current folder.
    """
    places = _own_folders()
    if not places:
        return []
    root = Path(places[0]).absolute().parent
    usual = [*site.getsitepackages(), site.getusersitepackages()]
    return [] if root in [Path(place).absolute() for place in usual] else [str(root)]


def _entries(path: str) -> list[str]:
    return [str(Path(entry).absolute()) for entry in path.split(os.pathsep) if entry]


def numba_cache() -> Path | None:
    """Return where Numba may keep compiled code; None if beside its sources, as by default."""
    places = _own_folders()
    if places and os.access(places[0], os.W_OK):
        return None
    cache = Path(platformdirs.user_cache_dir("spaceport", appauthor=False)) / "numba"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        # A folder of this user alone: others must not slip compiled code in.
        return Path(tempfile.mkdtemp(prefix="spaceport-numba-"))
    return cache


def _own_folders() -> list[str]:
    package = importlib.util.find_spec("spaceport_app")
    return list(package.submodule_search_locations or ()) if package else []
