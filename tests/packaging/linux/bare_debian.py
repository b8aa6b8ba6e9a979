"""A bare Debian 12 in a folder, to install packages in. Needs root and debootstrap."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MIRROR = os.environ.get("SPACEPORT_DEBIAN_MIRROR", "http://deb.debian.org/debian")
PERSON = "pilot"
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C.UTF-8",
}


class Debian:
    """The system in the folder `root`, with one person who is no administrator."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home" / PERSON

    def run(
        self, *words: str, timeout: float = 600, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as root; `more` are environment variables."""
        return subprocess.run(
            ["chroot", self.root, *words],
            env={**_ENVIRONMENT, "HOME": "/root", **more},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *words: str, offline: bool = True, **more: str) -> subprocess.Popen[str]:
        """Start a program as the person, without a network unless `offline` is False."""
        alone = ["unshare", "--net"] if offline else []
        return subprocess.Popen(
            [*alone, "chroot", f"--userspec={PERSON}:{PERSON}", self.root, *words],
            env={**_ENVIRONMENT, "HOME": f"/home/{PERSON}", **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ask(self, *words: str, timeout: float = 600) -> str:
        """Run a program as the person, offline, and return what it wrote; it must end with 0."""
        with self.start(*words) as process:
            try:
                said, _ = process.communicate(timeout=timeout)
            finally:
                process.kill()
        assert process.returncode == 0, said[-4000:]
        return said

    def install(self, package: Path) -> None:
        """Install a package file with all that it depends on and recommends."""
        shutil.copy(package, self.root / "tmp" / package.name)
        done = self.run("apt-get", "install", "-q", "-y", f"/tmp/{package.name}", timeout=1200)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        (self.root / "tmp" / package.name).unlink()

    def files(self) -> set[str]:
        """Return the paths of all files but of the kernel's and of those that come and go."""
        found = set()
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            if here == self.root:
                folders[:] = [name for name in folders if name not in ("proc", "dev", "sys", "tmp")]
            found |= {str((here / name).relative_to(self.root)) for name in names}
        return found


@contextmanager
def running(folder: Path) -> Iterator[Debian]:
    """Lay out a minimal Debian 12 in a folder, and remove it at the end."""
    root = folder / "debian"
    try:
        subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", root, _MIRROR],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        system = Debian(root)
        for name in ("etc/hosts", "etc/resolv.conf"):
            shutil.copy(f"/{name}", root / name)
        subprocess.run(["mount", "--bind", "/proc", root / "proc"], check=True)
        assert system.run("useradd", "--create-home", PERSON).returncode == 0
        assert system.run("apt-get", "update", "-q").returncode == 0
        yield system
    finally:
        subprocess.run(["umount", "-l", root / "proc"], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(root, ignore_errors=True)
