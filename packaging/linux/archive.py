"""Makes the archive for other distributions: the folder, the desktop's files and install.sh."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

from bundle import layout
from bundle.failure import BuildError

from linux import desktop

_ROOT = Path(__file__).resolve().parents[2]
_INSTALL = Path(__file__).parent / "install.sh"
# Stands in the menu entry until install.sh knows where the command lies.
COMMAND = "@command@"


def build(payload: Path, output: Path, work: Path, moment: int, level: int, homepage: str) -> Path:
    """Write the .tar.xz and return it; `payload` moves into `work`.

    Parameters
    ----------
    payload : Path
        The folder that `linux.payload.lay_out` made.
    output : Path
        The folder for the archive.
    work : Path
        An empty folder on the same disk.
    moment : int
        The time of all files, in seconds since 1970.
    level : int
        Of xz, 0 to 9.
    homepage : str
        Web page of the project, or nothing.

    Raises
    ------
    BuildError
        If xz is missing or fails.
    """
    version = layout.version(_ROOT)
    top = work / f"spaceport-{version}"
    top.mkdir()
    payload.rename(top / "spaceport")
    desktop.lay_out(top / "share", COMMAND, version, moment, homepage)
    shutil.copyfile(_INSTALL, top / "install.sh")
    (top / "install.sh").chmod(0o755)
    layout.set_times(work, moment)
    target = output / f"spaceport-{version}-linux-x86_64.tar.xz"
    program = shutil.which("xz")
    if program is None:
        raise BuildError("There is no xz. Install xz-utils and build again.")
    # With a fixed number of threads the bytes do not depend on the computer.
    command = [program, "--compress", "--stdout", "--threads=2", f"-{level}"]
    with target.open("wb") as file:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file) as packer:
            assert packer.stdin is not None
            with tarfile.open(fileobj=packer.stdin, mode="w|", format=tarfile.GNU_FORMAT) as tar:
                for path in (top, *sorted(top.rglob("*"))):
                    tar.add(path, str(path.relative_to(work)), recursive=False, filter=_nobody)
        if packer.returncode:
            raise BuildError("xz failed (see above).")
    return target


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
