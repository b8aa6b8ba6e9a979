"""Builds Spaceport.exe and bin/spaceport.exe with MinGW-w64, the same bytes every time."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from bundle.failure import BuildError

_HERE = Path(__file__).parent
_PREFIX = "x86_64-w64-mingw32-"
_RESOURCE = """\
#include <windows.h>
1 ICON "spaceport.ico"
CREATEPROCESS_MANIFEST_RESOURCE_ID RT_MANIFEST "launcher.manifest"
VS_VERSION_INFO VERSIONINFO
FILEVERSION {numbers}
PRODUCTVERSION {numbers}
FILEOS VOS_NT_WINDOWS32
FILETYPE VFT_APP
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "040904B0"
    BEGIN
      VALUE "FileDescription", "Spaceport"
      VALUE "FileVersion", "{version}"
      VALUE "LegalCopyright", "Apache License 2.0"
      VALUE "OriginalFilename", "Spaceport.exe"
      VALUE "ProductName", "Spaceport"
      VALUE "ProductVersion", "{version}"
    END
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x409, 1200
  END
END
"""


def build(version: str, folder: Path) -> None:
    """Write both launchers below a folder.

    Parameters
    ----------
    version : str
        Three numbers with dots between them.
    folder : Path
        Gets ``Spaceport.exe`` and ``bin/spaceport.exe``.

    Raises
    ------
    BuildError
        If the compiler is missing or fails.
    """
    compiler, resources = _tool("gcc"), _tool("windres")
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    numbers = ",".join([*version.split("."), "0"])
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for file in (_HERE / "launcher").iterdir():
            shutil.copy(file, work)
        shutil.copy(_HERE / "spaceport.ico", work)
        text = _RESOURCE.format(version=version, numbers=numbers)
        (work / "launcher.rc").write_text(text, encoding="ascii")
        # From within the folder, so that no path of this build gets into the programs.
        _run([resources, "launcher.rc", "launcher.o"], work)
        for options, program in (
            (["-mwindows"], "Spaceport.exe"),
            (["-mconsole", "-DCONSOLE"], "terminal.exe"),
        ):
            _run(
                [
                    *(compiler, "-O2", "-s", "-Wall", "-Werror"),
                    *("-static", "-Wl,--no-insert-timestamp", "-Wl,--dynamicbase,--nxcompat"),
                    *(*options, "-o", program, "launcher.c", "launcher.o"),
                ],
                work,
            )
        shutil.copy(work / "Spaceport.exe", folder / "Spaceport.exe")
        shutil.copy(work / "terminal.exe", folder / "bin" / "spaceport.exe")


def _tool(name: str) -> str:
    for candidate in (_PREFIX + name, name):
        found = shutil.which(candidate)
        if found is not None:
            return found
    raise BuildError(
        f"There is no {_PREFIX}{name}. Install MinGW-w64 (Debian: gcc-mingw-w64-x86-64-win32)."
    )


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")
