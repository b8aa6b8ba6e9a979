"""What a badge on a photo says, in one or two words, and how loudly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from spaceport_app.photos.model import Finding

Loudness: TypeAlias = Literal["error", "warning", "muted"]

NOT_PLACED = "not_placed"
"""Code of the mark of a photo that structure from motion left out."""

EXCLUDED = "excluded"
"""Code of the mark of a photo that a person took out."""

_LABELS: dict[str, tuple[str, Loudness]] = {
    NOT_PLACED: ("Not placed", "error"),
    "unreadable": ("Unreadable", "error"),
    "vanished": ("Missing", "error"),
    "no_permission": ("No permission", "error"),
    "too_large": ("Too large", "error"),
    "heic_unsupported": ("HEIC", "error"),
    "unsupported": ("Not a photo", "error"),
    "not_opened": ("Not opened", "error"),
    "bad_zip": ("Damaged zip", "error"),
    "unsafe_zip": ("Unsafe zip", "error"),
    "encrypted_zip": ("Locked zip", "error"),
    "zip_bomb": ("Zip too large", "error"),
    "wrong_gps": ("Wrong GPS", "warning"),
    "no_gps": ("No GPS", "warning"),
    "gps_disagrees": ("Two GPS", "warning"),
    "orientation_unknown": ("No direction", "muted"),
    "blurred": ("Blurred", "warning"),
    "dark": ("Dark", "warning"),
    "overexposed": ("Overexposed", "warning"),
    "small": ("Small", "warning"),
    "odd_size": ("Odd size", "warning"),
    "duplicate": ("Duplicate", "muted"),
    "near_duplicate": ("Copy", "muted"),
    EXCLUDED: ("Taken out", "muted"),
}
_ORDER = {code: place for place, code in enumerate(_LABELS)}


@dataclass(frozen=True)
class Mark:
    """One badge: a stable code, a label of one or two words and a whole sentence."""

    code: str
    label: str
    message: str
    loudness: Loudness

    @property
    def order(self) -> int:
        """Place among the marks of one photo; the gravest comes first."""
        return _ORDER.get(self.code, len(_ORDER))


def mark_of(finding: Finding) -> Mark:
    """Return the mark of a finding; unknown codes are shown in their own words."""
    label, loudness = _LABELS.get(
        finding.code, (finding.code.replace("_", " ").capitalize(), "warning")
    )
    return Mark(finding.code, label, finding.message, loudness)


def sorted_marks(findings: list[Finding]) -> tuple[Mark, ...]:
    """Return the marks of one photo, the gravest first, each code once."""
    marks = {finding.code: mark_of(finding) for finding in findings}
    return tuple(sorted(marks.values(), key=lambda mark: mark.order))
