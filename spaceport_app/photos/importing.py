"""The import stage: from dropped files to the list of photos that can be used."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Notice, Progress, Report
from spaceport_app.photos import (
    cameras,
    decode,
    duplicates,
    gimbal,
    measures,
    metadata,
    places,
    store,
)
from spaceport_app.photos.crew import Crew, Turn
from spaceport_app.photos.discover import Found, discover
from spaceport_app.photos.duplicates import Candidate, Copy, Fingerprint
from spaceport_app.photos.frame import origin_of
from spaceport_app.photos.measures import Measures
from spaceport_app.photos.model import Finding, LeftOut, Photo, PhotoSet
from spaceport_app.photos.options import ImportOptions

MINIMUM_PHOTOS = 3

_THREADS = 2
# Of the free memory: a photo that takes more is decoded while no other such photo is.
_LARGE_PART = 0.25
_SMALL_SIDE = 640
_UNPACKING = 0.2
_LEAVING_OUT = frozenset({"excluded", "duplicate", "near_duplicate", "blurred"})
_SHARED_BY_ALL = {
    "blurred": "All {} photos are blurred.",
    "dark": "All {} photos are very dark.",
    "overexposed": "All {} photos are overexposed.",
    "small": "All {} photos are small.",
    "no_gps": "None of the {} photos has a usable GPS position.",
    "gps_disagrees": "The GPS positions in EXIF and XMP differ by more than their rounding in all "
    "{} photos; inspect a photo to see both.",
    "orientation_unknown": "The camera angles in the {} photos can be read in two ways and are "
    "not used.",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImportInputs:
    """What the import stage works on.

    Parameters
    ----------
    sources : tuple of Path
        Files, folders and zips, as dropped.
    output : Path
        Existing empty folder for the photo list and for what zips hold.
    excluded : frozenset of str
        Names of photos that a person took out.
    """

    sources: tuple[Path, ...]
    output: Path
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Examined:
    """One readable photo before it is compared with the others."""

    photo: Photo
    measures: Measures
    fingerprint: Fingerprint
    angles: gimbal.Angles | None


def run(inputs: ImportInputs, options: ImportOptions, report: Report) -> dict[str, JsonValue]:
    """Find, decode, measure and compare photos; write the photo list; return what was found.

    Raises
    ------
    StageError
        ``not_found``, ``no_permission``, ``no_photos``, ``too_few_photos``, ``all_blurred``,
        ``bad_zip`` and the like for a zip alone, ``disk_full`` for a zip that cannot fit.
    OSError
        If `inputs.output` cannot be written.
    """
    began = time.perf_counter()
    unpacked = False

    def unpacking(done: int, total: int) -> None:
        nonlocal unpacked
        unpacked = True
        fraction = _UNPACKING * done / max(total, 1)
        report(Progress("Unpacking photos from the zip", done, total, fraction))

    discovery = discover(
        inputs.sources,
        inputs.output.absolute() / "extracted",
        int(options.maximum_zip_gb * 1e9),
        unpacking,
    )
    left_out = list(discovery.left_out)
    if not discovery.found:
        raise _nothing_found(left_out)

    examined: list[_Examined] = []
    total = len(discovery.found)
    start = _UNPACKING if unpacked else 0.0
    step = f"Checking {total} photos"
    report(Progress(step, 0, total, start))
    for done, (found, result) in enumerate(_examine_all(discovery.found, options), 1):
        if isinstance(result, Finding):
            left_out.append(LeftOut(found.name, found.path, result))
        else:
            examined.append(result)
        report(Progress(step, done, total, start + (1.0 - start) * done / total))

    photos = _compare(examined, inputs.excluded, options)
    used = tuple(photo for photo in photos if photo.used)
    _require_enough(photos, used, left_out)
    photoset = PhotoSet(photos, tuple(left_out), origin_of(used))
    _tell(photoset, report)
    store.write(inputs.output, photoset)
    return _summary(photoset, time.perf_counter() - began)


def _examine_all(
    found: tuple[Found, ...], options: ImportOptions
) -> Iterator[tuple[Found, _Examined | Finding]]:
    """Yield the results in order; only a few decoded photos are in memory at any time."""
    crew: Crew[Found, _Examined | Finding] = Crew(
        lambda item, turn: _examine(item, options, turn),
        lambda item: Finding("too_slow", decode.TOO_SLOW),
        _THREADS,
    )
    return crew.results(found)


def _examine(found: Found, options: ImportOptions, turn: Turn) -> _Examined | Finding:
    """Read a file once: digest, pixels, metadata, measures and fingerprint of the same bytes."""
    try:
        data = decode.read_bytes(found.path)
        status = found.path.stat()
        ahead = decode.Opened.of(data, options.maximum_megapixels)
        turn.expect(ahead.pixels)
        if ahead.memory_bytes > _LARGE_PART * resources.free_memory_bytes():
            turn.alone()
        decoded = decode.decode(data, options.maximum_megapixels)
    except decode.UndecodableError as error:
        return error.finding
    except OSError:
        return Finding("vanished", "The file is not there any more.")
    image = decoded.image
    about = metadata.read(decoded.source)
    measured = measures.measure(image)
    small = max(image.size) < _SMALL_SIDE
    photo = Photo(
        name=found.name,
        path=found.path,
        size_bytes=len(data),
        modified_ns=status.st_mtime_ns,
        sha256=hashlib.sha256(data).hexdigest(),
        width=image.width,
        height=image.height,
        camera=cameras.camera_key(about, image.width, image.height),
        make=about.make,
        model=about.model,
        focal_px=about.focal_px,
        taken_at=about.taken_at,
        position=about.position,
        orientation=None,
        sharpness=measured.sharpness,
        brightness=measured.brightness,
        findings=about.findings
        + ((Finding("small", f"The photo is only {image.width}x{image.height}."),) * small),
        detail=measured.detail,
        clipped=measured.black + measured.white,
        plain=decoded.plain,
    )
    return _Examined(photo, measured, duplicates.fingerprint(image), about.angles)


def _compare(
    examined: list[_Examined], excluded: frozenset[str], options: ImportOptions
) -> tuple[Photo, ...]:
    """Return the photos with what only shows beside the others, and with who is used."""
    photos = _oriented(examined)
    keys = [photo.camera for photo in photos]
    quality = measures.findings([e.measures for e in examined], keys, options.blur_threshold)
    sizes = cameras.odd_sizes(keys, [(photo.width, photo.height) for photo in photos])
    strays = places.strays([photo.position for photo in photos])
    # A copy stands in for an original that a person took out.
    wanted = [index for index, photo in enumerate(photos) if photo.name not in excluded]
    copies = {
        wanted[copy.index]: replace(copy, index=wanted[copy.index], of=wanted[copy.of])
        for copy in duplicates.find_copies([_candidate(examined[index]) for index in wanted])
    }
    results = []
    for index, photo in enumerate(photos):
        findings = [*photo.findings, *quality[index], *sizes[index]]
        stray = strays.get(index)
        if stray is not None:
            findings.append(stray)
        if index in copies:
            findings.append(_copy_finding(copies[index], photos))
        if photo.name in excluded:
            findings.append(Finding("excluded", "You took this photo out."))
        codes = {finding.code for finding in findings}
        used = not (
            "excluded" in codes
            or (options.leave_out_duplicates and codes & {"duplicate", "near_duplicate"})
            or (options.leave_out_blurred and "blurred" in codes)
        )
        position = None if stray is not None else photo.position
        results.append(replace(photo, position=position, findings=tuple(findings), used=used))
    return tuple(results)


def _oriented(examined: list[_Examined]) -> list[Photo]:
    """Return the photos with where they looked, which a flight tells together."""
    settled = gimbal.settle([item.angles for item in examined])
    return [
        replace(
            item.photo,
            orientation=orientation,
            findings=item.photo.findings + gimbal.unsettled(item.angles, orientation),
        )
        for item, orientation in zip(examined, settled, strict=True)
    ]


def _candidate(item: _Examined) -> Candidate:
    photo = item.photo
    place = photo.position
    return Candidate(
        photo.sha256,
        photo.width,
        photo.height,
        photo.size_bytes,
        photo.taken_at,
        (place.latitude, place.longitude) if place else None,
        item.fingerprint,
    )


def _why_unused(photo: Photo) -> Finding:
    """Return the last of the findings for which a photo can be left out."""
    return [finding for finding in photo.findings if finding.code in _LEAVING_OUT][-1]


def _copy_finding(copy: Copy, photos: list[Photo]) -> Finding:
    original = photos[copy.of].name
    if copy.exact:
        return Finding("duplicate", f"The photo is the same file as {original}.")
    return Finding("near_duplicate", f"The photo is a copy of {original}.")


def _nothing_found(left_out: list[LeftOut]) -> StageError:
    """Return the error for sources without one photo, with the reason where there is one."""
    codes = {item.reason.code for item in left_out}
    if len(codes) == 1:
        reason = left_out[0].reason
        return StageError(
            reason.code,
            f"{left_out[0].name}: {reason.message}",
            "Add JPEG, PNG, TIFF or HEIC photos, a folder of them or an intact zip.",
        )
    return StageError(
        "no_photos",
        "No photos were found.",
        "Add JPEG, PNG, TIFF or HEIC photos, a folder of them or a zip.",
    )


def _require_enough(
    photos: tuple[Photo, ...], used: tuple[Photo, ...], left_out: list[LeftOut]
) -> None:
    hopeless = [photo for photo in photos if photo.detail < measures.HOPELESS_DETAIL]
    sharp = [photo for photo in used if photo.detail >= measures.HOPELESS_DETAIL]
    if len(photos) >= MINIMUM_PHOTOS and len(sharp) < MINIMUM_PHOTOS <= len(sharp) + len(hopeless):
        raise StageError(
            "all_blurred",
            f"{len(hopeless)} of {len(photos)} photos are too blurred to find common points.",
            "Take the photos again, with a shorter exposure time and the lens in focus.",
        )
    if len(used) >= MINIMUM_PHOTOS:
        return
    reasons = Counter(
        [item.reason.message for item in left_out]
        + [_why_unused(photo).message for photo in photos if not photo.used]
    )
    why = f" The most frequent reason: {reasons.most_common(1)[0][0]}" if reasons else ""
    count = {0: "No photo", 1: "Only 1 photo"}.get(len(used), f"Only {len(used)} photos")
    raise StageError(
        "too_few_photos",
        f"{count} can be used, and at least {MINIMUM_PHOTOS} are needed.{why}",
        "Add more photos that overlap by two thirds.",
    )


def _tell(photoset: PhotoSet, report: Report) -> None:
    """Send a notice for everything left out and found, one for what all photos share."""
    for item in photoset.left_out:
        report(Notice(item.reason.code, item.reason.message, item.name))
    counts = Counter(f.code for photo in photoset.photos for f in photo.findings)
    everywhere = {
        code
        for code, count in counts.items()
        if code in _SHARED_BY_ALL and count == len(photoset.photos)
    }
    for code in sorted(everywhere):
        report(Notice(code, _SHARED_BY_ALL[code].format(counts[code])))
    for photo in photoset.photos:
        for finding in photo.findings:
            if finding.code not in everywhere:
                report(Notice(finding.code, finding.message, photo.name))


def _summary(photoset: PhotoSet, seconds: float) -> dict[str, JsonValue]:
    used = photoset.used
    left_out: list[JsonValue] = [
        {"name": item.name, "code": item.reason.code, "message": item.reason.message}
        for item in photoset.left_out
    ]
    left_out.extend(
        {"name": photo.name, "code": why.code, "message": why.message}
        for photo in photoset.photos
        if not photo.used and (why := _why_unused(photo))
    )
    by_camera = Counter(photo.camera for photo in used)
    findings = Counter(finding.code for photo in photoset.photos for finding in photo.findings)
    counted: dict[str, JsonValue] = {code: count for code, count in sorted(findings.items())}
    photo_cameras: list[JsonValue] = [
        {"name": name, "photos": count} for name, count in sorted(by_camera.items())
    ]
    origin = photoset.origin
    return {
        "photos": len(photoset.photos) + len(photoset.left_out),
        "used": len(used),
        "left_out": left_out,
        "findings": counted,
        "cameras": photo_cameras,
        "megapixels": round(sum(p.width * p.height for p in used) / 1e6, 3),
        "bytes": sum(photo.size_bytes for photo in used),
        "gps_photos": sum(photo.position is not None for photo in used),
        "origin": [origin.latitude, origin.longitude, origin.height] if origin else None,
        "median_sharpness": float(np.median([photo.sharpness for photo in used])),
        "median_brightness": float(np.median([photo.brightness for photo in used])),
        **places.extent(used, origin),
        "seconds": round(seconds, 3),
    }
