"""Makes the table of GPU engines anew: ``python packaging/gpu_engine/recipes.py``.

`wanted.toml` says which packages; an index of packages (PEP 691, by default PyPI, ``--index`` for
a mirror) tells address, size and SHA-256 of each. What a recipe takes on disk is read from the
tables of contents of the wheels, in ranges: no wheel is fetched whole. ``--check`` writes nothing
and fails where the table that Spaceport ships is another one.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundle import lock, relock
from bundle.failure import BuildError

WANTED = Path(__file__).with_name("wanted.toml")
TABLE = relock.ROOT / "spaceport_app" / "engine_setup" / "recipes.json"
INDEX = "https://pypi.org/simple"
_FILES = "https://files.pythonhosted.org/packages/"
_SIMPLE = {"accept": "application/vnd.pypi.simple.v1+json"}
_PLATFORMS = {"linux-x86_64": lock.LINUX, "windows-x86_64": lock.WINDOWS}
_BLOCK = 1 << 16


class _RemoteFile(io.RawIOBase):
    """A file on the web, read where it is asked for."""

    def __init__(self, client: httpx.Client, url: str, size: int) -> None:
        self._client, self._url, self._size, self._at = client, url, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        asked = {"range": f"bytes={self._at}-{end - 1}", "accept-encoding": "identity"}
        answer = self._client.get(self._url, headers=asked)
        if answer.status_code != 206 or len(answer.content) != end - self._at:
            raise BuildError(f"{self._url} gives out no ranges (status {answer.status_code}).")
        buffer[: end - self._at] = answer.content
        self._at = end
        return len(answer.content)


def unpacked_bytes(client: httpx.Client, url: str, size: int) -> int:
    """Return what a wheel on the web takes on disk, from its table of contents."""
    remote = io.BufferedReader(_RemoteFile(client, url, size), _BLOCK)
    with zipfile.ZipFile(remote) as wheel:
        return sum(member.file_size for member in wheel.infolist())


def found(client: httpx.Client, index: str, wanted: str, platform: str) -> dict[str, Any]:
    """Return what an index tells of the wheel of ``NAME==VERSION`` that fits a platform.

    Raises
    ------
    BuildError
        If it has none, or tells no size or SHA-256.
    """
    name, _, version = wanted.partition("==")
    page = f"{index.rstrip('/')}/{name}/"
    answer = client.get(page, headers=_SIMPLE)
    if answer.status_code != 200:
        raise BuildError(f"{page} answers with status {answer.status_code}.")
    files = {
        one["filename"]: one
        for one in answer.json()["files"]
        if one["filename"].endswith(".whl") and one["filename"].split("-")[1] == version
    }
    if not files:
        raise BuildError(f"{page} has no wheel of version {version}.")
    chosen: dict[str, Any] = files[relock.best(files, platform)]
    return chosen


def recipe(client: httpx.Client, index: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe of the table from what `wanted.toml` says of it."""
    platform = _PLATFORMS[wanted["system"]]
    files, installed = [], 0
    for line in wanted["packages"]:
        name, _, version = line.partition("==")
        one = found(client, index, line, platform)
        try:
            size, sha256 = one["size"], one["hashes"]["sha256"]
        except KeyError as error:
            raise BuildError(f"The index tells no {error} of {one['filename']}.") from error
        url = urljoin(f"{index.rstrip('/')}/{name}/", one["url"])
        # A mirror keeps PyPI's paths; people fetch from PyPI.
        _, packages, path = url.partition("/packages/")
        if not packages:
            raise BuildError(f"{url} is no address of a mirror of PyPI.")
        files.append(_file(name, version, _FILES + path, size, sha256))
        if "installed_bytes" not in wanted:
            installed += unpacked_bytes(client, url, size)
    stated = [
        _file(one["name"], one["version"], one["url"], one.get("bytes"), one.get("sha256"))
        for one in wanted["stated"]
    ]
    kept = {key: value for key, value in wanted.items() if key not in ("packages", "stated")}
    return {"installed_bytes": installed, **kept, "files": [*files, *stated]}


def _file(
    name: str, version: str, url: str, size: int | None, sha256: str | None
) -> dict[str, str | int | None]:
    return {"name": name, "version": version, "url": url, "bytes": size, "sha256": sha256}


def table(client: httpx.Client, index: str, wanted: Path = WANTED) -> str:
    """Return the table as Spaceport reads it."""
    recipes = tomllib.loads(wanted.read_text(encoding="utf-8"))["recipe"]
    made = {"schema": 1, "recipes": [recipe(client, index, one) for one in recipes]}
    return json.dumps(made, indent=2) + "\n"


def _only_secure(answer: httpx.Response) -> None:
    """Refuse a redirect that leaves https."""
    if answer.has_redirect_location:
        target = urljoin(str(answer.url), answer.headers["location"])
        if urlsplit(target).scheme != "https":
            raise BuildError(f"{answer.url} leads on to {target}, which is no https:// address.")


def main(arguments: list[str]) -> int:
    """Write the table and return the exit code."""
    parser = argparse.ArgumentParser(description="Make the table of GPU engines anew.")
    parser.add_argument("--index", default=INDEX, help=f"index of packages (PEP 691), {INDEX}")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    given = parser.parse_args(arguments)
    hooks = {"response": [_only_secure]}
    with httpx.Client(follow_redirects=True, timeout=60.0, event_hooks=hooks) as client:
        try:
            text = table(client, given.index)
        except httpx.HTTPError as error:
            raise BuildError(f"{given.index} cannot be asked: {error}") from error
    same = text == TABLE.read_text(encoding="utf-8")
    if not given.check:
        TABLE.write_text(text, encoding="utf-8", newline="\n")
    elif not same:
        raise BuildError(f"{TABLE.name} is not what the index tells; make it anew.")
    sys.stdout.write(f"{TABLE.name}: {'the same' if same else 'new'}\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BuildError as error:
        sys.exit(str(error))
