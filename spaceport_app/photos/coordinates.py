"""Latitudes and longitudes as files write them, with the step they were rounded to."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from spaceport_app.photos import exif

METRES_PER_DEGREE = 111_320.0
"""Length of a degree of latitude; of longitude at the equator."""

_UNITS = (1, 60, 3600)
_MOST_DIGITS = 9
_TEXT = re.compile(
    r"([NSEW])?\s*([+-])?\s*(\d{1,9}(?:\.\d{0,20})?)"
    r"(?:\s*(?:,|°|deg|\s)\s*(\d{1,9}(?:\.\d{0,20})?))?"
    r"(?:\s*(?:,|'|′|\s)\s*(\d{1,9}(?:\.\d{0,20})?))?"
    r"\s*(?:[\"″'′°]|deg)?\s*([NSEW])?",
    re.IGNORECASE | re.ASCII,
)
# What some locales write for 46.842778; minutes have no three digits.
_DECIMAL_COMMA = re.compile(r"([+-]?\d{1,3}),(\d{3,20})", re.ASCII)


@dataclass(frozen=True)
class Coordinate:
    """One latitude or longitude.

    Parameters
    ----------
    parts : tuple of (int, int)
        Numerators and denominators of degrees, and of minutes and seconds where there are any.
    negative : bool or None
        Whether it is south or west; None where the file does not say.
    written : bool
        Whether it is written digit by digit, so that zeros at its end are digits too; a fraction
        has a denominator that may promise more than its writer knew.
    """

    parts: tuple[tuple[int, int], ...]
    negative: bool | None
    written: bool = False

    @property
    def size(self) -> float:
        """Degrees without their sign."""
        return sum(
            numerator / denominator / unit
            for (numerator, denominator), unit in zip(self.parts, _UNITS, strict=False)
        )

    @property
    def degrees(self) -> float:
        """Degrees with their sign; without one where it is not known."""
        return -self.size if self.negative else self.size


def step(*coordinates: Coordinate) -> float:
    """Return to how many degrees coordinates of one writer are rounded, as their digits show.

    Zeros at the end of all fractions count as not written: 46/1 50/1 0/1 beside 91/1 59/1 0/1 are
    whole minutes, since both seconds are zero in one of 3,600 places only.
    """
    if all(c.written for c in coordinates):
        return 1.0 / max(_UNITS[len(c.parts) - 1] * c.parts[-1][1] for c in coordinates)
    length = max(len(c.parts) for c in coordinates)
    for index in range(length - 1, -1, -1):
        parts = [c.parts[index] for c in coordinates if len(c.parts) > index]
        if index and not any(numerator for numerator, _ in parts):
            continue
        return 1.0 / (_UNITS[index] * max(_grains(*part) for part in parts))
    return 1.0


def _grains(numerator: int, denominator: int) -> int:
    """Return the steps in one unit: of a decimal those of its digits, else the denominator.

    Some writers reduce their fractions: 834/25 seconds are 33.36.
    """
    reduced = denominator // math.gcd(numerator, denominator)
    digits = next((n for n in range(_MOST_DIGITS + 1) if 10**n % reduced == 0), None)
    return denominator if digits is None else int(10**digits)


def from_text(text: str, letters: str) -> Coordinate | None:
    """Return a coordinate from a number or from XMP's form ``"46,50.5564N"``.

    Specification: "XMP Specification Part 2", GPSCoordinate: ``DDD,MM,SSk`` or ``DDD,MM.mmk``.
    A number without a letter has its sign before it, and a plus is often left out.

    Parameters
    ----------
    letters : str
        ``"NS"`` or ``"EW"``: another letter makes it no such coordinate.
    """
    text = text.strip()
    comma = _DECIMAL_COMMA.fullmatch(text)
    match = _TEXT.fullmatch(f"{comma[1]}.{comma[2]}" if comma else text)
    if match is None:
        return None
    letter = (match[6] or match[1] or "").upper()
    if letter and letter not in letters:
        return None
    parts = tuple(_decimal(part) for part in match.groups()[2:5] if part)
    return Coordinate(parts, match[2] == "-" or letter == letters[1], written=True)


def _decimal(text: str) -> tuple[int, int]:
    whole, _, digits = text.partition(".")
    return int(whole + digits), int(10 ** len(digits))


def from_exif(value: Any, reference: Any, letters: str) -> Coordinate | None:
    """Return a coordinate from EXIF's degrees, minutes and seconds, or None where they are none.

    Specification: Exif 3.0, section 4.6.6 (GPSLatitude, GPSLongitude). Also taken: decimals in
    the degrees or the minutes, fewer than three numbers, and a sign in the number. Numbers
    written as 0/0 are not known, and nothing behind them is.

    Parameters
    ----------
    reference : Any
        The letter tag, of which the first letter counts: ``N``, ``n`` or ``North``.
    """
    letter = exif.text(reference).upper()[:1]
    negative = {letters[0]: False, letters[1]: True}.get(letter)
    if isinstance(value, (str, bytes)):
        found = from_text(exif.text(value), letters)
        if found is None:
            return None
        return replace(found, negative=found.negative or negative)
    values = value[:3] if isinstance(value, tuple) else (value,)
    parts: list[tuple[int, int]] = []
    signed = False
    for number in values:
        part = _rational(number)
        if part is None:
            break
        signed = signed or part[0] < 0
        parts.append((abs(part[0]), part[1]))
    # Whole degrees alone, of which the rest is not known, are no place.
    if not parts or (len(parts) == 1 < len(values) and parts[0][0] % parts[0][1] == 0):
        return None
    return Coordinate(tuple(parts), True if signed else negative)


def _rational(value: Any) -> tuple[int, int] | None:
    try:
        numerator, denominator = value.numerator, value.denominator
        if isinstance(numerator, int) and isinstance(denominator, int) and denominator:
            return (numerator, denominator) if denominator > 0 else (-numerator, -denominator)
        number = float(value)
    except (AttributeError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        number = math.nan
        if isinstance(value, float):
            number = value
    if not math.isfinite(number) or abs(number) > 1e9:
        return None
    return round(number * 10**9), 10**9
