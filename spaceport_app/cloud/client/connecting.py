"""Trying a service and a key, and keeping both once they work."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from spaceport_app.cloud.client import connection, failures
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.backoff import Patience
from spaceport_app.cloud.client.connection import Connection
from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.client.secrets import Keys, Secret

PATIENCE = Patience(tries=3, base_s=0.5, most_s=1.0)
"""A person waits for the answer."""


@dataclass(frozen=True)
class Answer:
    """A service that answered and took the key.

    Parameters
    ----------
    endpoint, version : str
        Its address, and the Spaceport it runs.
    seconds : float
        Until it answered.
    clock_ahead_s : float
        How far the clock here is ahead of its own.
    kept : bool
        The key is where the next start finds it, not held for this session only.
    """

    endpoint: str
    version: str
    seconds: float
    clock_ahead_s: float
    kept: bool = True

    @property
    def warning(self) -> CloudError | None:
        """What will go wrong later: signatures do not bear a wrong clock."""
        if abs(self.clock_ahead_s) <= failures.CLOCK_TOLERANCE_S:
            return None
        return failures.clock_skew(self.clock_ahead_s)

    def words(self) -> str:
        """Return one line for a person."""
        return f"{self.endpoint} answers (Spaceport {self.version}, {self.seconds * 1000:.0f} ms)."


def test(api: Api) -> Answer:
    """Ask a service who it is and look at the clocks.

    Raises
    ------
    CloudError
        As `Api.health`.
    """
    began = time.monotonic()
    found = api.health()
    return Answer(api.endpoint, found.version, time.monotonic() - began, api.skew_s)


def key_for(keys: Keys, endpoint: str, text: str = "") -> Secret:
    """Return the key that a person gave, or the one that is there already.

    Raises
    ------
    CloudError
        ``no_key``.
    """
    key = Secret(text.strip()) if text.strip() else keys.find(endpoint)
    if key is None:
        raise failures.no_key()
    return key


def try_out(
    keys: Keys,
    address: str,
    text: str = "",
    patience: Patience = PATIENCE,
    halted: threading.Event | None = None,
) -> Answer:
    """Test an address with a key, until `halted` is set; nothing is saved.

    Raises
    ------
    CloudError
        ``bad_endpoint``, ``no_key``, or as `Api.health`.
    """
    endpoint = connection.checked(address)
    with Api(Connection(endpoint, key_for(keys, endpoint, text)), halted, patience) as api:
        return test(api)


def connect(
    keys: Keys,
    address: str,
    text: str = "",
    patience: Patience = PATIENCE,
    halted: threading.Event | None = None,
) -> Answer:
    """Test an address with a key, then save both: the address in a file, the key in the keyring.

    Raises
    ------
    CloudError
        As `try_out`.
    OSError
        If the settings cannot be written.
    """
    found = try_out(keys, address, text, patience, halted)
    connection.save(found.endpoint)
    kept = keys.keep(found.endpoint, Secret(text.strip())) if text.strip() else True
    return Answer(found.endpoint, found.version, found.seconds, found.clock_ahead_s, kept)
