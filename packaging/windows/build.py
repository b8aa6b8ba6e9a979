"""Makes Setup.exe: ``python packaging/windows/build.py --output dist`` on Linux or Windows.

Needs Python 3.11, NSIS, MinGW-w64, and cyclonedx-python-lib for the bill of materials.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundle import fetch, layout, lock, pruning
from bundle.failure import BuildError
from release import sbom, signing, stamp
from release.failure import ReleaseError

from windows import icon, interpreter, launchers, making, script

ROOT = Path(__file__).resolve().parents[2]
_CACHE = Path.home() / ".cache" / "spaceport-build"
_PYTHON = (3, 11)


def build(output: Path, source: str, cache: Path, compressor: str) -> Path:
    """Write Setup.exe and its bill of materials, and return the first.

    Parameters
    ----------
    output : Path
        The folder for both.
    source : str
        Where the interpreter comes from, one of `windows.interpreter.SOURCES`.
    cache : Path
        Keeps what was fetched.
    compressor : str
        As NSIS names it.

    Raises
    ------
    BuildError, ReleaseError
        If anything is missing or is another file than the pinned one.
    """
    if sys.version_info[:2] != _PYTHON:
        raise BuildError("Python 3.11 must run this build: it compiles for the 3.11 it ships.")
    version, moment = layout.version(ROOT), layout.commit_time(ROOT)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        payload = Path(name) / "payload"
        runtime = payload / "runtime"
        interpreter.lay_out(source, interpreter.fetch(source, cache), runtime)
        site = runtime / "site-packages"
        layout.unpack(fetch.wheels(lock.WINDOWS, cache), site, runtime / "Scripts")
        pruning.prune(site)
        layout.application(ROOT, site)
        stamp.write(ROOT, site, (runtime / "LICENSE.txt",))
        shutil.copy(site / "spaceport_app" / "LICENSES.txt", payload)
        pruning.drop_licence_files(site)
        layout.compile_ahead(runtime, sys.executable)
        launchers.build(version, payload)
        for program in (payload / "Spaceport.exe", payload / "bin" / "spaceport.exe"):
            signing.sign(program, signing.WINDOWS)
        layout.set_times(payload, moment)
        hashes = {wheel.name: wheel.sha256 for wheel in lock.read(lock.WINDOWS)}
        bill = output / f"Spaceport-{version}-windows.cdx.json"
        sbom.write(site, bill, "spaceport-windows", moment, hashes)
        setup = output / f"Spaceport-{version}-Setup.exe"
        words = signing.command(signing.WINDOWS, "%1")
        line = " ".join(f'"{word}"' for word in words)
        made = script.Setup(payload, setup, version, icon.ICON, ROOT / "LICENSE", compressor, line)
        making.make(made)
    return setup


def main(arguments: list[str]) -> int:
    """Build and return the exit code."""
    parser = argparse.ArgumentParser(description="Make Spaceport's Setup.exe.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument(
        "--interpreter",
        choices=sorted(interpreter.SOURCES),
        default=interpreter.STANDALONE,
        dest="source",
    )
    parser.add_argument("--cache", type=Path, default=_CACHE)
    parser.add_argument("--compressor", default="/SOLID lzma", help="of NSIS; zlib is quick")
    given = parser.parse_args(arguments)
    setup = build(given.output.resolve(), given.source, given.cache, given.compressor)
    sys.stdout.write(f"{setup}: {setup.stat().st_size / 1e6:.0f} MB\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BuildError, ReleaseError) as error:
        sys.exit(str(error))
