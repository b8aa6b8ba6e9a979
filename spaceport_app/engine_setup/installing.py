"""Packages that were fetched, laid out in the folder of a new engine by uv."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event

from spaceport_app import installed_engine, programs, removing
from spaceport_app.engine_setup import child, places
from spaceport_app.engine_setup.recipes import Package
from spaceport_app.errors import StageError
from spaceport_app.events import Progress, Report
from spaceport_app.pipeline import trouble

_CACHE = ".uv"
_LIBRARIES = (".so", ".pyd", ".dll", ".dylib")


def install(
    packages: Sequence[Package],
    checksums: Mapping[str, str],
    home: Path,
    folder: Path,
    cancel: Event,
    report: Report,
) -> None:
    """Have uv lay `packages` out in ``folder/site``: from the files, each with its checksum.

    Nothing is asked of the network, and nothing is resolved: the recipe says it all.

    Raises
    ------
    StageError
        ``no_uv`` where uv is missing, ``install_failed`` with what uv says, or a full disk.
    OSError
        If the folder cannot be written.
    Cancelled
        If `cancel` was set.
    """
    site, cache = folder / installed_engine.SITE, folder / _CACHE
    site.mkdir(parents=True)
    wanted = folder / "requirements.txt"
    lines = [
        f"{one.name} @ {places.target(home, one).absolute().as_uri()}"
        f" --hash=sha256:{checksums[one.file]}\n"
        for one in packages
    ]
    wanted.write_text("".join(lines), encoding="utf-8")
    command = [_uv(), "pip", "install", "--target", str(site), "--python", sys.executable]
    command += ["--no-deps", "--no-index", "--offline", "--no-build", "--no-config"]
    # From the cache into the folder without a second copy: both are on one disk.
    command += ["--require-hashes", "--link-mode", "hardlink", "--cache-dir", str(cache)]
    command += ["--no-progress", "--requirements", str(wanted)]
    total = len(packages)
    seen = -1

    def look() -> None:
        nonlocal seen
        # uv unpacks into its cache, then moves the packages one after the other.
        done = min(total, sum(1 for _ in site.glob("*.dist-info")))
        if done != seen:
            seen = done
            report(Progress(f"Unpacking {total} packages", done, total, done / total))

    look()
    ended = child.run(command, cancel, lambda _: None, look, {"VIRTUAL_ENV": ""})
    if ended.status != 0:
        raise _failure(ended.errors, home)
    look()
    removing.try_to_remove(cache)


def libraries(folder: Path) -> dict[str, int]:
    """Return the files by which damage is noticed, with their sizes: all native libraries, and
    what makes each package one. Paths are relative to ``folder/site``, with slashes.
    """
    site = folder / installed_engine.SITE
    found: dict[str, int] = {}
    for place, _, names in os.walk(site):
        for name in names:
            path = Path(place) / name
            top = path.parent.parent == site and name == "__init__.py"
            if top or path.suffix in _LIBRARIES or ".so." in name:
                found[path.relative_to(site).as_posix()] = path.stat().st_size
    return dict(sorted(found.items()))


def bytes_of(folder: Path) -> int:
    """Return what a folder takes on disk."""
    return sum(
        (Path(place) / name).lstat().st_size
        for place, _, names in os.walk(folder)
        for name in names
    )


def _uv() -> str:
    try:
        from uv import find_uv_bin

        return find_uv_bin()
    except (ImportError, FileNotFoundError) as error:
        found = programs.find("uv")
        if found is None:
            raise StageError(
                "no_uv",
                "The installer of packages (uv) is missing.",
                "Install Spaceport again, or install uv by hand.",
            ) from error
        return str(found)


def _failure(said: str, home: Path) -> StageError:
    words = " ".join(said.split())
    full = trouble.explain(OSError(words), home, home)
    if full.code == "disk_full":
        return StageError(
            "disk_full",
            f"The disk of {home} is full.",
            "Free some space and try again; what was fetched is kept.",
        )
    if "Hash mismatch" in words or ("hash" in words.lower() and "mismatch" in words.lower()):
        return StageError(
            "checksum_mismatch",
            "A file that was fetched has changed on this computer's disk.",
            "Try again; if it stays, check the disk.",
        )
    if "ermission denied" in words:
        return StageError(
            "no_permission",
            f"{home} may not be written.",
            "Check the permissions of the folder, and whether a virus scanner holds it.",
        )
    return StageError(
        "install_failed",
        f"The packages could not be unpacked: {words[-300:] or 'uv says nothing'}",
        "Try again; if it stays, report it with these words.",
    )
