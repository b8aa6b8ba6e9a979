"""The interpreter that a Linux build carries, laid out so that it runs from any folder.

It is CPython of Debian 12 with the few libraries it needs, each package by pinned hash.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from bundle import fetch, lock
from bundle.failure import BuildError

LIST = lock.LOCKS / "debian_python.json"
# Debian keeps every version that it ever shipped there, by the day on which it was current.
ARCHIVE = "https://snapshot.debian.org/archive"
SNAPSHOT = "20261124T000000Z"
SITE = Path("lib/python3.11/site-packages")

# Extension modules that nothing uses and whose libraries other distributions lack.
_UNUSED_MODULES = ("_crypt", "_curses", "_curses_panel", "_dbm", "nis", "ossaudiodev", "readline")
# Parts of the standard library for developers.
_UNUSED_PACKAGES = ("ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter")


@dataclass(frozen=True)
class Package:
    """A package of Debian: its name, version, source, file and SHA-256."""

    package: str
    version: str
    source: str
    source_version: str
    file: str
    sha256: str


def packages() -> tuple[Package, ...]:
    """Return the pinned packages of Debian."""
    return tuple(Package(**entry) for entry in json.loads(LIST.read_text(encoding="utf-8")))


def lay_out(runtime: Path, cache: Path) -> None:
    """Lay out Debian's interpreter in an empty folder.

    Raises
    ------
    BuildError
        If a package cannot be fetched, or is laid out otherwise than expected.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for package in packages():
            _run("dpkg-deb", "-x", _fetched(package, cache), root)
        _arrange(root / "usr", runtime)
        _keep_notices(root / "usr/share/doc", runtime / "share/doc")
        libraries = runtime / "lib"
        for place in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"):
            for library in sorted((root / place).glob("*.so.*")):
                # The name that is asked for, with the content of what it points to.
                if library.is_symlink():
                    shutil.copyfile(library.resolve(), libraries / library.name)
                elif not _has_alias(library):
                    shutil.copyfile(library, libraries / library.name)
    _unlink_system(runtime)


def _fetched(package: Package, cache: Path) -> Path:
    """Return a package's file from the cache, from apt or from Debian's archive."""
    cache.mkdir(parents=True, exist_ok=True)
    found = fetch.cached(cache, package.file, package.sha256)
    if found is None and shutil.which("apt-get"):
        subprocess.run(
            ["apt-get", "download", "-qq", f"{package.package}={package.version}"],
            cwd=cache,
            check=False,
            stderr=subprocess.DEVNULL,
        )
        found = fetch.cached(cache, package.file, package.sha256)
    if found is None:
        # Names of files in the archive have no epoch.
        name = unquote(package.file).split("_", 1)
        plain = f"{name[0]}_{name[1].rpartition(':')[2]}"
        source = package.source
        section = source[:4] if source.startswith("lib") else source[0]
        pool = f"{SNAPSHOT}/pool/main/{section}/{source}/{plain}"
        try:
            got = fetch.file(f"{ARCHIVE}/debian/{pool}", package.sha256, cache)
        except BuildError:
            got = fetch.file(f"{ARCHIVE}/debian-security/{pool}", package.sha256, cache)
        found = got.replace(cache / package.file)
    return found


def _arrange(usr: Path, runtime: Path) -> None:
    """Copy interpreter and standard library; take out what Debian's system alone needs."""
    (runtime / "bin").mkdir(parents=True)
    shutil.copy(usr / "bin/python3.11", runtime / "bin/python3.11")
    library = runtime / "lib/python3.11"
    unused = shutil.ignore_patterns(
        *(f"{name}.cpython-*" for name in _UNUSED_MODULES),
        *("__pycache__", "EXTERNALLY-MANAGED", "sitecustomize.py"),
    )
    shutil.copytree(usr / "lib/python3.11", library, ignore=unused)
    for name in _UNUSED_PACKAGES:
        shutil.rmtree(library / name, ignore_errors=True)
    # Debian looks for packages elsewhere than CPython does, by a `site` frozen into the program.
    elsewhere = library / "dist-packages"
    elsewhere.mkdir()
    (elsewhere / "site-packages.pth").write_text("../site-packages\n", encoding="ascii")
    _replace(library / "sysconfig.py", "'DEB_PYTHON_INSTALL_LAYOUT', 'posix_local'", "'', ''")
    _replace(
        library / "sysconfig.py", "prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'"
    )


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise BuildError(f"{path.name} is not the one that was expected: it has no {old}.")
    path.write_text(text.replace(old, new), encoding="utf-8")


def _keep_notices(shared: Path, target: Path) -> None:
    """Keep the copyright notices of the packages."""
    for notice in sorted(shared.glob("*/copyright")):
        if notice.is_file():
            (target / notice.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(notice, target / notice.parent.name / "copyright")


def _has_alias(library: Path) -> bool:
    """Return whether a link with a shorter name points to a library."""
    return any(
        other.is_symlink() and other.resolve() == library.resolve()
        for other in library.parent.iterdir()
    )


def _unlink_system(runtime: Path) -> None:
    """Make interpreter and modules take the libraries that lie beside them."""
    _run("patchelf", "--set-rpath", "$ORIGIN/../lib", runtime / "bin/python3.11")
    for module in sorted((runtime / "lib/python3.11/lib-dynload").glob("*.so")):
        _run("patchelf", "--set-rpath", "$ORIGIN/../..", module)
    for library in sorted((runtime / "lib").glob("*.so.*")):
        _run("patchelf", "--set-rpath", "$ORIGIN", library)


def _run(*command: str | Path) -> None:
    try:
        subprocess.run([str(part) for part in command], check=True)
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is missing. Install it and build again.") from error
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{command[0]} failed (see above).") from error
