"""Runs makensis on the script, and signs what it made where a tool is named for that."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from bundle.failure import BuildError
from release import signing

from windows import script
from windows.script import Setup


def make(setup: Setup) -> None:
    """Write Setup.exe.

    Raises
    ------
    BuildError
        If makensis is missing or fails, or a path is too long for Windows.
    """
    program = shutil.which("makensis")
    if program is None:
        raise BuildError("There is no makensis. Install NSIS (Debian: nsis).")
    for path in setup.payload.rglob("*"):
        inside = path.relative_to(setup.payload).as_posix()
        if len(inside) > script.LONGEST_PATH:
            raise BuildError(f"This path is too long for Windows: {inside}")
    setup.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "setup.nsi"
        file.write_text(script.text(setup), encoding="utf-8")
        done = subprocess.run(
            [program, "-V2", "-INPUTCHARSET", "UTF8", str(file)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode:
        raise BuildError(f"makensis failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    signing.sign(setup.output, signing.WINDOWS)
