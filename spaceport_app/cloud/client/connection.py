"""Where the service is: one address in the settings file, the key elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from spaceport_app import atomic
from spaceport_app.cloud.client import failures
from spaceport_app.cloud.client.secrets import Keys, Secret
from spaceport_app.errors import StageError
from spaceport_app.records import RecordFile

_SETTINGS = RecordFile(dict[str, Any], "bad_settings_file", "Connect again.")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Connection:
    """A service and the key to it."""

    endpoint: str
    key: Secret


def settings_file() -> Path:
    """Where the address of the service is kept."""
    return Path(platformdirs.user_config_dir("spaceport", appauthor=False)) / "cloud.json"


def checked(endpoint: str) -> str:
    """Return an address without a slash at its end.

    Raises
    ------
    CloudError
        ``bad_endpoint`` unless it is https, or this very computer.
    """
    plain = endpoint.strip().rstrip("/")
    try:
        parts = urlsplit(plain)
        host = parts.hostname or ""
    except ValueError as error:
        raise failures.bad_endpoint(plain) from error
    local = host in ("localhost", "127.0.0.1", "::1")
    fine = parts.scheme == "https" or (parts.scheme == "http" and local)
    if not fine or not host or parts.username or parts.query or parts.fragment:
        raise failures.bad_endpoint(plain)
    return plain


def endpoint(file: Path | None = None) -> str:
    """Return the saved address, or an empty text."""
    found = saved(file).get("endpoint", "")
    return found if isinstance(found, str) else ""


def save(address: str, file: Path | None = None) -> None:
    """Save the address of the service.

    Raises
    ------
    CloudError
        ``bad_endpoint``.
    OSError
        If the settings cannot be written.
    """
    change({"endpoint": checked(address)}, file)


def saved(file: Path | None = None) -> Mapping[str, Any]:
    """Return all that the settings file holds; nothing if it is missing or damaged."""
    path = file or settings_file()
    try:
        return _SETTINGS.read(path)
    except FileNotFoundError:
        return {}
    except StageError as error:
        _log.warning("%s", error)
        return {}


def change(values: Mapping[str, Any], file: Path | None = None) -> None:
    """Save values in the settings file and keep the others.

    Raises
    ------
    OSError
        If the settings cannot be written.
    """
    path = file or settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_json(path, {**saved(path), **values})


def find(keys: Keys, address: str = "", file: Path | None = None) -> Connection:
    """Return the connection to `address`, or else to the saved one.

    Raises
    ------
    CloudError
        ``no_endpoint``, ``bad_endpoint`` or ``no_key``.
    """
    found = address or endpoint(file)
    if not found:
        raise failures.no_endpoint()
    found = checked(found)
    key = keys.find(found)
    if key is None:
        raise failures.no_key()
    return Connection(found, key)
