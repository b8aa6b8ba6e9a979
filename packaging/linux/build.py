"""Makes the .deb and the archive for Linux: ``python packaging/linux/build.py --output dist``.

Needs Linux with Python 3.11, patchelf, binutils, dpkg, xz, and cyclonedx-python-lib for the bill of
materials.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundle import layout
from bundle.failure import BuildError
from release.failure import ReleaseError

from linux import archive, deb, payload

ROOT = Path(__file__).resolve().parents[2]
HOMEPAGE, MAINTAINER = "SPACEPORT_HOMEPAGE", "SPACEPORT_MAINTAINER"
_CACHE = Path.home() / ".cache" / "spaceport-build"
_PYTHON = (3, 11)


def build(output: Path, cache: Path, level: int) -> tuple[Path, Path]:
    """Write the .deb, the archive and their bill of materials; return the first two.

    Parameters
    ----------
    output : Path
        The folder for all three.
    cache : Path
        Keeps what was fetched.
    level : int
        Of xz, 0 to 9.

    Raises
    ------
    BuildError, ReleaseError
        If anything is missing or is another file than the pinned one.
    """
    if sys.version_info[:2] != _PYTHON:
        raise BuildError("Python 3.11 must run this build: it compiles for the 3.11 it ships.")
    version, moment = layout.version(ROOT), layout.commit_time(ROOT)
    homepage = os.environ.get(HOMEPAGE, "")
    maintainer = os.environ.get(MAINTAINER) or deb.MAINTAINER
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as name:
        work = Path(name)
        folder = work / "payload"
        payload.lay_out(folder, cache, moment)
        payload.write_bill(folder, output / f"spaceport-{version}-linux.cdx.json", moment)
        (work / "archive").mkdir()
        packed = archive.build(folder, output, work / "archive", moment, level, homepage)
        (work / "archive" / f"spaceport-{version}" / "spaceport").rename(folder)
        (work / "deb").mkdir()
        about = (maintainer, homepage)
        package = deb.build(folder, output, work / "deb", moment, level, about)
    return package, packed


def main(arguments: list[str]) -> int:
    """Build and return the exit code."""
    parser = argparse.ArgumentParser(description="Make Spaceport's installers for Linux.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--cache", type=Path, default=_CACHE)
    parser.add_argument("--level", type=int, choices=range(10), default=6, help="of xz; 0 is quick")
    given = parser.parse_args(arguments)
    for file in build(given.output.resolve(), given.cache, given.level):
        sys.stdout.write(f"{file}: {file.stat().st_size / 1e6:.0f} MB\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BuildError, ReleaseError) as error:
        sys.exit(str(error))
