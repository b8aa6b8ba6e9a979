"""Builds twice in different folders and compares: ``reproduce.py -- COMMAND … {out} …``.

In the command, ``{out}`` stands for the folder into which it writes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundle.fetch import digest

from release.failure import ReleaseError

OUT = "{out}"


def built(command: list[str], folder: Path) -> dict[str, str]:
    """Run a build into a folder; return the hash of each file by its place.

    Raises
    ------
    ReleaseError
        If it fails or writes nothing.
    """
    folder.mkdir(parents=True)
    done = subprocess.run([word.replace(OUT, str(folder)) for word in command], check=False)
    if done.returncode:
        raise ReleaseError(f"The build ended with exit code {done.returncode}.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise ReleaseError("The build wrote nothing.")
    return {path.relative_to(folder).as_posix(): digest(path) for path in files}


def differences(first: dict[str, str], second: dict[str, str]) -> list[str]:
    """Return the places of files that two builds do not share."""
    return sorted(
        name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
    )


def main(arguments: list[str]) -> int:
    """Build twice and return 0 if both are the same."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not any(OUT in word for word in command):
        raise ReleaseError(f"The command does not say where it writes: put {OUT} into it.")
    with tempfile.TemporaryDirectory() as name:
        first = built(command, Path(name) / "one")
        second = built(command, Path(name) / "another place")
    unlike = differences(first, second)
    for file, found in first.items():
        sys.stdout.write(f"{found}  {file}{'  DIFFERS' if file in unlike else ''}\n")
    if unlike:
        raise ReleaseError(f"Two builds differ in: {', '.join(unlike)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReleaseError as error:
        sys.exit(str(error))
