"""``/jobs/{id}/parts``: addresses for the parts of the files, and what of them has arrived."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import presigning, uploads
from spaceport_app.cloud.backend.api.errors import invalid
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import MOST_PARTS_A_REQUEST

_MOST_FILES_A_PAGE = 500
_MOST_PARTS_A_PAGE = 1_000
_TOKEN = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})")

Wanted = tuple[int, int, str]
"""Number of the file, number of the part, SHA-256 in base64."""


def sign(services: Services, record: Record, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an address for every part that is asked for.

    Raises
    ------
    ApiError
        400 for a part that the job doesn't have, or bytes that are not those of the job.
    """
    wanted = _wanted(record, raw)
    several = {file for file, _, _ in wanted if record.job.files[file].parts() > 1}
    open_uploads = uploads.open_for(services, record, several)
    expires = presigning.expires(services)
    answers = []
    for file, part, digest in wanted:
        key = layout.upload(record.id, file)
        size = uploads.part_size(record.job.files[file], part)
        if file in open_uploads:
            url = presigning.put_part(services, key, open_uploads[file], part, size, digest)
        else:
            url = presigning.put(services, key, size, digest)
        answers.append(
            {
                "file": file,
                "part": part,
                "url": url,
                "headers": presigning.headers(size, digest),
                "expires": expires,
            }
        )
    return {"parts": answers}


def arrived(services: Services, record: Record, after: str) -> dict[str, Any]:
    """Return a page of the parts that lie in S3, whoever has said what of them.

    Raises
    ------
    ApiError
        400 for a token that we have not given.
    """
    first, behind = _position(after)
    present = uploads.look(services, record)
    touched = sorted(n for n in present.objects.keys() | present.uploads.keys() if n >= first)
    page, rest = touched[:_MOST_FILES_A_PAGE], touched[_MOST_FILES_A_PAGE:]
    whole = set(_whole(services, record, (n for n in page if n in present.objects)))
    found: list[dict[str, Any]] = []
    for number in page:
        for entry in _of_file(services, record, number, number in whole, present):
            if number == first and entry["part"] <= behind:
                continue
            if len(found) == _MOST_PARTS_A_PAGE:
                last = found[-1]
                return {"parts": found, "next": f"{last['file']}.{last['part']}"}
            found.append(entry)
    return {"parts": found, "next": f"{rest[0]}.0" if rest else None}


def _whole(services: Services, record: Record, numbers: Any) -> list[int]:
    checked = uploads.side_by_side(lambda n: (n, uploads.is_whole(services, record, n)), numbers)
    return [number for number, right in checked if right]


def _of_file(
    services: Services, record: Record, number: int, whole: bool, present: uploads.Present
) -> list[dict[str, Any]]:
    file = record.job.files[number]
    if whole:
        # S3 forgets the digests of the parts when it has made one object of them.
        digest = uploads.in_base64(file.sha256) if file.parts() == 1 else None
        return [
            {"file": number, "part": p, "bytes": uploads.part_size(file, p), "sha256": digest}
            for p in range(1, file.parts() + 1)
        ]
    if number not in present.uploads:
        return []
    return [
        {"file": number, "part": p.number, "bytes": p.size, "sha256": p.sha256 or None}
        for p in uploads.parts(services, record, number, present.uploads[number])
        if p.number <= file.parts() and p.size == uploads.part_size(file, p.number)
    ]


def _position(token: str) -> tuple[int, int]:
    if not token:
        return 0, 0
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise invalid("The token in after is none that was given.")
    return int(match[1]), int(match[2])


def _wanted(record: Record, raw: Mapping[str, Any]) -> list[Wanted]:
    entries = raw.get("parts")
    if not isinstance(entries, list) or not entries:
        raise invalid("The request names no parts.")
    if len(entries) > MOST_PARTS_A_REQUEST:
        raise invalid(f"A request names at most {MOST_PARTS_A_REQUEST} parts.")
    wanted = [_one(record, entry) for entry in entries]
    if len({(file, part) for file, part, _ in wanted}) < len(wanted):
        raise invalid("The request names a part twice.")
    return wanted


def _one(record: Record, entry: object) -> Wanted:
    if not isinstance(entry, Mapping) or entry.keys() != {"file", "part", "sha256"}:
        raise invalid("A part must have file, part and sha256, no more.")
    number, part, digest = entry["file"], entry["part"], entry["sha256"]
    if type(number) is not int or number not in range(len(record.job.files)):
        raise invalid("The job has no file of that number.", "unknown_part")
    file = record.job.files[number]
    if type(part) is not int or part not in range(1, file.parts() + 1):
        raise invalid(f"File {number} has {file.parts()} parts, from 1 on.", "unknown_part")
    if not isinstance(digest, str) or not _is_digest(digest):
        raise invalid(f"The sha256 of part {part} of file {number} is no digest in base64.")
    if file.parts() == 1 and digest != uploads.in_base64(file.sha256):
        raise invalid(f"The bytes of file {number} are not those of the job.", "wrong_checksum")
    return number, part, digest


def _is_digest(text: str) -> bool:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    # A text that is not the very one that S3 writes would make a signature that never holds.
    return len(raw) == 32 and base64.b64encode(raw).decode() == text
