"""The whole way: fetch, lay out, test, and only then switch over."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event

from spaceport_app import __version__, atomic, installed_engine
from spaceport_app.engine_setup import fetching, installing, places, switching, testing
from spaceport_app.engine_setup.plan import Plan
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Report, part
from spaceport_app.installed_engine import InstalledEngine
from spaceport_app.pipeline import trouble
from spaceport_app.project import lock
from spaceport_app.project.errors import ProjectError

_FETCHED, _UNPACKED = 0.75, 0.9


def set_up(
    plan: Plan, cancel: Event, report: Report, *, unverified: bool = False
) -> InstalledEngine:
    """Set an engine up and use it from now on; until the last moment nothing else changes.

    What was fetched stays after a stop, a failure and a kill, and the next call goes on with it.

    Parameters
    ----------
    plan : Plan
    cancel : threading.Event
        Set it to stop.
    report : Report
        Gets counted progress.
    unverified : bool
        A person has agreed to packages of which nobody publishes a checksum.

    Raises
    ------
    StageError
        What a person can mend.
    Cancelled
        If `cancel` was set.
    """
    if plan.unverified and not unverified:
        raise unverified_refused(plan)
    home = plan.home
    with told(home), held(home):
        places.remove_leftovers(home)
        packages = plan.recipe.packages
        checksums = fetching.fetch(packages, home, cancel, part(report, 0.0, _FETCHED))
        name = places.free_name(home, plan.recipe.name)
        # After a kill, uv may go on for a moment in the folder that was made before.
        folder = home / f".{name}.{os.getpid()}{places.PARTIAL}"
        try:
            installing.install(
                packages, checksums, home, folder, cancel, part(report, _FETCHED, _UNPACKED)
            )
            measured = testing.test(plan.recipe, folder, cancel, part(report, _UNPACKED, 1.0))
            _describe(plan, folder, checksums, measured)
            folder.replace(home / name)
        except BaseException:
            with contextlib.suppress(OSError):
                places.remove(folder)
            raise
        switching.to(home, name)
        switching.remove_others(home)
        with contextlib.suppress(OSError):
            places.remove(places.downloads(home))
    return installed_engine.look(home / name)


def unverified_refused(plan: Plan) -> StageError:
    """Return what to tell somebody who has not agreed to packages without a checksum."""
    names = ", ".join(f"{one.name} from {one.host}" for one in plan.unverified)
    return StageError(
        "unverified",
        f"Nobody publishes a checksum for {names}, so Spaceport cannot tell whether it is genuine.",
        "If you trust this source, say so: --accept-unverified.",
    )


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Let nobody else work on the engines meanwhile.

    Raises
    ------
    StageError
        ``setup_running`` if somebody does.
    """
    home.mkdir(parents=True, exist_ok=True)
    try:
        with lock.held(home):
            yield
    except ProjectError as error:
        if error.code != "project_locked":
            raise
        raise StageError(
            "setup_running",
            "Another Spaceport is setting the GPU engine up.",
            "Wait until it is done, or stop it there.",
        ) from error


@contextmanager
def told(home: Path) -> Iterator[None]:
    """Turn a disk that is full or forbids into a sentence.

    Raises
    ------
    StageError
    """
    try:
        yield
    except OSError as error:
        found = trouble.explain(error, home, home)
        if found.code == "disk_full":
            raise StageError(
                found.code,
                found.message,
                "Free some space and try again; what was fetched is kept.",
            ) from error
        if found.code == "no_permission":
            raise StageError(
                found.code,
                f"{error.filename or home} may not be written.",
                "Check the folder's permissions, or set the environment variable "
                f"{installed_engine.FOLDER_VARIABLE} to a folder of yours.",
            ) from error
        raise


def _describe(
    plan: Plan, folder: Path, checksums: Mapping[str, str], measured: Mapping[str, JsonValue]
) -> None:
    """Write down what was made, how it was tested, and the files by which damage is noticed."""
    atomic.write_json(
        folder / installed_engine.ABOUT,
        {
            "schema": installed_engine.SCHEMA,
            "recipe": plan.recipe.name,
            "versions": dict(plan.recipe.versions),
            "python": plan.recipe.python,
            "spaceport": __version__,
            "made": datetime.now().astimezone().isoformat(timespec="seconds"),
            "driver": plan.cards.driver_words if plan.cards else None,
            "installed_bytes": installing.bytes_of(folder / installed_engine.SITE),
            "self_test": dict(measured),
            "packages": [
                {
                    "name": one.name,
                    "version": one.version,
                    "url": one.url,
                    "sha256": checksums[one.file],
                    "verified": one.sha256 is not None,
                }
                for one in plan.recipe.packages
            ],
            "files": installing.libraries(folder),
        },
    )
