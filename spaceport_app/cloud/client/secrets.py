"""The API key: in the keyring of the system, or for this session only; in no file and no log."""

from __future__ import annotations

import logging
import os
from typing import Literal, TypeAlias

VARIABLE = "SPACEPORT_API_KEY"
_SERVICE = "spaceport-cloud"

Place: TypeAlias = Literal["", "environment", "session", "keyring"]
"""Where a key is; nowhere if empty."""

_log = logging.getLogger(__name__)


class Secret:
    """A key that does not show itself when it is printed or logged."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the key itself, for the header of a request and nothing else."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Keys:
    """Where keys are kept, by the address of the service they are for.

    A key that the system's keyring does not take is held as long as this object lives.
    """

    def __init__(self) -> None:
        self._session: dict[str, Secret] = {}

    def find(self, endpoint: str) -> Secret | None:
        """Return the key for `endpoint`: the environment's, else this session's, else the saved."""
        given = os.environ.get(VARIABLE, "").strip()
        if given:
            return Secret(given)
        if endpoint in self._session:
            return self._session[endpoint]
        try:
            import keyring

            kept = keyring.get_password(_SERVICE, endpoint)
        except Exception as error:  # backends raise what they like: locked, no bus, no service
            _log.info("the keyring cannot be read: %s", type(error).__name__)
            return None
        return Secret(kept) if kept else None

    def place(self, endpoint: str) -> Place:
        """Return where `find` has the key for `endpoint` from."""
        if os.environ.get(VARIABLE, "").strip():
            return "environment"
        if endpoint in self._session:
            return "session"
        return "keyring" if self.find(endpoint) is not None else ""

    def keep(self, endpoint: str, key: Secret) -> bool:
        """Save a key; False if it is held for this session only, for lack of a keyring."""
        self._session[endpoint] = key
        try:
            import keyring

            keyring.set_password(_SERVICE, endpoint, key.reveal())
            kept = keyring.get_password(_SERVICE, endpoint) == key.reveal()
        except Exception as error:  # see above
            _log.info("the keyring takes nothing: %s", type(error).__name__)
            return False
        if kept:
            del self._session[endpoint]
        return kept

    def forget(self, endpoint: str) -> None:
        """Remove the key for `endpoint` wherever it is."""
        self._session.pop(endpoint, None)
        try:
            import keyring

            keyring.delete_password(_SERVICE, endpoint)
        except Exception as error:  # see above; that there was none is no harm either
            _log.info("nothing to remove from the keyring: %s", type(error).__name__)
