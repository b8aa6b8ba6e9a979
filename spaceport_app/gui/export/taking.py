"""Exported files copied to where a person wants them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from spaceport_app import removing
from spaceport_app.errors import StageError
from spaceport_app.inside import is_link
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
        with writing(target):
            # Of a name that nothing had: it is removed again if the copy fails.
            place = Path(tempfile.mkdtemp(prefix=".spaceport-", dir=folder))
            try:
                partial = place / path.name
                if path.is_dir():
                    shutil.copytree(path, partial, ignore=_links)
                else:
                    shutil.copyfile(path, partial)
                partial.rename(target)
            finally:
                removing.try_to_remove(place)


def _links(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if is_link(Path(folder, name))}
