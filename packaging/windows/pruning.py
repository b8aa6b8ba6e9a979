"""Takes out of the Windows packages what only building against them needs, never what runs."""

from __future__ import annotations

import shutil
from pathlib import Path

# Folders: QML that no window of ours is made of, headers, tools of Qt, tests of the packages.
_FOLDERS = (
    *("PySide6/qml", "PySide6/translations", "PySide6/include", "PySide6/typesystems"),
    *("PySide6/glue", "PySide6/metatypes", "PySide6/doc", "PySide6/scripts"),
    *("PySide6/plugins/qmltooling", "PySide6/plugins/qmllint", "PySide6/plugins/designer"),
    *("shiboken6/include", "torch/include", "torch/share", "torch/test", "numpy/_core/include"),
    *("numba/tests", "matplotlib/tests", "networkx/tests", "pyqtgraph/examples"),
)
# Files anywhere: what a linker or a type checker reads, and debugging symbols.
_FILES = ("*.lib", "*.pdb", "*.obj", "*.pyi", "*.exp")
# Programs of Qt and torch that nothing of ours starts.
_PROGRAMS = ("PySide6/*.exe", "torch/bin/*.exe")


def prune(site: Path) -> int:
    """Remove what is not needed from a folder of packages, and return the bytes it took."""
    before = _bytes(site)
    for folder in _FOLDERS:
        if (site / folder).is_dir():
            shutil.rmtree(site / folder)
    for pattern in _FILES:
        for path in [*site.rglob(pattern)]:
            path.unlink()
    for pattern in _PROGRAMS:
        for path in [*site.glob(pattern)]:
            path.unlink()
    return before - _bytes(site)


def drop_licence_files(site: Path) -> None:
    """Remove the licence files of packages, once LICENSES.txt holds them all.

    Some lie so deep in folders that Windows could not write them.
    """
    for folder in [*site.glob("*.dist-info/licenses")]:
        shutil.rmtree(folder)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
