"""Lay out a folder that runs: the packages of wheels, Spaceport itself, code compiled ahead.

Nothing here runs what it lays out, so a folder for Windows can be made on Linux.
`compile_ahead` runs the interpreter that it is given.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from bundle import viewer
from bundle.failure import BuildError

# Of a wheel's extra folder (PEP 427): where its parts go, the rest is not laid out.
_PACKAGES = ("purelib", "platlib")
_SKIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.nbi", "*.nbc")


def unpack(wheels: Iterable[Path], site: Path, programs: Path) -> None:
    """Unpack wheels as pip would install them, without launchers, headers and manuals.

    Parameters
    ----------
    wheels : iterable of Path
        The files.
    site : Path
        Where packages go (``site-packages``); made if need be.
    programs : Path
        Where programs go that a wheel carries ready-made (``uv``).
    """
    site.mkdir(parents=True, exist_ok=True)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in sorted(archive.infolist(), key=lambda member: member.filename):
                if member.is_dir():
                    continue
                target = _target(member.filename, site, programs)
                if target is None:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
                executable = member.external_attr >> 16 & 0o111 or target.parent == programs
                target.chmod(0o755 if executable else 0o644)


def _target(name: str, site: Path, programs: Path) -> Path | None:
    """Return where a member of a wheel goes, or None."""
    parts = Path(name).parts
    if ".." in parts or Path(name).is_absolute():
        raise BuildError(f"A wheel holds a file that would lie outside: {name}")
    if not parts[0].endswith(".data"):
        return site.joinpath(*parts)
    if parts[1] in _PACKAGES:
        return site.joinpath(*parts[2:])
    return programs.joinpath(*parts[2:]) if parts[1] == "scripts" else None


def application(root: Path, site: Path) -> None:
    """Copy Spaceport with its resources, and its metadata, beside the packages.

    Parameters
    ----------
    root : Path
        The checkout.
    site : Path
        The folder of packages.

    Raises
    ------
    BuildError
        If the viewer is not the one on record.
    """
    viewer.check(root / "resources" / "viewer")
    package = site / "spaceport_app"
    shutil.copytree(root / "spaceport_app", package, ignore=_SKIPPED)
    shutil.copytree(root / "resources", package / "resources", ignore=_SKIPPED)
    about = site / f"spaceport-{version(root)}.dist-info"
    about.mkdir()
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: spaceport\nVersion: {version(root)}\n"
        f"Summary: {project['description']}\nLicense-Expression: {project['license']}\n"
        + "".join(f"Requires-Dist: {wanted}\n" for wanted in project["dependencies"]),
        encoding="utf-8",
    )
    (about / "INSTALLER").write_text("spaceport-installer\n", encoding="utf-8")
    shutil.copy(root / "LICENSE", about / "LICENSE")


def version(root: Path) -> str:
    """Return the version of a checkout: ``spaceport_app.__version__``, without importing it."""
    for line in (root / "spaceport_app" / "__init__.py").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "__version__":
            return value.strip().strip("\"'")
    raise BuildError("spaceport_app/__init__.py names no __version__.")


def compile_ahead(folder: Path, python: Path | str, arguments: Sequence[str] = ()) -> None:
    """Compile all sources below a folder to files that hold no time and no path of this build.

    Parameters
    ----------
    folder : Path
        What to compile; files that are no valid source are left out, as at run time.
    python : Path or str
        An interpreter of the version that will run them.
    arguments : sequence of str
        More arguments of that interpreter.

    Raises
    ------
    BuildError
        If the interpreter does not start.
    """
    command = [
        *(str(python), *arguments, "-m", "compileall", "-q", "-j", "1"),
        *("--invalidation-mode", "unchecked-hash", "-s", str(folder), str(folder)),
    ]
    # The order of sets within code must not differ from one build to the next.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise BuildError(f"{python} compiled nothing:\n{done.stdout}{done.stderr}")


def set_times(folder: Path, moment: int) -> None:
    """Give all below a folder the same time (seconds since 1970) and plain permissions."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_symlink():
            os.utime(path, (moment, moment), follow_symlinks=False)
            continue
        executable = path.is_dir() or path.stat().st_mode & 0o111
        path.chmod(0o755 if executable else 0o644)
        os.utime(path, (moment, moment))
    folder.chmod(0o755)
    os.utime(folder, (moment, moment))


def commit_time(root: Path) -> int:
    """Return SOURCE_DATE_EPOCH, or else the time of the commit that is checked out."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    done = subprocess.run(
        ["git", "-C", str(root), "log", "-1", "--format=%ct"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError("This is no git checkout; set SOURCE_DATE_EPOCH to the time of release.")
    return int(done.stdout)
