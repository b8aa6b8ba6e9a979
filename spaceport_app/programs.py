"""Other programs of this computer, looked for where its owner put them and nowhere else.

``shutil.which`` and Windows itself look into the current folder first. That is the folder of a
file that was double-clicked, and whoever made the file may have put a ``nvidia-smi.exe`` beside
it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_USUAL_PATH = os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin"))
"""Where there is no PATH, as in what some services start."""


def find(
    name: str, environment: Mapping[str, str] | None = None, *, windows: bool | None = None
) -> Path | None:
    """Return where a program lies, or None where this computer has none of that name.

    Only absolute folders of PATH count; on Windows those of the system and of NVIDIA's driver
    come before it, and only a ``.exe`` is a program.

    Parameters
    ----------
    name : str
        As typed, without a folder and, on Windows, without ``.exe``.
    environment : mapping, optional
        Environment variables; those of this process by default.
    windows : bool, optional
        Whether the rules of Windows hold; by default, whether this is Windows.

    Raises
    ------
    ValueError
        If the name is none: a path, for one.
    """
    if windows is None:
        windows = sys.platform == "win32"
    if not name or set(name) & set("/\\:\0") or name in (".", ".."):
        raise ValueError(f"{name!r} is no name of a program")
    variables = os.environ if environment is None else environment
    file = f"{name}.exe" if windows else name
    for folder in _windows_folders(variables) if windows else _folders(variables, os.pathsep):
        if _runs(folder / file, windows):
            return folder / file
    return None


def _windows_folders(variables: Mapping[str, str]) -> Iterator[Path]:
    # The names of variables are capitals in `os.environ` there, however they are written.
    places = (
        (variables.get("SYSTEMROOT"), ("System32",)),
        (variables.get("PROGRAMFILES"), ("NVIDIA Corporation", "NVSMI")),
    )
    for root, below in places:
        if root and Path(root).is_absolute():
            yield Path(root, *below)
    yield from _folders(variables, ";")


def _folders(variables: Mapping[str, str], separator: str) -> Iterator[Path]:
    # An empty entry means the current folder, and quotes are what some installers write.
    for entry in variables.get("PATH", _USUAL_PATH).split(separator):
        folder = entry.strip('"') if separator == ";" else entry
        if folder and Path(folder).is_absolute():
            yield Path(folder)


def _runs(path: Path, windows: bool) -> bool:
    try:
        return path.is_file() and (windows or os.access(path, os.X_OK))
    except (OSError, ValueError):
        return False
