"""Where the photos of a set lie: the ground they cover and positions that cannot be right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from spaceport_app.events import JsonValue
from spaceport_app.photos.frame import LocalFrame, median_longitude
from spaceport_app.photos.model import Finding, Origin, Photo, Position

_STRAY_METRES = 10_000.0
_STRAY_FACTOR = 20.0
_FEWEST = 4


def strays(positions: Sequence[Position | None]) -> dict[int, Finding]:
    """Return the photos, by index, whose position is far from all the others'.

    A position counts as wrong when it is over 10 km and over 20 times the median distance from
    the median position: no drone flies that far, and two sites in one set stay untouched.
    """
    known = [(index, position) for index, position in enumerate(positions) if position]
    if len(known) < _FEWEST:
        return {}
    latitudes = np.array([position.latitude for _, position in known])
    longitudes = np.array([position.longitude for _, position in known])
    middle = Origin(float(np.median(latitudes)), median_longitude(longitudes), 0.0)
    distances = np.linalg.norm(LocalFrame(middle).to_enu(latitudes, longitudes, 0.0), axis=1)
    limit = max(_STRAY_METRES, _STRAY_FACTOR * float(np.median(distances)))
    return {
        index: Finding(
            "wrong_gps",
            f"The GPS position is {distance / 1000:.0f} km from the others and is not used.",
        )
        for (index, _), distance in zip(known, distances, strict=True)
        if distance > limit
    }


def extent(photos: Sequence[Photo], origin: Origin | None) -> dict[str, JsonValue]:
    """Return the area between the camera positions in hectares and their heights in metres.

    Values are None where the photos do not say; heights above take-off only from drones.
    """
    known = [photo.position for photo in photos if photo.position]
    altitudes = [p.altitude for p in known if p.altitude is not None]
    relative = [p.relative_altitude for p in known if p.relative_altitude is not None]
    return {
        "area_hectares": _hectares(known, origin),
        "altitude_min_m": min(altitudes, default=None),
        "altitude_max_m": max(altitudes, default=None),
        "relative_altitude_min_m": min(relative, default=None),
        "relative_altitude_max_m": max(relative, default=None),
    }


def _hectares(positions: Sequence[Position], origin: Origin | None) -> float | None:
    if origin is None or len(positions) < _FEWEST - 1:
        return None
    local = LocalFrame(origin).to_enu(
        [p.latitude for p in positions], [p.longitude for p in positions], origin.height
    )
    try:
        # The "volume" of a flat hull is its area.
        return round(float(ConvexHull(local[:, :2]).volume) / 1e4, 4)
    except QhullError:
        return 0.0
