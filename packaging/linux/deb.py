"""Makes the .deb: /opt/spaceport, a command and what tells the desktop of it."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
from email.utils import formatdate
from pathlib import Path

from bundle import layout
from bundle.failure import BuildError

from linux import desktop

HOME = "opt/spaceport"
_ROOT = Path(__file__).resolve().parents[2]
_OVERRIDES = Path(__file__).parent / "lintian-overrides"

# Of the libraries that are not carried: those that the window, OpenGL and the fonts of the desktop
# share with all others. `tests/packaging/linux/test_installed.py` holds this against the files.
DEPENDS = (
    *("libc6 (>= 2.35)", "libegl1", "libdbus-1-3", "libfontconfig1", "libfreetype6", "libgcc-s1"),
    *("libgl1", "libglib2.0-0", "libgomp1", "libstdc++6 (>= 11)", "libwayland-client0"),
    *("libwayland-cursor0", "libwayland-egl1", "libx11-6", "libx11-xcb1", "libxcb-cursor0"),
    *("libxcb-glx0", "libxcb-icccm4", "libxcb-image0", "libxcb-keysyms1", "libxcb-randr0"),
    *("libxcb-render-util0", "libxcb-render0", "libxcb-shape0", "libxcb-shm0", "libxcb-sync1"),
    *("libxcb-util1", "libxcb-xfixes0", "libxcb-xkb1", "libxcb1", "libxkbcommon-x11-0"),
    *("libxkbcommon0", "libzstd1"),
)
# Drivers, pictures of the desktop's own dialogs, and a font for a bare system.
RECOMMENDS = ("libgl1-mesa-dri", "libgtk-3-0", "fonts-dejavu-core", "xdg-utils")
_DESCRIPTION = """\
 Drop the photos of a drone flight into the window: Spaceport finds where each
 was taken, trains a Gaussian splat, compresses it and writes files that any
 splat viewer on the web opens. Everything runs on this computer.
 .
 This package carries its own Python and all packages it needs, so that it
 works offline. The engine for NVIDIA cards is fetched on request.
"""
MAINTAINER = "The Spaceport authors <spaceport@example.org>"


def control(version: str, installed_bytes: int, maintainer: str, homepage: str = "") -> str:
    """Return the control file.

    Parameters
    ----------
    version : str
        Of the package.
    installed_bytes : int
        What its files take.
    maintainer : str
        Name and address, as in ``Name <address>``.
    homepage : str, optional
        Web page of the project.
    """
    return (
        f"Package: spaceport\nVersion: {version}\nArchitecture: amd64\nMaintainer: {maintainer}\n"
        f"Installed-Size: {-(-installed_bytes // 1024)}\nDepends: {', '.join(DEPENDS)}\n"
        f"Recommends: {', '.join(RECOMMENDS)}\nSection: graphics\nPriority: optional\n"
        + (f"Homepage: {homepage}\n" if homepage else "")
        + "Description: turn drone photos into 3D Gaussian splats\n"
        + _DESCRIPTION
    )


def build(
    payload: Path, output: Path, work: Path, moment: int, level: int, about: tuple[str, str]
) -> Path:
    """Write the .deb and return it; `payload` moves into `work`.

    Parameters
    ----------
    payload : Path
        The folder that `linux.payload.lay_out` made.
    output : Path
        The folder for the package.
    work : Path
        An empty folder on the same disk.
    moment : int
        The time of all files, in seconds since 1970.
    level : int
        Of xz, 0 to 9.
    about : tuple of str
        Maintainer and homepage.

    Raises
    ------
    BuildError
        If dpkg-deb is missing or fails.
    """
    version = layout.version(_ROOT)
    home = work / HOME
    home.parent.mkdir(parents=True)
    payload.rename(home)
    share = work / "usr/share"
    desktop.lay_out(share, "/usr/bin/spaceport", version, moment, about[1])
    (work / "usr/bin").mkdir()
    (work / "usr/bin/spaceport").symlink_to(f"/{HOME}/bin/spaceport")
    _documents(share, version, moment, about[0])
    files = [path for path in sorted(work.rglob("*")) if path.is_file() and not path.is_symlink()]
    size = sum(-(-path.stat().st_size // 1024) * 1024 for path in files)
    sums = "".join(f"{_md5(path)}  {path.relative_to(work)}\n" for path in files)
    about_package = work / "DEBIAN"
    about_package.mkdir()
    (about_package / "control").write_text(control(version, size, *about), encoding="utf-8")
    (about_package / "md5sums").write_text(sums, encoding="utf-8")
    layout.set_times(work, moment)
    target = output / f"spaceport_{version}_amd64.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=2", f"-z{level}", "--build"]
    _run([*command, str(work), str(target)], moment)
    return target


def _documents(share: Path, version: str, moment: int, maintainer: str) -> None:
    """Write what Debian's policy asks of every package: its licences and changes."""
    documents = share / "doc/spaceport"
    documents.mkdir(parents=True)
    (documents / "copyright").write_text(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        "Upstream-Name: Spaceport\n"
        "Comment: This package as a whole goes under the GPL 3.0, as it carries SuiteSparse.\n"
        " The text is in /usr/share/common-licenses/GPL-3. The licences of all parts are in\n"
        f" /{HOME}/LICENSES.txt, Qt's (LGPL-3) among them.\n\n"
        "Files: *\nCopyright: 2026 The Spaceport authors\nLicense: Apache-2.0\n"
        " On Debian systems the full text of the Apache License 2.0 is in\n"
        " /usr/share/common-licenses/Apache-2.0.\n",
        encoding="utf-8",
    )
    change = (
        f"spaceport ({version}) stable; urgency=medium\n\n  * Version {version}.\n\n"
        f" -- {maintainer}  {formatdate(moment)}\n"
    )
    packed = gzip.compress(change.encode(), mtime=0)
    (documents / "changelog.gz").write_bytes(packed)
    overrides = share / "lintian/overrides"
    overrides.mkdir(parents=True)
    shutil.copyfile(_OVERRIDES, overrides / "spaceport")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _run(command: list[str], moment: int) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment)}
    try:
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BuildError(f"There is no {command[0]}. Install dpkg and build again.") from error
    if done.returncode:
        raise BuildError(f"{command[0]} failed:\n{done.stderr}")
