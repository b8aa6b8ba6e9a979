"""Which Python may run the set-up. Old ones must be able to read this file."""

import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)


def fits(version: "tuple[int, ...]") -> bool:
    """Return whether a Python version can run Spaceport."""
    return OLDEST <= tuple(version[:2]) <= NEWEST


def other() -> "str | None":
    """Return the path of a Python on this computer that fits, the newest first."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which("python3.%d" % minor)  # noqa: UP031
        if found:
            return found
    return None


def refusal(version: "tuple[int, ...]") -> str:
    """Return the sentence for a Python that does not fit."""
    return (
        "Spaceport needs Python 3.{0} to 3.{1}, and this is {2}.{3}. Install Python 3.{1} "
        "(python.org, or your system's packages) and run this with it."
    ).format(OLDEST[1], NEWEST[1], version[0], version[1])


def hand_over(arguments: "list[str]") -> int:
    """Run the same command with a Python that fits, or say which one is needed."""
    found = other()
    if found is None:
        sys.stderr.write(refusal(tuple(sys.version_info[:2])) + "\n")
        return 1
    sys.stdout.write("Going on with " + found + "\n")
    sys.stdout.flush()
    return subprocess.call([found, *arguments])
