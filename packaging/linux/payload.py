"""Lays out the folder that both installers for Linux carry."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bundle import fetch, layout, lock, pruning
from release import sbom, stamp

from linux import interpreter, stripping

ROOT = Path(__file__).resolve().parents[2]
# Of the packages' programs, uv alone is started: it sets up the engine for NVIDIA cards.
_PROGRAMS = ("python3.11", "uv")
LAUNCHER = Path(__file__).parent / "launcher.sh"


def lay_out(payload: Path, cache: Path, moment: int) -> None:
    """Make the folder with interpreter, packages, Spaceport and launcher.

    Parameters
    ----------
    payload : Path
        The folder, which does not exist yet.
    cache : Path
        Keeps what was fetched.
    moment : int
        The time that all files get, in seconds since 1970.

    Raises
    ------
    BuildError
        If something cannot be fetched or is another file than the pinned one.
    """
    runtime = payload / "runtime"
    runtime.mkdir(parents=True)
    interpreter.lay_out(runtime, cache)
    site = runtime / interpreter.SITE
    layout.unpack(fetch.wheels(lock.LINUX, cache), site, runtime / "bin")
    for program in (runtime / "bin").iterdir():
        if program.name not in _PROGRAMS:
            program.unlink()
    pruning.prune(site)
    stripping.strip(site)
    layout.application(ROOT, site)
    stamp.write(ROOT, site, sorted((runtime / "share" / "doc").glob("*/copyright")))
    shutil.copy(site / "spaceport_app" / "LICENSES.txt", payload)
    pruning.drop_licence_files(site)
    shutil.rmtree(runtime / "share")
    layout.compile_ahead(runtime / "lib" / "python3.11", sys.executable)
    (payload / "bin").mkdir()
    shutil.copy(LAUNCHER, payload / "bin" / "spaceport")
    (payload / "bin" / "spaceport").chmod(0o755)
    layout.set_times(payload, moment)


def write_bill(payload: Path, output: Path, moment: int) -> None:
    """Write the bill of materials of a folder that was laid out."""
    hashes = {wheel.name: wheel.sha256 for wheel in lock.read(lock.LINUX)}
    sbom.write(payload / "runtime" / interpreter.SITE, output, "spaceport-linux", moment, hashes)
