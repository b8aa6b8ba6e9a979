"""Asks whether there is a newer Spaceport. It only asks: nothing is downloaded or installed.

The answer is a small JSON file behind one HTTPS address::

    {"version": "0.2.0", "page": "https://…", "published": "2026-11-24", "summary": "One line."}

The request says nothing but Spaceport's own version.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from spaceport_app import __version__, records, shipped
from spaceport_app.errors import StageError

VARIABLE = "SPACEPORT_UPDATES"
_VERSION = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_REDIRECTS = 5
_LONGEST_BYTES = 64 * 1024
_LONGEST_LINE = 200
_TIMEOUT = httpx.Timeout(10.0)


@dataclass(frozen=True)
class Release:
    """The newest version that there is.

    Parameters
    ----------
    version : str
        Three numbers with dots between them.
    page : str
        Where a person can read about it and fetch it.
    published : str
        The day, empty if it is not said.
    summary : str
        What is new, in one line; empty if it is not said.
    """

    version: str
    page: str
    published: str = ""
    summary: str = ""

    @property
    def newer(self) -> bool:
        """Whether it is newer than this copy."""
        return _numbers(self.version) > _numbers(__version__)


def address() -> str:
    """Return where to ask: the variable SPACEPORT_UPDATES, or what the release was made with.

    Raises
    ------
    StageError
        If neither names an address, or it is not an HTTPS one.
    """
    named = os.environ.get(VARIABLE, "") or shipped.release().get("updates", "")
    if not named:
        raise StageError(
            "updates_no_address",
            "This copy of Spaceport does not know where to ask for updates.",
            f"Look where you got it, or set {VARIABLE} to an address.",
        )
    if not _safe(named):
        raise StageError(
            "updates_unsafe_address",
            "The address for updates does not begin with https://.",
            f"Set {VARIABLE} to one that does.",
        )
    return named


def ask(where: str, transport: httpx.BaseTransport | None = None) -> Release:
    """Ask once for the newest version.

    Parameters
    ----------
    where : str
        What `address` returned.
    transport : httpx.BaseTransport or None
        How to reach it; by default over the network, and the proxy that the system names.

    Raises
    ------
    StageError
        If there is no connection, or no answer that makes sense.
    """
    host = urlsplit(where).hostname or where
    try:
        status, body = _fetch(where, transport)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise StageError(
            "updates_offline",
            f"Spaceport could not reach {host} to ask for updates.",
            "Check the connection, and the proxy if there is one, and ask again.",
        ) from error
    if status != httpx.codes.OK:
        raise StageError(
            "updates_refused",
            f"{host} named no newest version (HTTP status {status}).",
            "Ask again later.",
        )
    found = _read(body)
    if found is None:
        raise StageError(
            "updates_unreadable",
            f"{host} answered with something that is no version of Spaceport.",
            "A network that asks you to sign in first does this. Ask again later.",
        )
    return found


def _fetch(where: str, transport: httpx.BaseTransport | None) -> tuple[int, bytes]:
    """Return status and body; a redirect is followed only to an address that is safe as well."""
    headers = {"User-Agent": f"Spaceport/{__version__}", "Accept": "application/json"}
    with httpx.Client(timeout=_TIMEOUT, headers=headers, transport=transport) as client:
        request = client.build_request("GET", where)
        for _ in range(_REDIRECTS):
            answer = client.send(request, stream=True)
            try:
                following = answer.next_request
                if following is None:
                    return answer.status_code, _limited(answer)
            finally:
                answer.close()
            if not _safe(str(following.url)):
                raise ValueError("a redirect to an unsafe address")
            request = following
    raise ValueError("too many redirects")


def _limited(answer: httpx.Response) -> bytes:
    body = b""
    for block in answer.iter_bytes():
        body += block
        if len(body) > _LONGEST_BYTES:
            return b""
    return body


def _read(body: bytes) -> Release | None:
    try:
        found = records.fitting(records.parse(body), _Answer)
    except records.RecordError:
        return None
    if not _VERSION.fullmatch(found.version) or not _safe(found.page):
        return None
    return Release(found.version, found.page, _line(found.published), _line(found.summary))


@dataclass(frozen=True)
class _Answer:
    version: str = ""
    page: str = ""
    published: str = ""
    summary: str = ""


def _line(words: str) -> str:
    return " ".join(words.split())[:_LONGEST_LINE]


def _safe(where: str) -> bool:
    try:
        parts = urlsplit(where)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL))


def _numbers(version: str) -> tuple[int, ...]:
    match = _VERSION.fullmatch(version)
    return tuple(int(part) for part in match.groups()) if match else ()
