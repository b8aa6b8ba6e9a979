"""Whose program it is that connects to us on the loopback interface of Linux.

All users of a computer share that interface, and can read each other's command lines in /proc:
an address that a browser was started with is no secret from them.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path

Address = tuple[str, int]

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ROOT = 0


def is_of_another_user(client: Address, server: Address) -> bool:
    """Whether the program at the other end of a connection is another user's.

    root's is not: it reads everything of everybody anyway, and hands on what comes from Windows
    to its Linux. False as well where the system does not tell.
    """
    if sys.platform != "linux":
        return False
    lines = [line for table in _TABLES for line in _lines(table)]
    if _owner(lines, server, client) is None:
        # Our own end is not listed either: this kernel has no such table.
        return False
    return _owner(lines, client, server) not in (os.getuid(), _ROOT)


def _lines(table: Path) -> list[str]:
    try:
        return table.read_text(encoding="ascii").splitlines()[1:]
    except (OSError, UnicodeDecodeError):
        return []


def _owner(lines: Iterable[str], near: Address, far: Address) -> int | None:
    """Return the user whose socket `near` is connected to `far`; None if no process holds it."""
    ends = {(f"{front}{_hex(near)}", f"{front}{_hex(far)}") for front in ("", _mapped())}
    for line in lines:
        fields = line.split()
        # A socket that its process has closed counts as root's, and has no file any more.
        if len(fields) > 9 and (fields[1], fields[2]) in ends and fields[9] != "0":
            return int(fields[7])
    return None


def _mapped() -> str:
    """Return what an IPv4 address begins with in the table of IPv6."""
    return "".join(f"{word:08X}" for word in struct.unpack("=3I", bytes(10) + b"\xff\xff"))


def _hex(address: Address) -> str:
    (number,) = struct.unpack("=I", IPv4Address(address[0]).packed)
    return f"{number:08X}:{address[1]:04X}"
