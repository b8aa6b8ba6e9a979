"""To whom the service writes: addresses that whoever runs it has listed, for a key or for all."""

from __future__ import annotations

from collections.abc import Mapping

from spaceport_app.cloud.backend.api.errors import ApiError

EVERY_KEY = ""
"""Under this name stand the addresses that any key may have mails sent to."""


def listed(text: str) -> dict[str, frozenset[str]]:
    """Read ``pilot@example.org``, ``@example.org`` and ``KEYID:pilot@example.org`` with commas.

    Returns
    -------
    dict
        Addresses, and domains that begin with ``@``, by the id of the key that may use them.

    Raises
    ------
    ValueError
        If an entry is neither: the deployment is wrong.
    """
    found: dict[str, set[str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key, colon, address = entry.rpartition(":")
        name, at, domain = address.rpartition("@")
        if not at or "." not in domain or "@" in name or (colon and not key):
            raise ValueError(f"{entry!r} is neither an address nor @ with a domain")
        found.setdefault(key if colon else EVERY_KEY, set()).add(_plain(address))
    return {key: frozenset(addresses) for key, addresses in found.items()}


def check(allowed: Mapping[str, frozenset[str]] | None, owner: str, address: str) -> None:
    """Check that a key may have a mail sent to an address; an empty one is nobody's.

    Raises
    ------
    ApiError
        400 ``mail_not_allowed``.
    """
    if not address or allowed is None:
        return
    mine = allowed.get(EVERY_KEY, frozenset()) | allowed.get(owner, frozenset())
    plain = _plain(address)
    if plain in mine or f"@{plain.rpartition('@')[2]}" in mine:
        return
    raise ApiError(
        400,
        "mail_not_allowed",
        f"This service sends no mail to {address}.",
        {"remedy": "Leave the address out, or have whoever runs the service allow it."},
    )


def _plain(address: str) -> str:
    return address.lower()
