"""One line that says what the photos of a flight amount to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import datetime

from spaceport_app.photos.model import Origin, Photo
from spaceport_app.quantities import duration

_LANDED_S = 600.0
"""A longer pause than this between two photos is a landing, not a flight."""


def count_line(listed: int, used: int) -> str:
    """Return how many photos are listed and how many of them are used."""
    photos = "1 photo" if listed == 1 else f"{listed:,} photos"
    return photos if used == listed else f"{photos}, {used:,} used"


def facts(photos: Sequence[Photo]) -> list[str]:
    """Return megapixels, cameras and flight time of the used photos, each where it is known."""
    if not photos:
        return []
    pixels = sum(photo.width * photo.height for photo in photos) / 1e6
    cameras = len({photo.camera for photo in photos})
    parts = [_megapixels(pixels), "1 camera" if cameras == 1 else f"{cameras} cameras"]
    seconds = flight_seconds(photos)
    if seconds:
        parts.append(f"{duration(seconds)} in the air")
    return parts


def geometry(photos: Sequence[Photo], origin: Origin | None) -> list[str]:
    """Return area and height of the used photos, each where it is known.

    Imports the geodesy libraries, which takes a while the first time: not for the GUI thread.
    """
    from spaceport_app.photos.places import extent

    known = extent(photos, origin)
    parts = []
    area = known["area_hectares"]
    if isinstance(area, float) and area > 0:
        parts.append(f"{area:.2f} ha" if area < 10 else f"{area:,.0f} ha")
    for low_key, high_key, reference in (
        ("relative_altitude_min_m", "relative_altitude_max_m", "above take-off"),
        ("altitude_min_m", "altitude_max_m", "altitude"),
    ):
        low, high = known[low_key], known[high_key]
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            low, high = round(low), round(high)
            parts.append(f"{low} m {reference}" if low == high else f"{low}–{high} m {reference}")
            break
    return parts


def flight_seconds(photos: Sequence[Photo]) -> float:
    """Return the time between the photos in seconds, without pauses on the ground."""
    times = sorted(time for photo in photos if (time := _moment(photo)) is not None)
    gaps = (after - before for before, after in itertools.pairwise(times))
    return math.fsum(gap for gap in gaps if gap <= _LANDED_S)


def _megapixels(pixels: float) -> str:
    if pixels >= 1000:
        return f"{pixels / 1000:,.1f} gigapixels"
    return f"{pixels:,.0f} megapixels" if pixels >= 10 else f"{pixels:.1f} megapixels"


def _moment(photo: Photo) -> float | None:
    if photo.taken_at is None:
        return None
    try:
        # Local time without a zone: only differences within one flight are taken.
        return datetime.fromisoformat(photo.taken_at).timestamp()
    except ValueError:
        return None
