"""The GPU engine that this user has set up: where it lies, whether it is whole, and its use.

An engine is a folder of packages (torch for CUDA, gsplat) outside the program. A process that
renders puts it in front of its own packages before it imports torch; the window never does, so
it needs no restart when another engine is set up. Nothing here is heavy to import.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from msgspec import Meta

from spaceport_app import inside, records

FOLDER_VARIABLE = "SPACEPORT_ENGINES"
"""Environment variable for another folder, on a larger disk, say."""
RECORD = "active.json"
ABOUT = "engine.json"
SITE = "site"
SCHEMA = 1
_MOST_BYTES = 1 << 24

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InstalledEngine:
    """An engine in a folder of its own.

    Parameters
    ----------
    name : str
        Name of the folder.
    folder : Path
    versions : mapping
        Versions of ``torch``, ``gsplat`` and ``cuda``, as far as it has them.
    installed_bytes : int
        What it takes on disk.
    trouble : str
        Why it cannot be used, to stand behind a colon; empty if it can.
    """

    name: str
    folder: Path
    versions: Mapping[str, str] = field(default_factory=dict)
    installed_bytes: int = 0
    trouble: str = ""

    @property
    def site(self) -> Path:
        """The folder of its packages."""
        return self.folder / SITE

    def words(self) -> str:
        """Return what it is made of, for a person: ``torch 2.13.0, gsplat 1.5.3, CUDA 13.0``."""
        names = {"cuda": "CUDA"}
        parts = [f"{names.get(name, name)} {version}" for name, version in self.versions.items()]
        return ", ".join(parts) or self.name


@dataclass(frozen=True)
class _Record:
    active: str = ""
    previous: str = ""


@dataclass(frozen=True)
class _About:
    schema: int
    python: str
    versions: dict[str, str]
    installed_bytes: Annotated[int, Meta(ge=0)]
    files: dict[str, Annotated[int, Meta(ge=0)]]

    def __post_init__(self) -> None:
        for name in self.files:
            inside.plain_parts(name)


def home() -> Path:
    """Return the folder in which engines lie, whether it exists or not."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given)
    return Path(platformdirs.user_data_dir("spaceport", appauthor=False)) / "engines"


def python_tag() -> str:
    """Return the Python for which packages of this process are built: ``3.11``."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def record(folder: Path | None = None) -> dict[str, str]:
    """Return the names of the engine in use and of the one before, as far as there are any."""
    try:
        found = records.parse(inside.read_regular((folder or home()) / RECORD, _MOST_BYTES))
    except (OSError, ValueError):
        return {}
    chosen = vars(records.fitting(found, _Record))
    return {key: name for key, name in chosen.items() if _is_plain(name)}


def current(folder: Path | None = None) -> InstalledEngine | None:
    """Return the engine in use, with its trouble if it has some; None where none is set up."""
    name = record(folder).get("active")
    return look((folder or home()) / name) if name else None


def look(folder: Path) -> InstalledEngine:
    """Return what the engine in `folder` is, and whether all of it is still there."""
    try:
        about = records.decode(inside.read_regular(folder / ABOUT, _MOST_BYTES), _About)
    except (OSError, ValueError) as error:
        _log.info("the engine in %s cannot be read: %s", folder, error)
        return InstalledEngine(folder.name, folder, trouble="its files are damaged")
    engine = InstalledEngine(folder.name, folder, about.versions, about.installed_bytes)
    trouble = ""
    if about.schema != SCHEMA:
        trouble = "another version of Spaceport has made it"
    elif about.python != python_tag():
        trouble = f"it was made for Python {about.python[:20]}, and this is {python_tag()}"
    elif gone := next((n for n, size in about.files.items() if not _is(folder, n, size)), ""):
        trouble = f"{gone.rpartition('/')[2]} is gone or damaged"
    return InstalledEngine(
        engine.name, engine.folder, engine.versions, engine.installed_bytes, trouble
    )


def use(folder: Path | None = None) -> str:
    """Have this process take torch from the engine in use; to call before torch is imported.

    Where that is not possible the program's own torch stays, and with it the CPU engine.

    Returns
    -------
    str
        Why the engine that is set up is not used, one sentence; empty if it is, or if there
        is none.
    """
    engine = current(folder)
    if engine is None:
        return ""
    trouble = engine.trouble or _take(engine.site)
    if not trouble:
        return ""
    _log.warning("the GPU engine in %s is not used: %s", engine.folder, trouble)
    return f"The GPU engine cannot be used, so the CPU engine works instead: {trouble}."


def _take(site: Path) -> str:
    loaded = sys.modules.get("torch")
    if loaded is not None:
        return "" if _is_below(loaded, site) else "torch is in use already"
    before = set(sys.modules)
    sys.path.insert(0, str(site))
    importlib.invalidate_caches()
    try:
        importlib.import_module("torch")
    except Exception as error:
        _log.warning("torch of the GPU engine cannot be imported", exc_info=True)
        sys.path.remove(str(site))
        for name in set(sys.modules) - before:
            if _is_below(sys.modules[name], site):
                del sys.modules[name]
        importlib.invalidate_caches()
        return " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(".")
    return ""


def _is_below(module: Any, folder: Path) -> bool:
    place = getattr(module, "__file__", None)
    return isinstance(place, str) and Path(place).is_relative_to(folder)


def _is(folder: Path, name: str, size: int) -> bool:
    try:
        return (folder / SITE / name).stat().st_size == size
    except OSError:
        return False


def _is_plain(name: object) -> bool:
    """Whether this is the name of a folder, and no way out of where engines lie."""
    plain = isinstance(name, str) and bool(name) and Path(name).name == name and name[0] != "."
    return plain and inside.is_possible(str(name))
