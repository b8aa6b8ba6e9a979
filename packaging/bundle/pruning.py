"""Takes out of the packages what Spaceport never loads, by the same rules on Linux and Windows.

What `kept.json` names was seen loaded by the window and the command line, with all that those
libraries load themselves. `tests/packaging/linux/test_installed.py` runs both without the rest.
"""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from pathlib import Path

# Packages that others ask for and no line of what is shipped runs: VTK names matplotlib for
# formulas in pictures, torch names setuptools for building extensions.
NOT_SHIPPED = (
    *("contourpy", "cycler", "fonttools", "kiwisolver", "matplotlib", "pyparsing"),
    *("python-dateutil", "setuptools", "six"),
)
# Of Qt and VTK: the names of libraries and modules, and folders of plugins.
_KEPT = Path(__file__).parent / "kept.json"

# Plugins that need a Qt library which is not kept, or that drive no window of a desktop.
_NO_PLUGINS = re.compile(
    r"(lib)?q(pdf|tvirtualkeyboardplugin|eglfs|linuxfb|minimalegl|vkkhrdisplay|vnc|direct2d)\b"
)
_FOLDERS = (
    *("PySide6/qml", "PySide6/Qt/qml", "PySide6/Qt/libexec", "PySide6/Qt/metatypes"),
    *("PySide6/translations", "PySide6/Qt/translations", "PySide6/include", "PySide6/typesystems"),
    *("PySide6/glue", "PySide6/metatypes", "PySide6/doc", "PySide6/scripts", "PySide6/designer"),
    *("shiboken6/include", "torch/include", "torch/share", "torch/test", "numpy/_core/include"),
    *("pyqtgraph/examples", "vtkmodules/gtk", "vtkmodules/qt", "vtkmodules/tk", "vtkmodules/wx"),
    *("vtkmodules/web", "vtkmodules/test"),
)
# Files anywhere: what a linker or a type checker reads, debugging symbols, tests of libraries.
_FILES = ("*.lib", "*.a", "*.pdb", "*.obj", "*.pyi", "*.exp", "*.pyx", "*.pxd")
_TEST_LIBRARIES = (
    "torch/lib/*torchbind_test*",
    "torch/lib/*jitbackend_test*",
    "torch/lib/*backend_with_compiler*",
    "torch/lib/*aoti_custom_ops*",
)
# Numba shares loops out through OpenMP; its pool for TBB needs a library that no wheel brings.
_POOLS = ("numba/np/ufunc/tbbpool.*",)
# Programs that nothing of ours starts.
_PROGRAMS = ("PySide6/*.exe", "torch/bin/*")
_USED_PROGRAMS = ("torch_shm_manager", "torch_shm_manager.exe")


def prune(site: Path) -> int:
    """Remove what is not needed from a folder of packages, and return the bytes it took."""
    before = _bytes(site)
    tests = [path for name in ("tests", "test") for path in site.glob(f"*/**/{name}")]
    for folder in [*(site / name for name in _FOLDERS), *tests]:
        if folder.is_dir():
            shutil.rmtree(folder)
    for path in [*site.rglob("*")]:
        if path.is_file() and not is_used(path.relative_to(site)):
            path.unlink()
    for folder in sorted((path for path in site.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return before - _bytes(site)


def is_used(path: Path) -> bool:
    """Return whether a file of the packages stays, by its path below their folder."""
    if any(path.match(pattern) for pattern in (*_FILES, *_TEST_LIBRARIES, *_POOLS)):
        return False
    if any(path.match(pattern) for pattern in _PROGRAMS):
        return path.name in _USED_PROGRAMS
    top = path.parts[0]
    if top in ("vtkmodules", "vtk.libs"):
        return _is_used_of_vtk(path)
    return top != "PySide6" or _is_used_of_qt(path)


@cache
def _kept() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(_KEPT.read_text(encoding="utf-8"))
    return found


def _is_used_of_vtk(path: Path) -> bool:
    if len(path.parts) > 2:
        return True
    if re.match(r"(lib)?viskores|openxr_loader", path.name):
        return False
    found = re.match(r"(?:lib)?vtk(.+?)(?:-\d.*|\.(?:cpython-.*|cp\d.*|so|pyd|dll))$", path.name)
    return found is None or found[1] in _kept()["vtk"]


def _is_used_of_qt(path: Path) -> bool:
    parts = path.parts[2:] if path.parts[1] == "Qt" else path.parts[1:]
    if parts[0] == "plugins":
        return parts[1] in _kept()["qt_plugins"] and not _NO_PLUGINS.match(path.name)
    found = re.match(r"(?:lib)?Qt6?(\w+?)(?:\.abi3\.so|\.so\.6|\.pyd|\.dll)$", path.name)
    if found is not None:
        return found[1] in _kept()["qt_modules"]
    # What is left beside the modules without an ending are Qt's tools.
    return bool(path.suffix) and "pyside6qml" not in path.name


def drop_licence_files(site: Path) -> None:
    """Remove the licence files of packages, once LICENSES.txt holds them all.

    Some lie so deep in folders that Windows could not write them.
    """
    for folder in [*site.glob("*.dist-info/licenses")]:
        shutil.rmtree(folder)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
