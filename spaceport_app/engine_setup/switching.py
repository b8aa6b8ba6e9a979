"""Which engine is in use: one small file, replaced in one step; going back, and removing."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from spaceport_app import atomic, installed_engine
from spaceport_app.engine_setup import places
from spaceport_app.errors import StageError

_log = logging.getLogger(__name__)


def to(home: Path, name: str | None) -> None:
    """Use the engine `name` from now on, or the program's own for None; keep the one before.

    Processes that run keep what they have loaded.
    """
    before = installed_engine.record(home)
    previous = before.get("active") if before.get("active") != name else before.get("previous")
    _write(home, name, previous)


def back(home: Path) -> str | None:
    """Go back to the engine before, or where there is none to the program's own.

    Returns
    -------
    str or None
        The engine in use from now on.

    Raises
    ------
    StageError
        ``no_engine`` if there is nothing to go back from or to.
    """
    record = installed_engine.record(home)
    active, previous = record.get("active"), record.get("previous")
    if active is None and previous is None:
        raise StageError(
            "no_engine",
            "No GPU engine is set up, so there is none to go back from.",
            "Set one up: spaceport setup-engine.",
        )
    if previous is not None and (trouble := installed_engine.look(home / previous).trouble):
        _log.warning("the engine before cannot be used: %s", trouble)
        previous = None
    _write(home, previous, active)
    return previous


def remove_all(home: Path) -> int:
    """Remove every engine and all that was fetched; return how many bytes that frees.

    Raises
    ------
    StageError
        ``engine_in_use`` where Windows keeps files that a process uses.
    """
    from spaceport_app.engine_setup.installing import bytes_of

    freed = bytes_of(home) if home.exists() else 0
    # First the record: nothing half removed is ever in use.
    (home / installed_engine.RECORD).unlink(missing_ok=True)
    folders = [path.parent for path in home.glob(f"*/{installed_engine.ABOUT}")]
    for folder in (*folders, places.downloads(home)):
        _remove(folder)
    places.remove_leftovers(home)
    for name in (".lock",):
        (home / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        home.rmdir()
    return freed


def remove_others(home: Path) -> None:
    """Remove the engines that are neither in use nor the one before."""
    kept = set(installed_engine.record(home).values())
    for about in home.glob(f"*/{installed_engine.ABOUT}"):
        if about.parent.name not in kept:
            with contextlib.suppress(StageError):
                _remove(about.parent)


def _remove(folder: Path) -> None:
    try:
        places.remove(folder)
    except OSError as error:
        raise StageError(
            "engine_in_use",
            f"{folder} cannot be removed now ({error.strerror or error}).",
            "Stop what is running in Spaceport, check the folder's permissions, and try again.",
        ) from error


def _write(home: Path, active: str | None, previous: str | None) -> None:
    record = {"schema": installed_engine.SCHEMA, "active": active, "previous": previous}
    atomic.write_json(home / installed_engine.RECORD, record)
