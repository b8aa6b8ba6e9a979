"""Other programs that the tests compare with, from npm."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from development.words import complain, megabytes, say


def set_up(root: Path) -> None:
    """Install the npm packages of tests/peers; without npm the tests that need them skip."""
    folder = root / "tests" / "peers"
    wanted = folder / "package-lock.json"
    if not wanted.exists():
        return
    stamp = folder / "node_modules" / ".spaceport-complete"
    digest = hashlib.sha256(wanted.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    npm = shutil.which("npm")
    if npm is None:
        complain(
            "NOTE: npm is not here, so the tests that read our files with other programs"
            " are SKIPPED. Install Node.js 18 or later with npm, then run this again."
        )
        return
    say("Fetching the peers of the tests; npm does not tell their sizes beforehand.")
    # What has another hash than the lock file is refused, and no package runs a script of its own.
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run([npm, "ci", *options], cwd=folder, check=False).returncode:
        complain("NOTE: npm failed (see above), so the tests that need its packages are SKIPPED.")
        return
    size = sum(file.stat().st_size for file in stamp.parent.rglob("*") if file.is_file())
    say(f"The peers take {megabytes(size)} in {stamp.parent.relative_to(root)}.")
    stamp.write_text(digest, encoding="utf-8")
