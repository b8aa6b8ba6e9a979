"""Bring locked files into a cache, each checked by its SHA-256 before anything uses it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from development import torch_choice, web

from bundle import lock
from bundle.failure import BuildError

_CHUNK = 1 << 20


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached(cache: Path, file: str, sha256: str) -> Path | None:
    """Return a file of the cache; a damaged one is removed and counts as missing.

    Parameters
    ----------
    cache : Path
        The folder.
    file : str
        Name of the file in it.
    sha256 : str
        What it must be.
    """
    path = cache / file
    if not path.is_file():
        return None
    if digest(path) != sha256:
        path.unlink()
        return None
    return path


def wheels(platform: str, cache: Path) -> tuple[Path, ...]:
    """Return the locked wheels of a platform, in the order of its list.

    Those that the cache lacks are fetched by pip, which checks the same hashes.

    Raises
    ------
    BuildError
        If a wheel cannot be fetched or has another hash.
    """
    cache.mkdir(parents=True, exist_ok=True)
    locked = lock.read(platform)
    missing = [wheel for wheel in locked if cached(cache, wheel.file, wheel.sha256) is None]
    for source in (lock.PYPI, lock.PYTORCH_CPU):
        wanted = [wheel for wheel in missing if wheel.source == source]
        if wanted:
            _download(wanted, platform, cache, _index(source))
    found = []
    for wheel in locked:
        path = cached(cache, wheel.file, wheel.sha256)
        if path is None:
            raise BuildError(f"pip brought no {wheel.file} with the locked hash into {cache}.")
        found.append(path)
    return tuple(found)


def file(url: str, sha256: str, cache: Path) -> Path:
    """Return one file from the web (or of this computer, ``file://``) by address and hash.

    Raises
    ------
    BuildError
        If it cannot be fetched over https, redirects included, or is another file.
    """
    if urlsplit(url).scheme not in ("https", "file"):
        raise BuildError(f"{url} is no https:// address.")
    cache.mkdir(parents=True, exist_ok=True)
    name = Path(urllib.request.url2pathname(url.rpartition("/")[2])).name
    found = cached(cache, name, sha256)
    if found is not None:
        return found
    partial = cache / f".{name}.partial"
    try:
        with web.opened(url, timeout=60) as reply, partial.open("wb") as target:
            while block := reply.read(_CHUNK):
                target.write(block)
        if digest(partial) != sha256:
            raise BuildError(f"{url} is another file than the pinned one: its SHA-256 differs.")
        return partial.replace(cache / name)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise BuildError(f"{url} cannot be fetched: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _index(source: str) -> tuple[str, ...]:
    """Return pip's arguments for where wheels of a source lie."""
    if source == lock.PYTORCH_CPU and torch_choice.answers(torch_choice.CPU_INDEX):
        return ("--index-url", torch_choice.CPU_INDEX)
    return ()


def _download(
    wanted: Sequence[lock.Wheel], platform: str, cache: Path, index: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "locked.txt"
        requirements.write_text(
            "".join(
                f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wanted
            ),
            encoding="utf-8",
        )
        command = [
            *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
            *("--require-hashes", "--requirement", str(requirements), "--dest", str(cache)),
            *("--implementation", "cp", "--python-version", lock.PYTHON, "--quiet"),
            *("--abi", "cp311", "--abi", "abi3", "--abi", "none"),
            *(part for system in lock.systems(platform) for part in ("--platform", system)),
            *index,
        ]
        if subprocess.run(command, check=False).returncode:
            raise BuildError("pip could not fetch the locked wheels (its own words stand above).")
