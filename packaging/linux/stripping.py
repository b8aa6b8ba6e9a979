"""Takes out of libraries the names of inner functions, of use to debuggers alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bundle.failure import BuildError

_ELF = b"\x7fELF"


def libraries(folder: Path) -> list[Path]:
    """Return the programs and libraries below a folder, sorted."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(len(_ELF)) == _ELF:
                    found.append(path)
    return found


def strip(folder: Path) -> None:
    """Strip all programs and libraries below a folder.

    Raises
    ------
    BuildError
        If strip is missing or fails.
    """
    program = shutil.which("strip")
    if program is None:
        raise BuildError("There is no strip. Install binutils and build again.")
    for path in libraries(folder):
        done = subprocess.run(
            [program, "--strip-unneeded", str(path)], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise BuildError(f"strip failed: {done.stderr}")
        if ".so" in path.name:
            path.chmod(0o644)
