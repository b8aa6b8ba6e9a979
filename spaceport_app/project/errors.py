"""A project that cannot be used, and what to do about it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from spaceport_app.errors import StageError


class ProjectError(StageError):
    """The project folder itself is the trouble: locked, damaged, newer, not writable."""


def unwritable(folder: Path, error: OSError) -> ProjectError:
    """Return what to tell of a project folder that the system will not write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ProjectError(
            "disk_full",
            f"The disk of {folder} is full.",
            "Free some space, or choose another folder.",
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return ProjectError(
            "no_folder",
            f"{folder} cannot be made: a file has that name.",
            "Choose another folder.",
        )
    return ProjectError(
        "no_permission",
        f"{folder} cannot be written ({os.strerror(error.errno or 0)}).",
        "Check its permissions, or choose another folder.",
    )
