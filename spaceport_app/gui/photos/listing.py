"""Which photos the panel lists, in which order: plain state that knows no Qt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spaceport_app.gui.photos.marks import EXCLUDED, NOT_PLACED, Mark, mark_of, sorted_marks
from spaceport_app.photos.model import Finding, Photo, PhotoSet

ALL, USED, UNUSED = "all", "used", "unused"
"""Filters that are no code of a mark."""

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Entry:
    """One row of the list.

    Parameters
    ----------
    photo : Photo or None
        None for a file that is not read yet and for one that is no usable photo.
    used : bool
        Whether the stages take it, after what the person changed by hand.
    by_hand : bool
        Whether a person took it out.
    changeable : bool
        Whether taking it out or in by hand can change anything.
    """

    name: str
    path: Path
    photo: Photo | None
    marks: tuple[Mark, ...]
    used: bool
    by_hand: bool
    changeable: bool


@dataclass(frozen=True)
class Filter:
    """One choice of what is shown, with how many photos it shows."""

    key: str
    label: str
    count: int


def _natural(entry: Entry) -> str:
    """Return a key that puts IMG_2 before IMG_10."""
    return _NUMBER.sub(lambda digits: digits[0].zfill(20), entry.name.casefold())


def _time(entry: Entry) -> tuple[bool, str]:
    taken = entry.photo.taken_at if entry.photo else None
    return taken is None, taken or ""


def _ascending(value: Callable[[Photo], float | None]) -> Callable[[Entry], tuple[bool, float]]:
    def key(entry: Entry) -> tuple[bool, float]:
        number = value(entry.photo) if entry.photo else None
        return number is None, 0.0 if number is None else number

    return key


def height(photo: Photo) -> float | None:
    """Return metres above take-off, or what the camera wrote as altitude."""
    place = photo.position
    if place is None:
        return None
    return place.altitude if place.relative_altitude is None else place.relative_altitude


SORTS: dict[str, tuple[str, Callable[[Entry], object] | None]] = {
    "name": ("By name", None),
    "time": ("By time", _time),
    "sharpness": ("Least sharp first", _ascending(lambda photo: photo.sharpness)),
    "brightness": ("Darkest first", _ascending(lambda photo: photo.brightness)),
    "height": ("Lowest first", _ascending(height)),
    "marks": (
        "Problems first",
        lambda entry: min((mark.order for mark in entry.marks), default=1000),
    ),
}
"""Sort orders: key to label and key function; equal photos stay in name order."""


class PhotoListing:
    """The photos of the open project, what is known of each, and the choice of what is shown."""

    def __init__(self) -> None:
        self.filter = ALL
        self.sort = "name"
        self.text = ""
        self._files: tuple[tuple[str, Path], ...] = ()
        self._photos: PhotoSet | None = None
        self._not_placed: Mapping[str, str] = {}
        self._excluded: frozenset[str] = frozenset()
        self._locked = False
        self._entries: tuple[Entry, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All photos and left-out files, in name order."""
        return self._entries

    @property
    def photos(self) -> PhotoSet | None:
        """The photos as the import stage found them, or None before it."""
        return self._photos

    @property
    def excluded(self) -> frozenset[str]:
        """Names of the photos that a person took out."""
        return self._excluded

    @property
    def used_photos(self) -> tuple[Photo, ...]:
        """The photos that the stages will take."""
        return tuple(e.photo for e in self._entries if e.photo is not None and e.used)

    def clear(self) -> None:
        """Forget all photos; filter and order stay."""
        self._files, self._photos, self._not_placed = (), None, {}
        self._excluded = frozenset()
        self.filter = ALL
        self._build()

    def set_files(self, files: Sequence[tuple[str, Path]]) -> None:
        """Take files that were just dropped, before anything is known of them."""
        self.clear()
        self._files = tuple(files)
        self._build()

    def set_photos(
        self,
        photos: PhotoSet,
        excluded: Iterable[str] | None = None,
        not_placed: Mapping[str, str] | None = None,
    ) -> None:
        """Take the result of the import stage.

        Parameters
        ----------
        excluded : iterable of str, optional
            What the project keeps as taken out by hand, which may be newer than the import.
        not_placed : mapping, optional
            As for `set_not_placed`.
        """
        self._files, self._photos, self._not_placed = (), photos, dict(not_placed or {})
        self._excluded = frozenset(
            excluded
            if excluded is not None
            else (
                photo.name
                for photo in photos.photos
                if any(finding.code == EXCLUDED for finding in photo.findings)
            )
        )
        self._build()

    def set_not_placed(self, reasons: Mapping[str, str]) -> None:
        """Take the photos that structure from motion left out, with its reasons."""
        self._not_placed = dict(reasons)
        self._build()

    def lock(self, locked: bool) -> bool:
        """Let no photo be taken out or in for now; return whether that changed anything."""
        changed = locked != self._locked
        self._locked = locked
        if changed:
            self._build()
        return changed

    def exclude(self, names: Iterable[str], out: bool) -> bool:
        """Take photos out by hand, or in again, and return whether that changed anything."""
        changeable = {entry.name for entry in self._entries if entry.changeable}
        wanted = changeable.intersection(names)
        after = self._excluded | wanted if out else self._excluded - wanted
        changed = after != self._excluded
        self._excluded = after
        if changed:
            self._build()
        return changed

    def shown(self) -> list[Entry]:
        """Return the entries that pass the filter and the search text, in the chosen order."""
        text = self.text.casefold().strip()
        rows = [
            entry
            for entry in self._entries
            if self._passes(entry, self.filter) and text in entry.name.casefold()
        ]
        key = SORTS[self.sort][1]
        return rows if key is None else sorted(rows, key=key)  # type: ignore[arg-type]

    def filters(self) -> list[Filter]:
        """Return the choices that show at least one photo, and always "All photos"."""
        rows = self._entries
        used = sum(entry.used for entry in rows)
        choices = [Filter(ALL, "All photos", len(rows))]
        if 0 < used < len(rows):
            choices.append(Filter(USED, "Used", used))
            choices.append(Filter(UNUSED, "Not used", len(rows) - used))
        counts = Counter(mark.code for entry in rows for mark in entry.marks)
        marks = {mark.code: mark for entry in rows for mark in entry.marks}
        for mark in sorted(marks.values(), key=lambda mark: mark.order):
            choices.append(Filter(mark.code, mark.label, counts[mark.code]))
        return choices

    @staticmethod
    def _passes(entry: Entry, choice: str) -> bool:
        if choice == ALL:
            return True
        if choice in (USED, UNUSED):
            return entry.used == (choice == USED)
        return any(mark.code == choice for mark in entry.marks)

    def _build(self) -> None:
        rows = [self._of_file(name, path) for name, path in self._files]
        if self._photos is not None:
            rows += [self._of_photo(photo) for photo in self._photos.photos]
            rows += [
                Entry(item.name, item.path, None, (mark_of(item.reason),), False, False, False)
                for item in self._photos.left_out
            ]
        self._entries = tuple(sorted(rows, key=_natural))

    def _of_file(self, name: str, path: Path) -> Entry:
        out = name in self._excluded
        findings = [Finding(EXCLUDED, "You took this photo out.")] if out else []
        return Entry(name, path, None, sorted_marks(findings), not out, out, not self._locked)

    def _of_photo(self, photo: Photo) -> Entry:
        out = photo.name in self._excluded
        findings = [finding for finding in photo.findings if finding.code != EXCLUDED]
        was_out = len(findings) < len(photo.findings)
        if out:
            findings.append(Finding(EXCLUDED, "You took this photo out."))
        elif photo.name in self._not_placed:
            findings.append(Finding(NOT_PLACED, self._not_placed[photo.name]))
        # What the import left out by its own rules stays out; only its options change that.
        allowed = photo.used or was_out
        return Entry(
            photo.name,
            photo.path,
            photo,
            sorted_marks(findings),
            allowed and not out,
            out,
            allowed and not self._locked,
        )
