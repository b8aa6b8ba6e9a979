"""Requests to signed addresses in S3: no key goes there, and errors come as XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from spaceport_app.cloud.client.api import quiet

TIMEOUT = httpx.Timeout(120.0, connect=15.0)
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Answers of S3 after which the same request may do."""

ADDRESSES = 4
"""Addresses that are tried for one part or file before S3's refusal is believed."""
_HARMED = frozenset({"BadDigest", "IncompleteBody", "XAmzContentChecksumMismatch"})
_NEW_ADDRESS = frozenset({401, 403, 404})

_CODE = re.compile(r"<Code>([A-Za-z0-9.]+)</Code>")


@contextmanager
def client(connections: int) -> Iterator[httpx.Client]:
    """Open a client for signed addresses."""
    quiet()
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    with httpx.Client(timeout=TIMEOUT, limits=limits, follow_redirects=False) as opened:
        yield opened


def may_pass(status: int, code: str) -> bool:
    """Whether a refused request can do with a newly signed address, or once more.

    An address expires, an upload is thrown away by its days, bytes are harmed on their way. Any
    other request that S3 calls wrong is as wrong the next time.
    """
    return status in _NEW_ADDRESS or code in _HARMED or code == "ExpiredToken"


def code(body: str) -> str:
    """Return the code of an error of S3, such as ``RequestTimeTooSkewed``, or nothing."""
    found = _CODE.search(body)
    return found.group(1) if found else ""
