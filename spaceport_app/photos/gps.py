"""Where a photo was taken: the best of the positions that a file gives."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL.ExifTags import GPS

from spaceport_app.photos import coordinates, exif, heights, xmp
from spaceport_app.photos.coordinates import METRES_PER_DEGREE, Coordinate
from spaceport_app.photos.heights import Height
from spaceport_app.photos.model import Finding, Position

EXIF = "EXIF"
NO_GPS = "The photo has no GPS position."

# Where a program put corrected positions into EXIF it wrote more digits than a receiver has.
_FINE_M = 0.5
# Of rounding that loses nothing even where the receiver is exact to centimetres: 1.4 cm RMS.
_EXACT_M = 0.05
_WORTH_TELLING_M = 0.5
# DJI misspelt the name in several firmwares, and Autel copied that.
_NORTH = re.compile(r"([^/:]+):(gps)?latitude", re.IGNORECASE)
_EAST = ("longitude", "longtitude")


@dataclass(frozen=True)
class Place:
    """One position that a file gives.

    Parameters
    ----------
    source : str
        ``"EXIF"``, or ``"XMP"`` with the prefix of its properties.
    latitude, longitude : float
        Degrees.
    step_m : float
        To how many metres it is rounded, as its digits show.
    """

    source: str
    latitude: float
    longitude: float
    step_m: float

    def metres_to(self, other: Place) -> tuple[float, float]:
        """Return how far another position is, in metres to the north and to the east."""
        east = (other.longitude - self.longitude + 180.0) % 360.0 - 180.0
        return (
            (other.latitude - self.latitude) * METRES_PER_DEGREE,
            east * METRES_PER_DEGREE * math.cos(math.radians(self.latitude)),
        )


@dataclass(frozen=True)
class Located:
    """What a file says of the place: the position that is used, and all that it gives."""

    position: Position | None
    places: tuple[Place, ...]
    heights: tuple[Height, ...]
    findings: tuple[Finding, ...]


def read(blocks: exif.Blocks, properties: Mapping[str, str]) -> Located:
    """Return the position of a photo from its EXIF block and its XMP properties."""
    others = _xmp_places(properties)
    own, reason = _exif_place(blocks.gps, others)
    places = [place for place in (own, *others) if place]
    found = heights.read(blocks, properties)
    if not places:
        missing = Finding("no_gps", reason or NO_GPS)
        return Located(None, (), found, (missing,))
    used, disagreement = choose(places)
    if disagreement and used.source == EXIF:
        # Its height was corrected with it.
        found = tuple(sorted(found, key=lambda height: height.source != EXIF))
    horizontal, vertical = _accuracy(blocks.gps, properties)
    position = Position(
        used.latitude,
        used.longitude,
        found[0].metres if found else None,
        heights.above_take_off(properties),
        horizontal,
        vertical,
    )
    ordered = (used, *(place for place in places if place is not used))
    return Located(position, ordered, found, (disagreement,) if disagreement else ())


def choose(places: Sequence[Place]) -> tuple[Place, Finding | None]:
    """Return the position to use, and what to tell where they contradict each other.

    The finer one is right where they agree but for their rounding: EXIF blocks with whole seconds
    stand beside exact XMP (mapillary/OpenSfM#473). Below 5 cm EXIF's is as good, and one source
    for a whole flight is better than two. Where both are fine and still differ, one was
    changed after the flight. Programs that correct positions (post-processed kinematics, exiftool)
    write EXIF and leave the properties of the drone's maker as they were, so EXIF is the newer.

    Parameters
    ----------
    places : sequence of Place
        At least one, EXIF's first.
    """
    finest = min(places, key=lambda place: place.step_m)
    used, why = finest, "it is finer"
    first = places[0]
    if first is not finest and first.source == EXIF and first.step_m <= _FINE_M:
        if _gap(first, finest):
            used, why = first, "programs that correct positions write it there"
        elif first.step_m <= _EXACT_M:
            used = first
    gap, other = max(((_gap(used, place), place) for place in places), key=lambda item: item[0])
    if gap == 0.0:
        return used, None
    return used, Finding(
        "gps_disagrees",
        f"The GPS positions in {used.source} and {other.source} are {_metres(gap)} apart; that in "
        f"{used.source} is used, as {why}.",
    )


def _gap(a: Place, b: Place) -> float:
    """Return how many metres two positions differ, 0 where their rounding explains it."""
    slack = (a.step_m + b.step_m) * 1.001
    north, east = a.metres_to(b)
    shrunk = math.cos(math.radians(a.latitude))
    if abs(north) <= slack and abs(east) <= slack * shrunk:
        return 0.0
    distance = math.hypot(north, east)
    return distance if distance >= _WORTH_TELLING_M else 0.0


def _metres(value: float) -> str:
    if value >= 10_000.0:
        return f"{value / 1000:,.0f} km"
    return f"{value:,.0f} m" if value >= 10.0 else f"{value:.1f} m"


def _exif_place(gps: Mapping[int, Any], others: Sequence[Place]) -> tuple[Place | None, str]:
    """Return the position in the EXIF block, or None and the reason why there is none."""
    found = []
    for tag, reference, letters in (
        (GPS.GPSLatitude, GPS.GPSLatitudeRef, "NS"),
        (GPS.GPSLongitude, GPS.GPSLongitudeRef, "EW"),
    ):
        value = gps.get(tag)
        if value is None or value == ():
            return None, ""
        coordinate = coordinates.from_exif(value, gps.get(reference), letters)
        if coordinate is None:
            return None, "The GPS position in the photo is damaged."
        found.append(coordinate)
    found = [_with_sign(c, axis, others) for axis, c in enumerate(found)]
    place = _plausible(EXIF, *found)
    if place is None:
        return None, f"The GPS position {found[0].degrees:g}, {found[1].degrees:g} cannot be right."
    for coordinate, letters in zip(found, ("N or S", "E or W"), strict=True):
        if coordinate.negative is None:
            return None, f"The GPS position does not say {letters}."
    return place, ""


def _with_sign(coordinate: Coordinate, axis: int, others: Sequence[Place]) -> Coordinate:
    """Return a coordinate with the sign that another position of the file shows."""
    if coordinate.negative is not None:
        return coordinate
    slack = 0.01 + coordinates.step(coordinate)
    for place in others:
        value = (place.latitude, place.longitude)[axis]
        if abs(abs(value) - coordinate.size) <= slack:
            return replace(coordinate, negative=value < 0)
    return coordinate


def _plausible(source: str, north: Coordinate, east: Coordinate) -> Place | None:
    latitude, longitude = north.degrees, east.degrees
    if not (abs(latitude) <= 90.0 and abs(longitude) <= 180.0):
        return None
    # Receivers without a fix write zeros.
    if abs(latitude) < 1e-6 and abs(longitude) < 1e-6:
        return None
    return Place(source, latitude, longitude, coordinates.step(north, east) * METRES_PER_DEGREE)


def _xmp_places(properties: Mapping[str, str]) -> list[Place]:
    """Return the positions in XMP: the maker's, under whatever prefix, then the copy of EXIF's."""
    places: list[Place] = []
    names = {name.lower(): name for name in properties}
    for north in sorted(properties, key=lambda name: (name.startswith("exif:"), name)):
        match = _NORTH.fullmatch(north)
        if not match:
            continue
        stem = f"{match[1]}:{match[2] or ''}".lower()
        for east in (names.get(stem + ending) for ending in _EAST):
            place = east and _plausible_text(properties, match[1], north, east)
            if place:
                places.append(place)
                break
    return places


def _plausible_text(
    properties: Mapping[str, str], prefix: str, north: str, east: str
) -> Place | None:
    latitude = coordinates.from_text(properties[north], "NS")
    longitude = coordinates.from_text(properties[east], "EW")
    if latitude is None or longitude is None:
        return None
    # Some programs copy EXIF's letters beside a number without its sign.
    if properties.get(f"{north}Ref", "").upper()[:1] == "S":
        latitude = replace(latitude, negative=True)
    if properties.get(f"{east}Ref", "").upper()[:1] == "W":
        longitude = replace(longitude, negative=True)
    return _plausible(f"XMP ({prefix})", latitude, longitude)


def _accuracy(
    gps: Mapping[int, Any], properties: Mapping[str, str]
) -> tuple[float | None, float | None]:
    rtk = [
        value
        for name in ("drone-dji:RtkStdLon", "drone-dji:RtkStdLat")
        if (value := xmp.number(properties, name)) and value > 0
    ]
    horizontal = (
        max(rtk)
        if rtk
        else xmp.number(properties, "sensefly:GPSXYAccuracy", "Camera:GPSXYAccuracy")
        or exif.positive(gps.get(GPS.GPSHPositioningError))
    )
    vertical = xmp.number(
        properties, "drone-dji:RtkStdHgt", "sensefly:GPSZAccuracy", "Camera:GPSZAccuracy"
    )
    return (
        horizontal if horizontal and horizontal > 0 else None,
        vertical if vertical and vertical > 0 else None,
    )
