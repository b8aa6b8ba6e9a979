"""Names of jobs: ordered by time, and not to be guessed."""

from __future__ import annotations

import secrets
from datetime import datetime

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME, _CHANCE = 10, 16


def make(now: datetime) -> str:
    """Return 26 characters: milliseconds since 1970, then 80 random bits, five bits a character.

    This is a ULID (github.com/ulid/spec) in lower case: bucket keys and SageMaker's names take it.
    """
    milliseconds = int(now.timestamp() * 1000)
    return _written(milliseconds, _TIME) + _written(secrets.randbits(5 * _CHANCE), _CHANCE)


def _written(number: int, length: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(length)))
