"""Packages from the network: what has arrived stays, what is whole has been checked.

uv could fetch by itself, but it starts a wheel of 500 MB anew after every interruption. So we
fetch in ranges, and uv installs from the files.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import httpx

from spaceport_app.engine_setup import network, places
from spaceport_app.engine_setup.recipes import Package
from spaceport_app.errors import StageError
from spaceport_app.events import Progress, Report
from spaceport_app.quantities import size

TRIES = 5
"""How often in a row nothing may arrive."""
_PAUSE_S = 1.0
_TIMEOUT = httpx.Timeout(30.0, read=60.0)
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_WHEEL_STARTS = b"PK\x03\x04"
"""A wheel is a zip archive."""
_LONGEST_UNKNOWN = 1 << 30
"""A file of which nobody says how long it is may not fill the disk."""

_log = logging.getLogger(__name__)


class Cancelled(Exception):  # noqa: N818 - it is no error
    """A person wants no more of it."""


def fetch(
    packages: Sequence[Package],
    home: Path,
    cancel: Event,
    report: Report,
    pause_s: float = _PAUSE_S,
) -> dict[str, str]:
    """Fetch what is missing of `packages`, and return the SHA-256 of every file by its name.

    A proxy that the environment names (``HTTPS_PROXY``, ``NO_PROXY``) is used.

    Raises
    ------
    StageError
        No network, a proxy, a file that is gone, one with another checksum, or a redirect to an
        address that is not https.
    OSError
        If the disk is full or may not be written.
    Cancelled
        If `cancel` was set.
    """
    places.downloads(home).mkdir(parents=True, exist_ok=True)
    total = sum(one.bytes or 0 for one in packages)
    before = 0
    found: dict[str, str] = {}
    with _client() as client:
        for number, package in enumerate(packages, 1):
            words = f"Fetching {package.name}, {number} of {len(packages)}"

            def tell(have: int, words: str = words, before: int = before) -> None:
                done = min(before + have, max(total, 1))
                report(
                    Progress(f"{words} ({size(done)})", done, max(total, 1), done / max(total, 1))
                )

            found[package.file] = _whole(client, package, home, cancel, tell, pause_s)
            before += package.bytes or 0
    return found


def _client() -> httpx.Client:
    try:
        hooks = {"response": [_only_secure]}
        return httpx.Client(follow_redirects=True, timeout=_TIMEOUT, event_hooks=hooks)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # ALL_PROXY of many desktops names a SOCKS proxy.
        raise network.unusable_proxy(str(error)) from error


def _only_secure(answer: httpx.Response) -> None:
    """Refuse a redirect to where anybody on the way may answer."""
    if not answer.has_redirect_location:
        return
    try:
        target = answer.url.join(answer.headers["location"])
    except httpx.InvalidURL:
        # httpx refuses it with words of its own.
        return
    if target.scheme != "https":
        raise network.insecure(str(answer.url), str(target))


def _whole(
    client: httpx.Client,
    package: Package,
    home: Path,
    cancel: Event,
    tell: Callable[[int], None],
    pause_s: float,
) -> str:
    """Have one package whole and checked; return its SHA-256."""
    target = places.target(home, package)
    if target.is_file() and package.bytes in (None, target.stat().st_size):
        checksum = _sha256(target, cancel)
        if package.sha256 in (None, checksum):
            tell(target.stat().st_size)
            return checksum
        target.unlink()
    partial = target.with_name(target.name + places.PARTIAL)
    if package.bytes is None:
        # Without a size or a checksum nobody could tell whether two halves belong together.
        partial.unlink(missing_ok=True)
    resumed = partial.exists()
    _receive(client, package, partial, cancel, tell, pause_s)
    checksum = _sha256(partial, cancel)
    if package.sha256 not in (None, checksum):
        partial.unlink()
        if resumed:
            _log.info("%s did not fit together with what was there: once more", package.file)
            return _whole(client, package, home, cancel, tell, pause_s)
        raise network.damaged(package.file, package.host)
    with partial.open("r+b") as written:
        os.fsync(written.fileno())
    partial.replace(target)
    return checksum


def _receive(
    client: httpx.Client,
    package: Package,
    partial: Path,
    cancel: Event,
    tell: Callable[[int], None],
    pause_s: float,
) -> None:
    failed = 0
    while True:
        have = partial.stat().st_size if partial.exists() else 0
        try:
            if _go_on(client, package, partial, cancel, tell):
                return
            trouble: StageError = network.refused(503, package.url)
        except httpx.HTTPError as error:
            _log.info("%s: %s", package.url, error)
            trouble = network.explain(error, package.url)
            if trouble.code not in ("no_network", "proxy_refuses"):
                raise trouble from error
        arrived = (partial.stat().st_size if partial.exists() else 0) > have
        # A slow link that breaks often still gets there, as long as something arrives.
        failed = 1 if arrived and package.bytes is not None else failed + 1
        if failed >= TRIES:
            raise trouble
        if cancel.wait(pause_s * 2 ** (failed - 1)):
            raise Cancelled


def _go_on(
    client: httpx.Client,
    package: Package,
    partial: Path,
    cancel: Event,
    tell: Callable[[int], None],
) -> bool:
    """Receive until the end, from where the file ends; False if it is worth another try."""
    have = partial.stat().st_size if partial.exists() else 0
    if package.bytes is not None and have == package.bytes and have:
        return True
    if package.bytes is None or have > package.bytes:
        have = 0
    headers = {"accept-encoding": "identity"}
    if have:
        headers["range"] = f"bytes={have}-"
    with client.stream("GET", package.url, headers=headers) as answer:
        if answer.status_code in _AGAIN:
            return False
        if answer.status_code == 416:
            partial.unlink(missing_ok=True)
            return False
        if answer.status_code not in (200, 206):
            raise network.refused(answer.status_code, package.url)
        if answer.status_code == 200 or not answer.headers.get("content-range", "").startswith(
            f"bytes {have}-"
        ):
            have = 0
        blocks = answer.iter_bytes()
        first = next(blocks, b"")
        # Before anything is written: a network's page to sign in shall not cost what has arrived.
        if not have and not first.startswith(_WHEEL_STARTS[: len(first)]):
            raise network.another_page(package.file, package.host)
        limit = package.bytes if package.bytes is not None else _LONGEST_UNKNOWN
        with partial.open("r+b" if partial.exists() else "wb") as written:
            written.truncate(have)
            written.seek(have)
            for block in itertools.chain((first,), blocks):
                if cancel.is_set():
                    raise Cancelled
                have += len(block)
                if have > limit:
                    break
                written.write(block)
                tell(have)
    if have > limit:
        partial.unlink()
        raise network.damaged(package.file, package.host)
    if package.bytes is not None and have < package.bytes:
        raise httpx.RemoteProtocolError("the connection broke off")
    return True


def _sha256(path: Path, cancel: Event) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            if cancel.is_set():
                raise Cancelled
            digest.update(block)
    return digest.hexdigest()
