"""The table of engines that can be set up: which packages, from where, for which driver.

It is data (``recipes.json``), so that a mirror or a newer table can be used in its place. A
checksum stands there only where a registry or the maker publishes it; without one, the package
counts as unverified and a person has to agree to it.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from msgspec import Meta

from spaceport_app import inside, records
from spaceport_app.engine_setup.gpu import Version, version
from spaceport_app.errors import StageError

SCHEMA = 1
_MOST_BYTES = 1 << 24
_HERE = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Package:
    """A wheel to fetch.

    Parameters
    ----------
    name, version : str
    url : str
        Its address; the last part is the name of the file.
    bytes : int or None
        Its size, None where nobody publishes it.
    sha256 : str or None
        Its checksum, None where nobody publishes it.
    """

    name: str
    version: str
    url: str
    bytes: int | None
    sha256: str | None

    @property
    def file(self) -> str:
        """Name of the file, as installers read it."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name

    @property
    def host(self) -> str:
        """Who gives it out."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class Recipe:
    """An engine that fits some computers.

    Parameters
    ----------
    name : str
        Beginning of the folder's name.
    system : str
        As `this_system` returns it.
    python : str
        Python for which the packages are built.
    device : str
        Where the self-test runs: ``"cuda"``; ``"cpu"`` for engines that need no card.
    versions : mapping
        What it is, for a person.
    least_driver : tuple of int
        Oldest driver with which it runs.
    least_capability : tuple of int
        Oldest compute capability of a card.
    installed_bytes : int
        What the packages take on disk; 0 where that was not measured.
    imports : tuple of str
        What has to be importable from its folder.
    packages : tuple of Package
    """

    name: str
    system: str
    python: str
    device: str
    versions: Mapping[str, str]
    least_driver: Version
    least_capability: Version
    installed_bytes: int
    imports: tuple[str, ...]
    packages: tuple[Package, ...]

    @property
    def words(self) -> str:
        """What it is made of, for a person."""
        names = {"cuda": "CUDA"}
        return ", ".join(f"{names.get(key, key)} {value}" for key, value in self.versions.items())


def this_system() -> str:
    """Return the system of this computer: ``linux-x86_64``, ``windows-x86_64`` and so on."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    return f"{'windows' if sys.platform == 'win32' else sys.platform}-{machine}"


def read(path: Path | None = None) -> tuple[Recipe, ...]:
    """Return the recipes of a table, by default of the one that comes with Spaceport.

    Raises
    ------
    StageError
        ``bad_recipes`` if the table cannot be understood, or wants something unsafe.
    OSError
        If the file cannot be read.
    """
    try:
        if path is None:
            data = resources.files(__package__).joinpath("recipes.json").read_bytes()
        else:
            data = inside.read_regular(path, _MOST_BYTES)
        found = records.parse(data)
        schema = found.get("schema") if isinstance(found, dict) else None
        if schema != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        return tuple(map(_recipe, records.convert(found, _Table).recipes))
    except ValueError as error:
        raise StageError(
            "bad_recipes",
            f"The table of engines {path or 'of Spaceport'} cannot be used ({error}).",
            "Use the table that comes with Spaceport, or mend this one.",
        ) from error


_Word: TypeAlias = Annotated[str, Meta(max_length=200)]


@dataclass(frozen=True)
class _File:
    name: _Word
    version: _Word
    url: Annotated[str, Meta(max_length=2000)]
    bytes: Any
    sha256: str | None


@dataclass(frozen=True)
class _Recipe:
    name: _Word
    system: _Word
    python: _Word
    device: Literal["cuda", "cpu"]
    versions: dict[_Word, _Word]
    least_driver: _Word
    least_capability: _Word
    installed_bytes: Annotated[int, Meta(ge=0)]
    imports: tuple[_Word, ...]
    files: Annotated[tuple[_File, ...], Meta(min_length=1)]


@dataclass(frozen=True)
class _Table:
    recipes: tuple[_Recipe, ...]


def _recipe(given: _Recipe) -> Recipe:
    if not _NAME.fullmatch(given.name):
        raise ValueError(f"{given.name!r} is no name of a folder")
    return Recipe(
        given.name,
        given.system,
        given.python,
        given.device,
        given.versions,
        version(given.least_driver),
        version(given.least_capability),
        given.installed_bytes,
        given.imports,
        tuple(map(_package, given.files)),
    )


def _package(given: _File) -> Package:
    size = given.bytes
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise ValueError(f"{str(size)[:40]!r} is no number of bytes")
    package = Package(given.name, given.version, given.url, size, given.sha256)
    if given.sha256 is not None and not _SHA256.fullmatch(given.sha256):
        raise ValueError(f"{package.name} has no SHA-256")
    parts = urlsplit(package.url)
    if parts.scheme not in ("http", "https") or not package.file.endswith(".whl"):
        raise ValueError(f"{package.url[:100]} is no address of a wheel")
    if not _NAME.fullmatch(package.file):
        raise ValueError(f"{package.file[:100]!r} is no name of a file")
    if given.sha256 is None and parts.scheme != "https" and parts.hostname not in _HERE:
        raise ValueError(f"{package.name} has neither a checksum nor a secure address")
    return package
