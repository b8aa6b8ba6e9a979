"""Signs files with tools that variables of the environment name; without them nothing is signed.

``SPACEPORT_SIGN_WINDOWS`` signs Setup.exe and what is in it, ``SPACEPORT_SIGN_SUMS`` the list of
hashes. Both are command lines in which ``{file}`` stands for the file::

    SPACEPORT_SIGN_WINDOWS='signtool sign /fd sha256 /tr http://timestamp.example /td sha256 {file}'
    SPACEPORT_SIGN_SUMS='gpg --batch --armor --detach-sign {file}'
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from release.failure import ReleaseError

WINDOWS, SUMS = "SPACEPORT_SIGN_WINDOWS", "SPACEPORT_SIGN_SUMS"
FILE = "{file}"


def command(variable: str, file: str) -> list[str]:
    """Return the command that signs a file; empty where the variable names none.

    Raises
    ------
    ReleaseError
        If the variable names no place for the file.
    """
    line = os.environ.get(variable, "").strip()
    if not line:
        return []
    if FILE not in line:
        raise ReleaseError(f"{variable} does not say where the file goes: write {FILE} into it.")
    # On Windows a backslash belongs to a path, so quotes alone are read.
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split = True
    reader.commenters = ""
    reader.escape = ""
    return [word.replace(FILE, file) for word in reader]


def sign(path: Path, variable: str) -> bool:
    """Sign a file, and return whether a tool was named for it.

    Raises
    ------
    ReleaseError
        If the tool is missing or fails.
    """
    words = command(variable, str(path))
    if not words:
        return False
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True)
    except OSError as error:
        raise ReleaseError(f"{variable}: {words[0]} does not start ({error}).") from error
    if done.returncode:
        # Its own words may hold a secret of the command line, so they are not repeated.
        raise ReleaseError(f"{variable}: {words[0]} did not sign {path.name}.")
    return True
