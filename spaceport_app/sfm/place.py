"""Whether the database can lie in a folder: told before the start, in words."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from spaceport_app.errors import StageError

BUILDING = "building-database.db"
"""The longest name of the database, while it is made."""

# SQLite refuses paths of over 512 bytes, links resolved, and adds up to 8 for its journal
# (MAX_PATHNAME in its os_unix.c; pycolmap 4.2 opens one of 504 and none of 505).
_LONGEST_PATH = 504


def check(scratch: Path, folder: Path) -> None:
    """Make sure that the path of the database is not too long.

    Parameters
    ----------
    scratch : Path
        Where it will lie.
    folder : Path
        The project, as a person knows it.

    Raises
    ------
    StageError
        ``path_too_long``.
    """
    if sys.platform == "win32":
        return
    longest = max(len(os.fsencode(path)) for path in (scratch.absolute(), scratch.resolve()))
    over = longest + 1 + len(BUILDING) - _LONGEST_PATH
    if over > 0:
        raise StageError(
            "path_too_long",
            f"The path of {folder.name} is {over} bytes too long for the database of features.",
            "Choose a project folder with a shorter path.",
        )
