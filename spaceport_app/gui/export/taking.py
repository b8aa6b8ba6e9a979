"""Exported files copied to where a person wants them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from spaceport_app.errors import StageError
from spaceport_app.sogs.file import writing


def take_away(paths: Sequence[Path], folder: Path) -> None:
    """Copy files and folders into `folder`; nothing there is overwritten.

    Raises
    ------
    StageError
        ``exists``, ``disk_full`` or ``not_writable``.
    """
    for path in paths:
        if (folder / path.name).exists():
            raise StageError(
                "exists",
                f"{folder / path.name} exists already.",
                "Choose another folder, or move it away.",
            )
    for path in paths:
        target = folder / path.name
        partial = folder / f".{path.name}.partial"
        with writing(target):
            if path.is_dir():
                shutil.rmtree(partial, ignore_errors=True)
                shutil.copytree(path, partial)
            else:
                shutil.copyfile(path, partial)
            partial.rename(target)
