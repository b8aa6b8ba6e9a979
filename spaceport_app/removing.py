"""The one place that removes folders: a link is taken away, what it leads to stays."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spaceport_app.inside import is_link


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all it holds, if it is there.

    Links are removed and never followed, at `path` and below it.

    Raises
    ------
    OSError
        If something cannot be removed.
    """
    if is_link(path):
        _unlink(path)
    elif path.is_dir():
        shutil.rmtree(path, onerror=_once_writable)
    else:
        path.unlink(missing_ok=True)


def try_to_remove(path: Path) -> None:
    """Remove what can be removed of `path`; what cannot stays."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not is_link(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            remove(path)


def _unlink(link: Path) -> None:
    try:
        link.unlink()
    except OSError:
        # A junction of Windows goes as a folder does.
        link.rmdir()


def _once_writable(function: Callable[..., Any], name: str, failure: Any) -> None:
    """Try once more what failed for a file marked read-only, as Windows refuses those."""
    if os.name != "nt" or function not in (os.unlink, os.rmdir):
        raise failure[1]
    Path(name).chmod(stat.S_IWRITE)
    function(name)
